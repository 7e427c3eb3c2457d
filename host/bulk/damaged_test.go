package bulk_test

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// damage makes the record of a run unreadable, as a disk may. The store is closed meanwhile.
func (f *fixture) damage(run *host.Run) {
	f.t.Helper()
	f.close()
	db, err := bbolt.Open(filepath.Join(f.path, "meta.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		f.t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		key := binary.BigEndian.AppendUint64(nil, run.Seq)
		value := append([]byte(nil), tx.Bucket([]byte("runs")).Get(key)...)
		value[len(value)-1] ^= 1
		return tx.Bucket([]byte("runs")).Put(key, value)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.open()
	f.start()
}

func TestRunsThatCannotBeReadHoldUpNoOthers(t *testing.T) {
	f := newFixture(t, 4).start()
	var runs []host.Run
	for range 9 {
		runs = append(runs, f.run(host.Queued, "env", "dev"))
	}
	for _, i := range []int{8, 7, 3} {
		f.damage(&runs[i])
	}
	for where, selected := range map[string]uint64{"env=dev": 6, "not env=prod": 6} {
		p, err := f.runner.Preview(t.Context(), f.request(where, prod))
		if err != nil || p.Selected != selected || p.PassedOver != 0 {
			t.Errorf("the preview of %s is %+v, %v; want %d runs", where, p, err, selected)
		}
	}
	wantCounts(t, f.await(f.begin(f.request("env=dev", prod)).ID), host.BulkDone, 6, 6, 0, 0)
}
