package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

const metaName = "meta.db"

// Buckets; see the package comment.
var (
	bucketMeta         = []byte("meta")
	bucketRuns         = []byte("runs")
	bucketIDs          = []byte("ids")
	bucketOpen         = []byte("open")
	bucketNotes        = []byte("notes")
	bucketBodies       = []byte("bodies")
	bucketIdempotency  = []byte("idempotency")
	bucketPurge        = []byte("purge")
	bucketLocations    = []byte("locations")
	bucketAnswered     = []byte("answered")
	bucketHistory      = []byte("history")
	bucketRetries      = []byte("retries")
	bucketOutputs      = []byte("outputs")
	bucketBulks        = []byte("bulks")
	bucketBulkRequests = []byte("bulk requests")
	bucketAlerts       = []byte("alerts")
	bucketAutomations  = []byte("automations")
	bucketCursors      = []byte("cursors")
	bucketTicks        = []byte("ticks")
	bucketRunKeys      = []byte("run keys")
	bucketEnded        = []byte("ended")
	bucketPartitions   = []byte("partitions")
	bucketBackfills    = []byte("backfills")
	bucketLimitChanges = []byte("limit changes")
	// Of a backfill, and of the request that began it.
	bucketBackfillPartitions = []byte("backfill partitions")
	bucketBackfillRequests   = []byte("backfill requests")
	bucketEvents             = []byte("events")
)

// metaBuckets are those of meta.db, but bucketMeta.
func metaBuckets() [][]byte {
	return append(tagindex.Buckets(),
		bucketRuns, bucketIDs, bucketOpen, bucketNotes, bucketBodies, bucketIdempotency, bucketPurge,
		bucketLocations, bucketAnswered, bucketHistory, bucketRetries, bucketOutputs, bucketBulks, bucketBulkRequests, bucketAlerts,
		bucketAutomations, bucketCursors, bucketTicks, bucketRunKeys, bucketEnded, bucketPartitions,
		bucketBackfills, bucketBackfillPartitions, bucketBackfillRequests, bucketLimitChanges)
}

// fullPage is how full a page stays that is split where records are added at the end.
const fullPage = 0.95

// ascending are the buckets whose keys are always added at the end.
var ascending = map[string]bool{string(bucketRuns): true, string(bucketIDs): true, string(bucketIdempotency): true}

// Open opens the store in dir, and makes both when there is nothing yet. nil options are legal.
//
// Errors that people can act on are host.Errors with reason STORE_LOCKED (another process has it), STORE_TOO_NEW (a
// newer host wrote it; nothing was changed), STORE_FILE_MISSING and STORE_DAMAGED (nothing was changed or made anew).
func Open(dir string, options *Options) (*Store, error) {
	o := options.orDefaults()
	s, err := openStore(dir, o)
	if errors.Is(err, berrors.ErrTimeout) {
		err = locked(dir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if err := s.finishDeletes(); err != nil && host.ReasonOf(err) != host.ReasonFull {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), s.Close())
	}
	return s, nil
}

func openStore(dir string, o Options) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := resumeAll(dir, o.Logger); err != nil {
		return nil, err
	}
	p, err := survey(dir)
	if err != nil {
		return nil, err
	}
	if p.format > 0 && p.format < readerVersion {
		if err := migrate(dir, o); err != nil {
			return nil, err
		}
	}
	lastWrite := lastWriteOf(p.metaPath)
	meta, err := openFileOf(p.metaPath, facts{epoch: p.epoch, store: p.store}, o.open, o.unsynced, metaBuckets()...)
	if err != nil {
		return nil, err
	}
	// Only now can nobody else write, so what counts is read again.
	f, err := meta.facts()
	if err != nil {
		return nil, errors.Join(err, meta.db.Close())
	}
	texts := newMetadataTexts(&o)
	index, err := loadIndex(meta, &o, texts)
	if d, ok := errors.AsType[*tagindex.DamageError](err); ok {
		err = damagedIndex(d)
	}
	if err != nil {
		return nil, errors.Join(err, meta.db.Close())
	}
	h := newHalt(o.Logger, o.OnFatal)
	space := &diskSpace{dir: dir, free: o.Free, log: o.Logger}
	epochs := newEpochs(dir, f.store, &o, h, space)
	if err := openEpochs(meta, f, epochs, o.Clock); err != nil {
		return nil, errors.Join(err, meta.db.Close())
	}
	if !p.identified {
		if err := errors.Join(syncDir(dir), writeIdentity(dir, f.store)); err != nil {
			return nil, errors.Join(err, meta.db.Close(), epochs.close())
		}
		o.Logger.Info("a store was made", slog.String("dir", dir), slog.String("store", f.store))
	}
	if err := tidyAll(dir); err != nil {
		o.Logger.Warn("what is left of an interrupted rewrite cannot be removed", slog.Any("error", err))
	}
	s := &Store{
		log: o.Logger, clock: o.Clock, onChange: o.OnChange, next: f.next,
		halt: h, meta: newWriter(meta, h, space, index.Index), epochs: epochs, space: space,
		index: index, texts: texts, keepEnded: o.keepEnded,
	}
	s.next.seq = max(s.next.seq, 1)
	s.keeper = newKeeper(s, lastWrite)
	return s, nil
}

