package boltstore

import (
	"errors"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// TestManyChangesShareATransaction has a call for many runs be one commit, of which all hear.
func TestManyChangesShareATransaction(t *testing.T) {
	var r recorder
	s, _ := openNew(t, &Options{OnChange: r.record})
	var ids []host.RunID
	for range 50 {
		ids = append(ids, create(t, s).ID)
	}
	updated(t, s, ids[7], func(r *host.Run) { r.Status = host.Success })
	r.changes = nil
	commits := func() (id int) {
		if err := s.meta.view(func(tx *bbolt.Tx) error {
			id = tx.ID()
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	before := commits()
	if _, err := s.UpdateRuns(t.Context(), host.Request{ID: "request of many runs", What: "note"}, ids, func(r *host.Run) ([][]byte, error) {
		if r.Status.Final() {
			return nil, errors.New("it is final")
		}
		r.StatusReason = "changed"
		return [][]byte{[]byte("note")}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if n := commits() - before; n != 1 {
		t.Errorf("%d transactions were committed, want 1", n)
	}
	if len(r.changes) != len(ids)-1 {
		t.Errorf("%d changes were told, want %d", len(r.changes), len(ids)-1)
	}
	for _, c := range r.changes {
		if c.Run.StatusReason != "changed" || !c.Events || c.LastEvent.Note == 0 || c.Run.ID == ids[7] {
			t.Errorf("told %+v", c)
		}
	}
}
