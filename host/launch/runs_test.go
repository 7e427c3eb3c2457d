package launch

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/store/boltstore"
)

// noRuns is a planner's view of a host that never ran anything.
type noRuns struct{}

func (noRuns) Run(context.Context, host.RunID) (host.Run, error) {
	return host.Run{}, &host.Error{Code: host.NotFound, Reason: "RUN_NOT_FOUND"}
}

func (noRuns) Events(context.Context, host.RunID, host.Cursor, int) ([]host.StoredEvent, error) {
	return nil, &host.Error{Code: host.NotFound, Reason: "RUN_NOT_FOUND"}
}

func (noRuns) Body(context.Context, host.Digest) ([]byte, error) {
	return nil, &host.Error{Code: host.NotFound, Reason: "BODY_NOT_FOUND"}
}

// openStore is a real store for the length of the test.
func openStore(t testing.TB) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), &boltstore.Options{
		Clock: systemClock{}, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// noPartitions is a planner's view of a host that keeps no keys of dynamic partitions.
var noPartitions = partition.NewSource(noKeys{}, systemClock{}, nil)

type noKeys struct{}

func (noKeys) PartitionKeys(context.Context, host.DynamicName, string, uint64, int) (host.PartitionKeyPage, error) {
	return host.PartitionKeyPage{}, nil
}

func (noKeys) HasPartitionKeys(context.Context, host.DynamicName, []string) (map[string]bool, error) {
	return nil, nil
}