// lastWriteOf is about when a file was written last, zero when it is not there.
func lastWriteOf(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{} // opening it tells
	}
	return info.ModTime()
}

// plan is what survey found out.
type plan struct {
	metaPath string
	store    string
	epoch    uint64
	// format is that of meta.db, 0 when it says none.
	format uint64
	// identified tells that the identity file is there.
	identified bool
}

// survey looks at a directory without writing and says what to open. A store that cannot be opened, or of which a
// part was lost, is an error.
func survey(dir string) (plan, error) {
	p := plan{metaPath: filepath.Join(dir, metaName)}
	var err error
	if p.store, err = readIdentity(dir); err != nil {
		return plan{}, err
	}
	p.identified = p.store != ""

	meta, err := surveyFile(present(p.metaPath), &p.store, p.identified)
	if err != nil {
		return plan{}, err
	}
	p.format = meta.format
	complete := p.identified || meta.next.seq > 1
	p.epoch = max(meta.epoch, 1)
	if len(meta.epochs) == 0 { // there is no such file yet
		meta.epochs = []epochName{{number: p.epoch}}
	}
	ownStore := p.store
	if err := surveyEpochs(dir, meta, &p.store, complete); err != nil {
		return plan{}, err
	}
	if ownStore == "" && p.store != "" {
		return plan{}, missingFile(p.metaPath) // events of a store whose other files are gone
	}
	if p.store == "" {
		interrupted, err := exists(filepath.Join(dir, partialName))
		if err == nil && interrupted {
			err = halfRestored(dir)
		}
		if err != nil {
			return plan{}, err
		}
		p.store = uuid.NewString()
	}
	return p, nil
}

var errNoFormat = errors.New("it does not say which format it has")

// surveyFile inspects one file. store is the id that it must have, and is set when nothing is known of it yet.
func surveyFile(path string, store *string, mustExist bool) (facts, error) {
	f, err := inspect(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && mustExist:
		return facts{}, missingFile(path)
	case errors.Is(err, fs.ErrNotExist):
		return facts{}, nil
	case err != nil:
		return facts{}, err
	}
	if err := f.tooNew(path); err != nil {
		return facts{}, err
	}
	if mustExist && f.store == "" {
		return facts{}, damagedFile(path, errors.New("it does not say which store it belongs to"))
	}
	if mustExist && f.format == 0 {
		return facts{}, damagedFile(path, errNoFormat)
	}
	if *store == "" {
		*store = f.store
	}
	if f.store != "" && f.store != *store {
		return facts{}, damagedFile(path, fmt.Errorf("it belongs to store %.64q, not to %.64q", f.store, *store))
	}
	return f, nil
}

// openFileOf opens one of the store's files and makes its buckets when it is new.
func openFileOf(path string, f facts, open openFile, unsynced bool, buckets ...[]byte) (*database, error) {
	d, err := openDatabase(path, open)
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	d.db.NoSync = unsynced
	made := true
	err = d.view(func(tx *bbolt.Tx) error {
		for _, b := range append(buckets, bucketMeta) {
			made = made && tx.Bucket(b) != nil
		}
		return nil
	})
	if err == nil && !made {
		err = d.db.Update(func(tx *bbolt.Tx) error {
			was, err := readFacts(tx)
			if err != nil {
				return err
			}
			f.format, f.reader = max(was.format, formatVersion), max(was.reader, readerVersion)
			for _, b := range buckets {
				if _, err := tx.CreateBucketIfNotExists(b); err != nil {
					return err
				}
			}
			return writeFacts(tx, f)
		})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), d.db.Close())
	}
	return d, nil
}
