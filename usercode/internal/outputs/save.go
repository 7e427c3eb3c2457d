package outputs

import (
	"context"
	"strings"
	"unicode/utf8"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/usercode/output"
)

// upload is the one time that an address is stored, however many ops return the same.
type upload struct {
	done chan struct{}
	err  error
}

// Save stores what Encode has made, behind the op's back.
func (k *Keeper) Save(made engine.Made, report func(*workerv1.Output)) {
	event := &workerv1.Output{Name: spec.ResultPort, Metadata: wire.Entries(made.Execution.TakeOutputMetadata())}
	e, _ := made.Encoded.(*encoded)
	if e == nil && len(event.GetMetadata()) == 0 {
		return // it has no output, or one that is never stored, and there is nothing else to say
	}
	made.Output, made.Encoded = nil, nil // the value may be let go of before its bytes are
	k.later(func() {
		switch {
		case e != nil:
			k.keep(made, e, event)
		case len(made.Op.Outputs) == 0:
			event.NotStored = "The op has no output"
		case made.Op.Transient:
			event.NotStored = "The output is transient, so it is never stored"
		default:
			event.NotStored = "It is not stored: " + errOff.Error()
		}
		report(event)
		if e != nil && event.GetNotStored() == "" {
			k.memorize(made.OpPath, event)
		}
	})
}

// keep stores an output and fills in its event.
func (k *Keeper) keep(made engine.Made, e *encoded, event *workerv1.Output) {
	if e.notStored != "" {
		event.NotStored = e.notStored
		return
	}
	defer func() {
		e.data = nil
		k.room.give(e.size)
	}()
	name := address(k.opts.RunID, e.digest)
	if err := k.storeOnce(name, e); err != nil {
		k.opts.Logger.Warn("an output is not stored", "op", made.OpPath, "error", err)
		event.NotStored = said("It could not be stored: " + err.Error())
		return
	}
	event.Address, event.Size, event.Digest, event.Codec = name, uint64(e.size), e.digest[:], e.codec
}

// storeOnce stores data under its name unless this keeper has, or is just doing it.
func (k *Keeper) storeOnce(name string, e *encoded) error {
	k.mu.Lock()
	u, again := k.addresses[name]
	if !again {
		u = &upload{done: make(chan struct{})}
		k.addresses[name] = u
	}
	k.mu.Unlock()
	if again {
		<-u.done // by one that is working the queue off, too
		return u.err
	}
	data := e.data // a call that is left behind may still read it
	u.err = k.call(k.ctx, e.size, func(ctx context.Context, s output.Store) error { return s.Put(ctx, name, data) })
	if u.err != nil {
		k.mu.Lock()
		delete(k.addresses, name) // the next one with the same output may be luckier
		k.mu.Unlock()
	}
	close(u.done)
	return u.err
}

// later does something behind the ops' back, a few of them at a time.
func (k *Keeper) later(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.queue = append(k.queue, f)
	if k.working < maxParallel {
		k.working++
		k.group.Go(k.work)
	}
}

func (k *Keeper) work() {
	for {
		k.mu.Lock()
		if len(k.queue) == 0 {
			k.working--
			k.mu.Unlock()
			return
		}
		f := k.queue[0]
		k.queue[0] = nil
		k.queue = k.queue[1:]
		k.mu.Unlock()
		f()
	}
}

// Flush waits until everything is stored and reported, or known not to be. When ctx ends, what is not stored by then
// is not stored at all.
func (k *Keeper) Flush(ctx context.Context) {
	stop := context.AfterFunc(ctx, k.cancel)
	defer stop()
	k.group.Wait()
}

const maxSaidBytes = 4 << 10

// said is a text of the author's, of a driver or of the system, fit for an event.
func said(text string) string {
	if len(text) > maxSaidBytes {
		text = text[:maxSaidBytes] + "…"
	}
	return strings.ToValidUTF8(text, string(utf8.RuneError))
}
