package compat

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// sums are those of all files in a folder, by name.
func sums(t *testing.T, folder string) map[string][32]byte {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][32]byte{}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name()] = sha256.Sum256(content)
	}
	return all
}

// TestStoreOfANewerHost demands that a host refuses a store that needs a newer one, says so, and leaves every byte of it.
func TestStoreOfANewerHost(t *testing.T) {
	t.Parallel() // it has a host of its own
	s, directory := healthy(t), t.TempDir()
	options := Options{Directory: directory, Clock: clock{}, Locations: []host.LocationConfig{s.Config()}}
	h := Start(t, options)
	settled(t, h, s)
	becomes(t, h, "a run", submit(t, h, s.Location+"/tutorial/"+JobEverything), host.Success)
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"meta.db", "events-000001.db"} {
		was := needReader(t, filepath.Join(directory, name), 99)
		before := sums(t, directory)
		h, err := Open(options)
		if err == nil {
			t.Errorf("a host opens a store whose %s needs a newer one", name)
			if err := h.Stop(); err != nil {
				t.Error(err)
			}
		} else if e, ok := errors.AsType[*host.Error](err); !ok || e.Reason != "STORE_TOO_NEW" || e.Remedy == "" {
			t.Errorf("%s: got %v, want the reason STORE_TOO_NEW and a remedy", name, err)
		}
		if !maps.Equal(before, sums(t, directory)) {
			t.Errorf("%s: the host wrote to a store that it refused", name)
		}
		needReader(t, filepath.Join(directory, name), was)
	}
	h = Start(t, options) // and as it was, it is opened
	settled(t, h, s)
	inspected(t, h, s)
}

// needReader sets the oldest format that a reader of a file must know, and returns what it was.
func needReader(t *testing.T, path string, format uint64) (was uint64) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		meta, key := tx.Bucket([]byte("meta")), []byte("minimum reader")
		was = binary.BigEndian.Uint64(meta.Get(key))
		return meta.Put(key, binary.BigEndian.AppendUint64(nil, format))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return was
}

// TestStoresOfEarlierHosts starts a whole host on each store that an earlier version wrote, twice: its runs are there,
// and new ones go on beside them.
func TestStoresOfEarlierHosts(t *testing.T) {
	t.Parallel() // as its subtests
	stores, err := filepath.Glob("../../store/boltstore/testdata/format*")
	if err != nil || len(stores) == 0 {
		t.Fatalf("there are no stores of earlier hosts: %v", err)
	}
	for _, store := range stores {
		t.Run(filepath.Base(store), func(t *testing.T) {
			t.Parallel() // each has a host of its own
			s, directory := healthy(t), filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(directory, os.DirFS(store)); err != nil {
				t.Fatal(err)
			}
			for earlier := range 2 {
				h := Start(t, Options{Directory: directory, Clock: clock{}, Locations: []host.LocationConfig{s.Config()}})
				settled(t, h, s)
				page, err := h.Store.Runs(t.Context(), nil, 0, 100)
				if err != nil || len(page.Runs) < 3+earlier {
					t.Fatalf("%d runs, %v; want those of the earlier host and of this one", len(page.Runs), err)
				}
				for _, r := range page.Runs {
					if _, err := h.Store.Events(t.Context(), r.ID, host.Cursor{}, 100); err != nil {
						t.Errorf("run %s: %v", r.ID, err)
					}
				}
				becomes(t, h, "a run", submit(t, h, s.Location+"/tutorial/"+JobEverything), host.Success)
				if err := h.Stop(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
