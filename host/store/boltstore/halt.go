package boltstore

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// halt ends all writing of a store after a transaction whose outcome is unknown.
type halt struct {
	log     *slog.Logger
	onFatal func(error)

	once sync.Once
	// reached is closed when writing has ended.
	reached chan struct{}
}

func newHalt(log *slog.Logger, onFatal func(error)) *halt {
	return &halt{log: log, onFatal: onFatal, reached: make(chan struct{})}
}

// because ends all writing and returns what the operations of the failed transaction answer.
func (h *halt) because(path string, cause error) error {
	unknown := &host.Error{
		Code: host.Unavailable, Reason: reasonUnknown,
		Message: fmt.Sprintf("writing %s failed, and whether the change was stored is unknown", path),
		Remedy:  "start the host again and look; repeat the call with the same request id",
		Err:     fmt.Errorf("write %s: %w", path, cause),
	}
	if errors.Is(cause, syscall.ENOSPC) || errors.Is(cause, syscall.EDQUOT) {
		unknown.Message = fmt.Sprintf("the disk is full: writing %s failed, and whether the change was stored is unknown", path)
		unknown.Remedy = "make room on that disk and start the host again; repeat the call with the same request id"
	}
	var answer error = unknown
	if d, ok := errors.AsType[*tagindex.DamageError](cause); ok {
		answer = damagedIndex(d) // it was found before the commit, and the transaction was undone
	}
	h.once.Do(func() {
		attrs := []any{slog.String("file", path), slog.Any("error", cause)}
		if p, ok := errors.AsType[*panicError](cause); ok {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
		h.log.Error("the store takes no more writes: a transaction failed and its outcome is unknown", attrs...)
		close(h.reached)
		if h.onFatal != nil {
			h.onFatal(answer)
		}
	})
	return answer
}

// err is what a write answers now: nil while the store works.
func (h *halt) err() error {
	select {
	case <-h.reached:
		return &host.Error{
			Code: host.Unavailable, Reason: reasonStopped,
			Message: "the store takes no more writes, because one failed",
			Remedy:  "see the host's log, then start the host again",
		}
	default:
		return nil
	}
}
