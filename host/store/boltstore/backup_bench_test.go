package boltstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
)

// BenchmarkBackup measures what a backup onto the same disk does to one client's updates of runs: their p50 and p99 without
// one, with one at the default speed, and with one that is not held back. The store has about 500 MB.
func BenchmarkBackup(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "store")
	s := open(b, dir, clocked())
	run := updated(b, s, create(b, s).ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 })
	event := make([]byte, 250<<10)
	for seq := uint64(1); seq <= 2000; seq += 4 {
		batch := host.EventBatch{Attempt: 1, First: seq}
		for range 4 {
			if _, err := rand.Read(event); err != nil {
				b.Fatal(err)
			}
			batch.Events = append(batch.Events, slices.Clone(event))
		}
		if _, err := s.AppendEvents(b.Context(), run.ID, batch); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		speed uint64
		some  bool
	}{{"Without", 0, false}, {"Throttled", 64 << 20, true}, {"AtFullSpeed", 0, true}} {
		b.Run(c.name, func(b *testing.B) {
			ctx, stop := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			taken := 0
			go func() {
				var err error
				for ; c.some && err == nil; taken++ {
					err = backupTo(ctx, s, filepath.Join(b.TempDir(), uuid.NewString()), c.speed)
				}
				ended <- err
			}()
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				began := time.Now()
				updated(b, s, run.ID, func(r *host.Run) { r.StatusReason = fmt.Sprint(n) })
				took = append(took, time.Since(began))
			}
			stop()
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				b.Fatal(err)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(taken), "backups")
		})
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// backupTo writes a backup to a file and removes it.
func backupTo(ctx context.Context, s *Store, path string, speed uint64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(s.Backup(ctx, f, speed), f.Sync(), f.Close(), os.Remove(path))
}
