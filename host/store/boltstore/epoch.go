package boltstore

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/penstock-run/penstock/host"
)

// An epoch takes events until it has so many bytes, or is so old. Then the next one begins, so that what retention leaves
// of the old one can be moved and its file be removed: a file never shrinks.
const (
	maxEpochBytes = 5 << 30
	maxEpochAge   = 7 * 24 * time.Hour
)

// epoch is a file of events. Only the current one gets events; all others only lose them.
type epoch struct {
	*writer

	name epochName
	// first and last are runs between which all are that have events in it, when it is not the current one. None is when
	// first is larger.
	first, last uint64
	// roomy tells that more of it is mapped than it has.
	roomy bool
	// bytes is how large it was when it was written last.
	bytes atomic.Int64
	// moving tells that its events are being copied to the current one. It changes under Store.purging.
	moving bool
}

// mayHave says whether the epoch may have events of one of the runs from first to last.
func (e *epoch) mayHave(first, last uint64) bool { return e.first <= last && first <= e.last }

// epochs are the files of events.
type epochs struct {
	dir   string
	store string
	open  openFile
	// unsynced is that of Options.
	unsynced bool

	halt  *halt
	space *diskSpace
	log   *slog.Logger

	maxBytes int64
	maxAge   time.Duration
	step     func(name string)

	// list is in order; the current one is the last. It is replaced, never changed.
	list atomic.Pointer[[]*epoch]
	// appending is held for reading while events are added to the current epoch, so that it changes between two batches of
	// a run and not during one.
	appending sync.RWMutex
	// mapping is held while an epoch is closed and opened again.
	mapping sync.RWMutex
	// changing is held by who begins or removes an epoch.
	changing sync.Mutex
	// tidying is held by who moves the events of one.
	tidying sync.Mutex
}

func newEpochs(dir, store string, o *Options, h *halt, space *diskSpace) *epochs {
	es := &epochs{
		dir: dir, store: store, open: o.open, unsynced: o.unsynced, halt: h, space: space, log: o.Logger,
		maxBytes: o.epochBytes, maxAge: o.epochAge, step: o.step,
	}
	if es.maxBytes == 0 {
		es.maxBytes = maxEpochBytes
	}
	if es.maxAge == 0 {
		es.maxAge = maxEpochAge
	}
	if es.step == nil {
		es.step = func(string) {}
	}
	return es
}

func (es *epochs) all() []*epoch { return *es.list.Load() }

func (es *epochs) current() *epoch {
	all := es.all()
	return all[len(all)-1]
}

// append adds events to the current epoch.
func (es *epochs) append(op *write) error {
	es.appending.RLock()
	defer es.appending.RUnlock()
	e := es.current()
	apply := op.apply
	op.apply = func(x *txn) error {
		defer func() { e.bytes.Store(x.Size()) }()
		return apply(x)
	}
	return e.do(op)
}

// view reads each epoch that may have events of a run, in order. read must not keep what an earlier call of view gave it,
// when begin, which is called first, is called again: an epoch whose events were moved meanwhile makes view begin anew.
func (es *epochs) view(run uint64, begin func(), read func(*bbolt.Tx) error) error {
	for {
		list := es.list.Load()
		begin()
		err := viewEach(*list, run, read)
		if !errors.Is(err, errClosed) {
			return err
		}
		es.mapping.RLock() // whoever has just closed it is done then
		same := es.list.Load() == list
		es.mapping.RUnlock()
		if same {
			return err
		}
	}
}

func viewEach(list []*epoch, run uint64, read func(*bbolt.Tx) error) error {
	for _, e := range list {
		if !e.mayHave(run, run) {
			continue
		}
		if err := e.view(read); err != nil {
			return err
		}
	}
	return nil
}

// close closes all files. Who would begin or remove an epoch knows before that the store is closed.
func (es *epochs) close() (err error) {
	es.changing.Lock()
	defer es.changing.Unlock()
	es.mapping.Lock()
	defer es.mapping.Unlock()
	for _, e := range es.all() {
		err = errors.Join(err, e.close())
	}
	return err
}

// namesOf are epochs as meta.db has them.
func namesOf(list []*epoch) (names []epochName) {
	for _, e := range list {
		names = append(names, e.name)
	}
	return names
}

