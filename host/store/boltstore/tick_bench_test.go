package boltstore

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

// BenchmarkCreateTick makes a tick with one run, alone and for 200 schedules that are due at once, and one with 1,000 runs
// and run keys.
func BenchmarkCreateTick(b *testing.B) {
	for name, c := range map[string]struct{ schedules, runs int }{
		"One": {1, 1}, "200Schedules": {200, 1}, "1000Runs": {1, host.MaxTickRuns},
	} {
		b.Run(name, func(b *testing.B) {
			s, _ := openNew(b, nil)
			all := make([]host.Automation, c.schedules)
			for i := range all {
				all[i] = host.Automation{
					Name:      host.AutomationName{Kind: host.ScheduleKind, Location: "here", Repository: "tutorial", Name: fmt.Sprintf("schedule_%03d", i)},
					FirstSeen: automatedAt, Definition: make([]byte, 500),
				}
			}
			if err := s.PutAutomations(b.Context(), all); err != nil {
				b.Fatal(err)
			}
			disk, took, version := newProbe(b), []time.Duration(nil), uint64(0)
			for b.Loop() {
				disk.once(b)
				version++
				at := automatedAt.Add(time.Duration(version) * time.Minute)
				ticks := make([]host.NewTick, c.schedules)
				for i := range ticks {
					ticks[i] = host.NewTick{Tick: host.Tick{Name: all[i].Name, At: at, Status: host.TickSuccess}, Version: version, Next: host.Automation{From: at}}
					for k := range c.runs {
						run := host.NewTickRun{NewRun: typicalRun()}
						if c.runs > 1 {
							run.RunKey = fmt.Sprintf("s3://bucket/%s/part-%05d.parquet", at.Format(time.RFC3339), k)
						}
						ticks[i].Runs = append(ticks[i].Runs, run)
					}
				}
				began := time.Now()
				var wg sync.WaitGroup
				for i := range ticks {
					wg.Go(func() {
						if _, created, err := s.CreateTick(b.Context(), ticks[i]); err != nil || !created {
							b.Errorf("CreateTick: created %t, %v", created, err)
						}
					})
				}
				wg.Wait()
				took = append(took, time.Since(began))
			}
			b.ReportMetric(p50(took)/p50(disk.took), "×fdatasync")
			b.ReportMetric(p50(took)/1e6, "ms/p50")
		})
	}
}
