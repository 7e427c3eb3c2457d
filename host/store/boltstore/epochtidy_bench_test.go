package boltstore

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

// realClock is for benchmarks: what is throttled by it takes its time.
type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// BenchmarkTidyEpochs moves what is left of an epoch, a fifth of 80 MB, and says what a command takes meanwhile.
func BenchmarkTidyEpochs(b *testing.B) {
	var idle, busy []time.Duration
	var moved, freed uint64
	var took time.Duration
	for b.Loop() {
		s := open(b, filepath.Join(b.TempDir(), "store"), &Options{Clock: realClock{}})
		command := start(b, s).ID
		measure := func() time.Duration {
			began := time.Now()
			updated(b, s, command, func(r *host.Run) { r.StartTimeouts++ }, "note")
			return time.Since(began)
		}
		var gone []host.RunID
		for i := range 400 {
			if run := bulky(b, s); i%5 > 0 {
				gone = append(gone, run.ID)
			}
		}
		begin(b, s)
		if _, err := s.DeleteRuns(b.Context(), host.Request{}, gone); err != nil {
			b.Fatal(err)
		}
		for range 200 {
			idle = append(idle, measure())
		}
		done := make(chan error, 1)
		began := time.Now()
		go func() {
			tidied, err := s.TidyEpochs(b.Context())
			took += time.Since(began)
			moved, freed = moved+tidied.Moved, freed+tidied.Freed
			done <- err
		}()
		for running := true; running; {
			select {
			case err := <-done:
				if running = false; err != nil {
					b.Fatal(err)
				}
			default:
				busy = append(busy, measure())
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(moved)/1e6/took.Seconds(), "MB-moved/s")
	b.ReportMetric(float64(freed)/float64(moved), "×moved-freed")
	b.ReportMetric(p50(busy)/p50(idle), "×idle-command")
}