// openEpochs opens the epochs that meta.db names, and finishes what a crash left.
func openEpochs(meta *database, known facts, es *epochs, clock host.Clock) (err error) {
	var names []epochName
	for _, n := range known.epochs {
		if n.going {
			if err := os.Remove(filepath.Join(es.dir, eventsName(n.number))); err != nil && !os.IsNotExist(err) {
				return fmt.Errorf("remove an epoch whose events were moved: %w", err)
			}
			continue
		}
		names = append(names, n)
	}
	if last := &names[len(names)-1]; last.created.IsZero() && clock != nil {
		last.created = clock.Now()
	}
	if err := es.removeStray(known); err != nil {
		return err
	}
	var list []*epoch
	for i, n := range names {
		e, err := es.openOne(n, i == len(names)-1)
		if err != nil {
			for _, e := range list {
				err = errors.Join(err, e.close())
			}
			return err
		}
		list = append(list, e)
	}
	es.list.Store(&list)
	if slices.Equal(names, known.epochs) {
		return nil
	}
	if err := meta.db.Update(func(tx *bbolt.Tx) error {
		x := &txn{Tx: tx}
		x.putEpochs(names)
		return x.err
	}); err != nil {
		return errors.Join(err, es.close())
	}
	return nil
}

// removeStray removes files that a crash left before they were named. Of older ones, which nobody knows how they came
// there, it only tells.
func (es *epochs) removeStray(known facts) error {
	unnamed, err := unnamedEpochs(es.dir, known.epochs)
	if err != nil {
		return err
	}
	for _, number := range unnamed {
		path := filepath.Join(es.dir, eventsName(number))
		if number < known.currentEpoch() {
			es.log.Warn("a file is none of the store's and is not used", slog.String("file", path))
			continue
		}
		if err := strayEpoch(path, number, known); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove an epoch that was not begun: %w", err)
		}
		es.log.Info("an epoch of events that was not begun is removed", slog.String("file", path))
	}
	return syncDir(es.dir)
}

// openOne opens an epoch.
func (es *epochs) openOne(n epochName, current bool) (*epoch, error) {
	path := filepath.Join(es.dir, eventsName(n.number))
	if current {
		d, err := openFileOf(path, facts{epoch: n.number, store: es.store}, es.open, es.unsynced, bucketEvents)
		if err != nil {
			return nil, err
		}
		return es.epochOf(d, n, true)
	}
	d, err := openSnug(path, es.open)
	if err != nil {
		return nil, err
	}
	d.db.NoSync = es.unsynced
	return es.epochOf(d, n, false)
}

// epochOf takes over an open file.
func (es *epochs) epochOf(d *database, n epochName, current bool) (e *epoch, err error) {
	e = &epoch{name: n, first: 0, last: ^uint64(0), roomy: current}
	err = d.view(func(tx *bbolt.Tx) error {
		e.bytes.Store(tx.Size())
		if !current {
			e.first, e.last = runsIn(tx)
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, d.db.Close())
	}
	e.writer = newWriter(d, es.halt, es.space, nil)
	return e, nil
}

// runsIn returns the runs between which all are that have events in a file; first is larger when there are none.
func runsIn(tx *bbolt.Tx) (first, last uint64) {
	c := tx.Bucket(bucketEvents).Cursor()
	k, _ := c.First()
	if len(k) < seqLen {
		return 1, 0
	}
	first, _ = seqOf(k[:seqLen])
	k, _ = c.Last()
	last, _ = seqOf(k[:seqLen])
	return first, last
}

// tornEpoch is how large a file is at most that was not made completely: a database begins with four pages, which are on
// disk before it grows.
const tornEpoch = 4 * eventsPageSize

// holdsEvents says whether a file, which nobody has open, has events. One that was not made completely has none. The error
// is that of a larger one that cannot be read.
func holdsEvents(path string) (has bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	db, err := guardedOpen(path, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if errors.Is(err, berrors.ErrTimeout) || err != nil && info.Size() > tornEpoch {
		return false, err
	}
	if err != nil {
		return false, nil //nolint:nilerr // see above
	}
	d := &database{db: db, path: path}
	err = d.view(func(tx *bbolt.Tx) error {
		if tx.Bucket(bucketEvents) != nil {
			first, last := runsIn(tx)
			has = first <= last
		}
		return nil
	})
	return has, errors.Join(err, db.Close())
}
