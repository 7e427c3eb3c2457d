package boltstore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

// knownOfSize makes a location with n jobs and their bodies, of about 2 KB for each job. generation changes all of them.
func knownOfSize(n, generation int) (l host.KnownLocation, bodies map[host.Digest][]byte) {
	at := time.Unix(1_770_000_000, 0).UTC().Add(time.Duration(generation) * time.Minute)
	l = host.KnownLocation{
		Name: "large", ServerInfo: fmt.Append(nil, "report ", generation), CodeVersion: fmt.Sprint(generation), Root: host.Digest{1},
		Repositories: []host.KnownRepository{{Name: "all", Digest: host.Digest{2}}}, LoadedAt: at, AnsweredAt: at,
	}
	bodies = map[host.Digest][]byte{}
	for i := range n {
		definition, metadata := benchBody("definition", i, generation), benchBody("metadata", i, generation)
		bodies[digestOf(definition)], bodies[digestOf(metadata)] = definition, metadata
		l.Repositories[0].Jobs = append(l.Repositories[0].Jobs, host.KnownJob{
			Name: fmt.Sprintf("job_%05d", i), Definition: digestOf(definition), Metadata: digestOf(metadata),
			MetadataEntries: 5, MetadataHeld: true,
		})
	}
	return l, bodies
}

func benchBody(what string, job, generation int) (body []byte) {
	for op := range 10 {
		d := digestOf(fmt.Append(nil, what, job, generation, op))
		body = fmt.Appendf(body, "%s of job %d, generation %d, op %d with its description: %x\n", what, job, generation, op, d[:16])
	}
	return body
}

// BenchmarkPutKnownLocation measures how long a location of 5,000 jobs takes to be stored, and how long somebody else who
// writes has to wait meanwhile: at first, when all of it changed, and when one job did.
func BenchmarkPutKnownLocation(b *testing.B) {
	const jobs = 5000
	for name, next := range map[string]func(i int) (host.KnownLocation, map[host.Digest][]byte){
		"First": func(i int) (host.KnownLocation, map[host.Digest][]byte) {
			l, bodies := knownOfSize(jobs, i)
			l.Name = fmt.Sprint("large ", i)
			return l, bodies
		},
		"AllChanged": func(i int) (host.KnownLocation, map[host.Digest][]byte) { return knownOfSize(jobs, i) },
		"OneChanged": func(i int) (host.KnownLocation, map[host.Digest][]byte) {
			l, bodies := knownOfSize(jobs, 0)
			if i > 0 {
				changed := fmt.Append(nil, "definition ", i)
				l.Repositories[0].Jobs[7].Definition = digestOf(changed)
				bodies = map[host.Digest][]byte{digestOf(changed): changed}
			}
			return l, bodies
		},
	} {
		b.Run(name, func(b *testing.B) {
			s, _ := openNew(b, nil)
			run := create(b, s)
			var waits []time.Duration
			put := func(i int) {
				l, bodies := next(i)
				stop, stopped := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(stopped)
					for {
						select {
						case <-stop:
							return
						default:
						}
						began := time.Now()
						updated(b, s, run.ID, func(r *host.Run) { r.StartTimeouts++ })
						waits = append(waits, time.Since(began))
					}
				}()
				b.StartTimer()
				err := s.PutKnownLocation(b.Context(), l, bodies)
				b.StopTimer()
				close(stop)
				<-stopped
				if err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			put(0) // makes room in the file
			waits = nil
			b.ResetTimer()
			for i := range b.N {
				put(i + 1)
			}
			slices.Sort(waits)
			b.ReportMetric(float64(waits[len(waits)-1])/1e6, "ms-longest-wait")
			b.ReportMetric(float64(waits[len(waits)*99/100])/1e6, "ms-p99-wait")
		})
	}
}
