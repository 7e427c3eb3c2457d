package boltstore

import (
	"fmt"
	"log/slog"
	"sync"

	"github.com/penstock-run/penstock/host"
)

// minFree is how many bytes of the disk a store leaves free: below it, it takes no writes. It is several times what the
// transactions that are under way at one moment can add, so that none of them finds the disk full midway.
const minFree = 256 << 20

// diskSpace watches how much room is left on the disk of a store. All methods may be called concurrently.
//
// It measures when somebody writes or asks, and not in between: that costs a microsecond, and is never out of date.
type diskSpace struct {
	dir string
	// free measures; nil when nobody watches.
	free func(dir string) (uint64, error)
	log  *slog.Logger

	mu sync.Mutex
	// full tells that writes are refused, blind that the last measurement failed.
	full, blind bool
}

// measure returns how much is free, 0 when that is not known, and why nothing can be written now, nil when something can.
func (d *diskSpace) measure() (free uint64, full *host.Error) {
	if d.free == nil {
		return 0, nil
	}
	free, err := d.free(d.dir)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		// Better a write that may fail, which is safe, than none because of a measurement.
		if !d.blind {
			d.log.Warn("how much room the disk of the store has cannot be found out; it is not watched", slog.Any("error", err))
		}
		d.full, d.blind = false, true
		return 0, nil
	}
	d.blind = false
	needed := uint64(minFree)
	if d.full {
		needed += minFree / 4 // so that it does not change its mind with every file that comes and goes
	}
	now := free < needed
	if now != d.full {
		d.full = now
		attrs := []any{slog.String("dir", d.dir), slog.Uint64("free", free), slog.Uint64("needed", needed)}
		if now {
			d.log.Error("the store takes no writes: its disk is nearly full", attrs...)
		} else {
			d.log.Warn("the store takes writes again: its disk has room", attrs...)
		}
	}
	if !now {
		return free, nil
	}
	return free, &host.Error{
		Code: host.Unavailable, Reason: host.ReasonFull,
		Message: fmt.Sprintf("nothing can be stored now, because the disk is nearly full: %d MiB are free in %s, and %d MiB are needed there",
			free>>20, d.dir, needed>>20),
		Remedy: "make room on that disk; the host goes on by itself then",
	}
}

// freeToFree is how many bytes have to be free for writes that give room back.
const freeToFree = 64 << 20

// room says which writes there is room for at a moment.
type room struct {
	// full is why most writes are refused; nil when none is.
	full error
	// freeing tells that those which give room back are not.
	freeing bool
}

// room measures.
func (d *diskSpace) room() room {
	free, full := d.measure()
	if full == nil {
		return room{}
	}
	return room{full: full, freeing: free >= freeToFree}
}

// err is what a write answers: nil when there is room for it.
func (r room) err(op *write) error {
	if op.frees && r.freeing {
		return nil
	}
	return r.full
}
