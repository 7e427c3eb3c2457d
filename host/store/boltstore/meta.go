package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/penstock-run/penstock/host"
)

// Versions of the layout. A store says which one it has and which one a reader must know at least: an addition that
// older hosts may ignore raises only the first.
//
// 2 added what is known of locations and the history of jobs, 3 retries that are due and outputs of deleted runs, 4 the
// index of runs, which a host that does not know it would leave behind, 5 schedules, sensors, backfills and alerts. See the
// package comment.
const (
	formatVersion = 5
	readerVersion = 4
	// indexFormat is the first with an index.
	indexFormat = 4
)

// Keys of bucket meta.
var (
	metaFormat = []byte("format")         // BE64, the version that wrote last
	metaReader = []byte("minimum reader") // BE64
	metaStore  = []byte("store")          // the store's id, text
	metaNext   = []byte("next")           // record: BE64 next seq, BE64 nanoseconds of the last CreatedAt
	metaEpoch  = []byte("epoch")          // BE64, the epoch of events; in meta.db the current one
	metaEpochs = []byte("epochs")         // record: the epochs of events that there are, see epochName
	metaAgain  = []byte("generation")     // BE64, how often the store was restored from a backup
)

const nextLen = 8 + 8

// facts are what bucket meta of a file says.
type facts struct {
	format, reader, epoch uint64
	store                 string
	// generation is how often the store was restored from a backup.
	generation uint64
	next       next
	// epochs are those that meta.db names, in order; of other files, and before there were several, the one of epoch.
	epochs []epochName
}

// currentEpoch is the number of the epoch that takes events.
func (f facts) currentEpoch() uint64 { return f.epochs[len(f.epochs)-1].number }

// next is what CreateRun goes on from.
type next struct {
	// seq is that of the next run.
	seq uint64
	// created is when the run before was, whether it is still there or not.
	created time.Time
}

// inspect reads the facts of a file without writing to it, so that a newer store stays as it is. A file that is not
// there or empty is fs.ErrNotExist; bucket meta may be missing when its creation was interrupted: then facts are zero.
func inspect(path string) (f facts, err error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() == 0 {
		err = &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return facts{}, err
	}
	db, err := guardedOpen(path, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if errors.Is(err, berrors.ErrTimeout) {
		return facts{}, err
	}
	if refused, ok := errors.AsType[*fs.PathError](err); ok && refused.Op == "open" {
		return facts{}, err // nothing was seen of what is in it
	}
	if err != nil {
		return facts{}, damagedFile(path, err)
	}
	d := &database{db: db, path: path}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkMetaPages(path); err != nil {
		return facts{}, err
	}
	err = d.view(func(tx *bbolt.Tx) error {
		f, err = readFacts(tx)
		return err
	})
	return f, err
}

// facts reads what bucket meta of an open file says.
func (d *database) facts() (f facts, err error) {
	err = d.view(func(tx *bbolt.Tx) (err error) {
		f, err = readFacts(tx)
		return err
	})
	return f, err
}

func readFacts(tx *bbolt.Tx) (f facts, err error) {
	f.epochs = []epochName{{number: 1}}
	b := tx.Bucket(bucketMeta)
	if b == nil {
		return f, nil
	}
	if f.format, err = metaNumber(b, metaFormat); err != nil {
		return facts{}, err
	}
	if f.reader, err = metaNumber(b, metaReader); err != nil {
		return facts{}, err
	}
	if f.reader > formatVersion {
		return f, nil // the rest may mean something else by then
	}
	if f.epoch, err = metaNumber(b, metaEpoch); err != nil {
		return facts{}, err
	}
	if f.generation, err = metaNumber(b, metaAgain); err != nil {
		return facts{}, err
	}
	f.epochs[0].number = max(f.epoch, 1)
	if v := b.Get(metaEpochs); v != nil {
		if f.epochs, err = epochsOf(v); err != nil {
			return facts{}, err
		}
	}
	f.store = string(b.Get(metaStore))
	if v := b.Get(metaNext); v != nil {
		payload, err := unpack(string(bucketMeta), metaNext, v)
		if err != nil {
			return facts{}, err
		}
		if len(payload) != nextLen {
			return facts{}, damaged(string(bucketMeta), metaNext, fmt.Errorf("%d bytes are not %d", len(payload), nextLen))
		}
		f.next.seq = binary.BigEndian.Uint64(payload)
		f.next.created = time.Unix(0, int64(binary.BigEndian.Uint64(payload[8:]))).UTC()
	}
	return f, nil
}

func metaNumber(b *bbolt.Bucket, key []byte) (uint64, error) {
	v := b.Get(key)
	if v == nil {
		return 0, nil
	}
	if len(v) != 8 {
		return 0, damaged(string(bucketMeta), key, fmt.Errorf("%d bytes are not a number", len(v)))
	}
	return binary.BigEndian.Uint64(v), nil
}

// writeFacts makes bucket meta of a new file.
func writeFacts(tx *bbolt.Tx, f facts) error {
	b, err := tx.CreateBucketIfNotExists(bucketMeta)
	if err != nil {
		return err
	}
	for _, kv := range []struct{ key, value []byte }{
		{metaFormat, seqKey(f.format)},
		{metaReader, seqKey(f.reader)},
		{metaStore, []byte(f.store)},
		{metaEpoch, seqKey(f.epoch)},
	} {
		if err := b.Put(kv.key, kv.value); err != nil {
			return err
		}
	}
	return nil
}

// record is n as it is stored.
func (n next) record() []byte {
	p := make([]byte, 0, nextLen)
	p = binary.BigEndian.AppendUint64(p, n.seq)
	p = binary.BigEndian.AppendUint64(p, uint64(n.created.UnixNano())) // after 1970, see CreateRun
	return pack(metaNext, p)
}

// tooNew is the error of a store whose layout this host does not know, nil when it does.
func (f facts) tooNew(path string) error {
	if f.reader <= formatVersion {
		return nil
	}
	return &host.Error{
		Code: host.Conflict, Reason: reasonTooNew,
		Message: fmt.Sprintf("%s has store format %d, which needs a host that reads format %d; this host reads up to %d",
			path, f.format, f.reader, formatVersion),
		Remedy: "run the newer host that wrote it; the data directory was left as it is",
	}
}
