package boltstore

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// Limits of one transaction. They bound how long a command can wait behind others, and the memory of what waits.
const (
	maxGroup      = 4096
	maxGroupBytes = 4 << 20
	// maxYields is how often a group lets others run before it is closed.
	maxYields = 8
)

// writer is the one goroutine that writes a file. What waits shares a transaction; nothing lingers for company.
type writer struct {
	*database

	halt  *halt
	space *diskSpace
	// index is written with the file; nil when it has none.
	index *tagindex.Index
	queue chan *write
	ended chan struct{}
	// crowd is the size of the group before.
	crowd int

	// mu guards closed: senders hold it for reading, so that none sends on a closed queue.
	mu     sync.RWMutex
	closed bool
	// poisoned is set by a panic inside bbolt, which may have left its locks held. Read after ended.
	poisoned bool
}

// write is one operation.
type write struct {
	ctx context.Context //nolint:containedctx // it ends with the call that waits for the operation
	// size is about how many bytes it adds.
	size int
	// frees tells that it gives room back, so that it is taken while the disk is nearly full.
	frees bool
	// apply makes the changes. It returns an error only before its first one, and is then as if it had not been.
	apply func(*txn) error
	// settle is called by the writer once it is known what became of the changes, before anybody is answered; not
	// for an apply that returned an error. After a panic apply may have been left midway. It may be nil.
	settle func(committed bool)
	// begun tells that apply was called.
	begun bool
	err   error
	done  chan struct{}
}

// txn is the transaction of a group of writes.
type txn struct {
	*bbolt.Tx

	wrote bool
	// index is the file's, and batch what becomes of it, once something does.
	index *tagindex.Index
	batch *tagindex.Batch
	// next is what creations go on from, when there were any.
	next *next
	// err is the first error of a change. It fails the transaction as a whole.
	err error
	// room is what there was when it began.
	room room
}

var errUnchanged = errors.New("nothing to commit")

// newWriter starts the goroutine; x is the index that is written with the file, nil when it has none.
func newWriter(d *database, h *halt, space *diskSpace, x *tagindex.Index) *writer {
	w := &writer{database: d, halt: h, space: space, index: x, queue: make(chan *write, maxGroup), ended: make(chan struct{})}
	go w.run()
	return w
}

// do passes a write to the goroutine and waits for its answer. A ctx that ends while the write waits its turn leaves
// nothing behind; later it no longer matters, because the outcome is then a commit away.
func (w *writer) do(op *write) error {
	if err := op.ctx.Err(); err != nil {
		return err
	}
	if err := w.send(op); err != nil {
		return err
	}
	<-op.done
	return op.err
}

func (w *writer) send(op *write) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	op.done = make(chan struct{})
	select {
	case w.queue <- op:
		return nil
	case <-op.ctx.Done():
		return op.ctx.Err()
	}
}

// close answers all writes that were accepted, then closes the file.
func (w *writer) close() error {
	w.mu.Lock()
	again := w.closed
	w.closed = true
	if !again {
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.ended
	if again || w.poisoned {
		return nil
	}
	if w.halt.err() == nil { // else it is not known what is on disk
		if err := w.closeFreelist(); err != nil {
			w.halt.log.Warn("the list of free pages was not written, so the next start takes longer",
				slog.String("file", w.path), slog.Any("error", err))
		}
	}
	return w.db.Close()
}

func (w *writer) run() {
	defer close(w.ended)
	for {
		op, ok := w.wait()
		switch {
		case !ok:
			return
		case op == nil:
			w.commit(nil) // there is time to seal
		default:
			w.commit(w.gather(op))
		}
	}
}

// wait returns the next write, or none when the index can be worked at instead. ok is false at the end.
func (w *writer) wait() (op *write, ok bool) {
	if w.sealable() {
		select {
		case op, ok = <-w.queue:
			return op, ok
		default:
			return nil, true
		}
	}
	op, ok = <-w.queue
	return op, ok
}

// gather takes what waits behind first. When the group before was larger, those whom it answered are about to write again:
// they get to run before the group is closed, since what two groups cost is mostly that they are two. Nobody is waited
// for: a lone client, whose groups are of one, never yields to anybody.
func (w *writer) gather(first *write) []*write {
	group, size := []*write{first}, first.size
	for yields := 0; len(group) < maxGroup && size < maxGroupBytes; {
		select {
		case op, ok := <-w.queue:
			if !ok {
				return group
			}
			group, size = append(group, op), size+op.size
		default:
			if len(group) >= w.crowd || yields == maxYields {
				w.crowd = len(group)
				return group
			}
			yields++
			runtime.Gosched()
		}
	}
	w.crowd = len(group)
	return group
}

// commit applies a group in one transaction and answers it. Also who failed alone is answered after the commit: the
// reason may be a change of the same group.
func (w *writer) commit(group []*write) {
	err := w.halt.err()
	if err == nil {
		x := &txn{index: w.index, room: w.space.room()}
		if err = w.transact(x, group); err != nil {
			err = w.halt.because(w.path, err)
		}
		if x.batch != nil {
			x.batch.Done(err == nil)
		}
	}
	for _, op := range group {
		if op.begun && op.err == nil && op.settle != nil {
			op.settle(err == nil)
		}
		if err != nil {
			op.err = err
		}
	}
	for _, op := range group {
		close(op.done)
	}
}

// transact returns an error when it is unknown what is on disk.
func (w *writer) transact(x *txn, group []*write) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			w.poisoned = true
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	w.chooseFreelist()
	err = w.db.Update(func(tx *bbolt.Tx) error {
		x.Tx = tx
		for _, op := range group {
			if op.err = op.ctx.Err(); op.err == nil {
				op.err = x.room.err(op) // before anything is begun, so that nobody has to ask what became of it
			}
			if op.err == nil {
				op.begun = true
				op.err = op.apply(x)
			}
			if x.err != nil {
				return x.err
			}
		}
		if x.next != nil {
			x.put(bucketMeta, metaNext, x.next.record())
		}
		x.finishIndex(len(group))
		if x.err == nil && !x.wrote {
			return errUnchanged
		}
		return x.err
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// put stores a record.
func (x *txn) put(bucket, key, value []byte) {
	b := x.Bucket(bucket)
	if ascending[string(bucket)] {
		b.FillPercent = fullPage
	}
	x.changed(b.Put(key, value))
}

// add stores a record whose key comes after those that its bucket has.
func (x *txn) add(bucket, key, value []byte) {
	b := x.Bucket(bucket)
	b.FillPercent = fullPage
	x.changed(b.Put(key, value))
}

// del removes a record.
func (x *txn) del(bucket, key []byte) { x.changed(x.Bucket(bucket).Delete(key)) }

func (x *txn) changed(err error) {
	x.wrote = true
	if x.err == nil {
		x.err = err
	}
}
