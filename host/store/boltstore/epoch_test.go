package boltstore

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/storetest"
)

// smallEpochs lets an epoch be full with a few batches.
const smallEpochs = 96 << 10

// epochFiles are the names of the files with events of a store that is closed.
func epochFiles(t testing.TB, dir string) (names []string) {
	t.Helper()
	readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		for _, n := range f.epochs {
			if !n.going {
				names = append(names, eventsName(n.number))
			}
		}
		return err
	})
	return names
}

// shrink lets the files of a closed store end where their use ends, so that copies are cheap.
func shrink(t testing.TB, dir string) {
	t.Helper()
	for _, name := range append(epochFiles(t, dir), metaName) {
		path, size := filepath.Join(dir, name), int64(0)
		readOnly(t, path, func(tx *bbolt.Tx) error {
			size = tx.Size()
			return nil
		})
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
	}
}

// checkEpochs checks that the files of events are those that meta.db names, and that no event is in one of them twice.
func checkEpochs(t testing.TB, dir string) {
	t.Helper()
	names := epochFiles(t, dir)
	for _, name := range names {
		readOnly(t, filepath.Join(dir, name), func(tx *bbolt.Tx) error {
			for err := range tx.Check() {
				t.Errorf("%s: %v", name, err)
			}
			next, at := uint64(0), []byte(nil)
			return tx.Bucket(bucketEvents).ForEach(func(k, v []byte) error {
				r, err := decodeRecord(record{key: k, value: v})
				if err != nil {
					return err
				}
				attempt := k[:seqLen+4]
				if bytes.Equal(attempt, at) && r.at.Seq < next {
					t.Errorf("%s: record %x begins before the end of the one before, %d", name, k, next)
				}
				next, at = r.end()+1, bytes.Clone(attempt)
				return nil
			})
		})
	}
	found, err := filepath.Glob(filepath.Join(dir, "events-*"))
	if err != nil || len(found) != len(names) {
		t.Errorf("meta.db names %v, and there are %v, %v", names, found, err)
	}
}

// TestStoreWithSmallEpochs is the contract of events again, with files of events that come and go all the time.
func TestStoreWithSmallEpochs(t *testing.T) {
	checked := map[string]bool{}
	storetest.ExerciseEvents(t, func(t *testing.T, path string) host.Store {
		o := &Options{epochBytes: smallEpochs, MetadataTexts: storetest.MetadataTexts, unsynced: unsynced(t)}
		if !checked[path] { // once it is closed for good
			checked[path] = true
			t.Cleanup(func() { checkStore(t, path, o) })
		}
		s, err := Open(path, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
