package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Values of the tags, so that a third, a twentieth or a hundred runs of a million have one.
const (
	regions   = 3
	teams     = 20
	customers = 10_000
)

// perDay is how many runs are created a day.
const perDay = 50_000

var firstDay = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// The configuration of a run, as people write it and as it is passed on.
const (
	configYAML = "config:\n  read:\n    path: /data/in/%s\n    columns: [id, customer, total]\n    batch_size: 5000\n" +
		"  write:\n    table: reports.daily\n    path: /data/out/%s\n    partitions: 16\n"
	configJSON = `{"config":{"read":{"path":"/data/in/%s","columns":["id","customer","total"],"batch_size":5000},` +
		`"write":{"table":"reports.daily","path":"/data/out/%s","partitions":16}}}`
)

// runOf is the i-th run: about 1 KB with six tags of users and those of the system. The same i makes the same run, but for
// the id.
func runOf(i int) host.NewRun {
	r := mix(uint64(i))
	created := firstDay.Add(time.Duration(i) * (24 * time.Hour / perDay))
	id := runID(created, i)
	job := host.JobName{Location: "etl", Repository: "reports", Job: fmt.Sprintf("report_%02d", r%50)}
	tags := tag.Merge(
		tag.List{
			{Key: "batch", Value: created.Format(time.DateOnly)},
			{Key: "cost_center", Value: costCenter(r)},
			{Key: "customer", Value: customer(r)},
			{Key: "env", Value: env(r)},
			{Key: "region", Value: region(r)},
			{Key: "team", Value: team(r)},
		}.WithOrigin(tag.OriginLaunch),
		tag.List{
			tag.System(tag.KeyLocation, job.Location), tag.System(tag.KeyRepository, job.Repository),
			tag.System(tag.KeyJob, job.Job), tag.System(tag.KeyCodeVersion, fmt.Sprintf("v%d", i/100_000)),
		},
	)
	return host.NewRun{
		RequestID: "bench-" + id,
		Run: host.Run{
			ID: host.RunID(id), Job: job, Status: host.Queued, CreatedAt: created, Tags: tags,
			ConfigYAML: fmt.Sprintf(configYAML, id, id), ConfigJSON: fmt.Appendf(nil, configJSON, id, id),
			OpPaths:  []string{"join", "parse", "read", "write"},
			Launched: host.Snapshot{ServerInfo: []byte(strings.Repeat(id, 2)), CodeVersion: fmt.Sprintf("v%d", i/100_000)},
		},
		Events: [][]byte{[]byte("queued by the benchmark, at the place where a launch says who asked for it")},
	}
}

// runsFrom are so many runs from the i-th on.
func runsFrom(i, count int) []host.NewRun {
	runs := make([]host.NewRun, count)
	for n := range runs {
		runs[n] = runOf(i + n)
	}
	return runs
}

// runID is a UUIDv7 of a time.
func runID(t time.Time, i int) string {
	id := uuid.New()
	ms := uint64(t.UnixMilli())
	for b := range 6 {
		id[b] = byte(ms >> (40 - 8*b))
	}
	id[6] = 0x70 | byte(i>>8)&0x0f
	return id.String()
}

func region(r uint64) string   { return []string{"eu", "us", "ap"}[r>>8%regions] }
func team(r uint64) string     { return fmt.Sprintf("team_%02d", r>>16%teams) }
func customer(r uint64) string { return fmt.Sprintf("c%05d", r>>24%customers) }

// env is prod for six of ten, stage for three, dev for one.
func env(r uint64) string {
	return []string{"prod", "prod", "prod", "prod", "prod", "prod", "stage", "stage", "stage", "dev"}[r>>40%10]
}

// costCenter goes with the team but for one of 250: two common tags of which few runs have both.
func costCenter(r uint64) string {
	n := r >> 16 % teams
	if r>>44%250 == 0 {
		n = r >> 52 % teams
	}
	return fmt.Sprintf("cc_%02d", n)
}

// ending is how the i-th run ends.
func ending(i int) host.RunStatus {
	switch r := mix(uint64(i)+1<<40) % 50; {
	case r == 0:
		return host.Canceled
	case r < 5:
		return host.Failure
	default:
		return host.Success
	}
}

// mix spreads numbers over 64 bits (splitmix64's finaliser).
func mix(n uint64) uint64 {
	n = (n + 1) * 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
