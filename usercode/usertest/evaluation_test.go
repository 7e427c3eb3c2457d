package usertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

type fileConfig struct {
	Name  string          `json:"name" config:"required"`
	Token usercode.Secret `json:"token"`
}

var (
	fileOf  = usercode.NewConfig("file", fileConfig{})
	fileJob = usercode.NewJob("file", func(g *usercode.Graph) {
		usercode.NewTask("read", func(context.Context) error { return nil }, fileOf)(g)
	})
	regions   = usercode.NewStaticPartitions("regions", []string{"eu", "us"})
	hours     = usercode.NewHourlyPartitions("hours", "2026-01-01", usercode.Zone("Europe/Berlin"))
	customers = usercode.NewDynamicPartitions("customers")
	partOp    = usercode.NewOp("part", func(ctx context.Context) (usercode.Partition, error) {
		p, ok := usercode.PartitionFrom(ctx)
		if !ok {
			return p, errors.New("there is no partition")
		}
		return p, nil
	})
	pairJob = usercode.NewJob("pair", func(g *usercode.Graph) { partOp(g) }, usercode.NewPartitionPairs("pairs", hours, regions),
		usercode.PartitionTags(func(p usercode.Partition) (usercode.Tags, error) {
			return usercode.Tags{"region": p.Keys["regions"]}, nil
		}))
)

// tokenOf has a secret in its defaults.
var tokenOf = usercode.NewConfig("api", struct {
	Token usercode.Secret `json:"token"`
}{usercode.SecretEnv("USERTEST_API_TOKEN")})

func TestSensor(t *testing.T) {
	t.Setenv("USERTEST_API_TOKEN", "hunter2-hunter2")
	long := make([]usercode.RunRequest, 1001)
	other := usercode.NewJob("other", func(g *usercode.Graph) { partOp(g) })
	named := usercode.RunConfig{"file": map[string]any{"name": "a.csv"}}
	type result = usercode.SensorResult
	type request = usercode.RunRequest
	ask := func(requests ...request) func(context.Context) (result, error) {
		return func(context.Context) (result, error) { return result{Requests: requests, Cursor: "c"}, nil }
	}
	tests := map[string]struct {
		f    func(ctx context.Context) (result, error)
		want usertest.Evaluation
		err  string // that the Error begins with, instead
	}{
		"OK": {
			ask(request{RunKey: "a", Config: named, Tags: usercode.Tags{"n": 1}}, request{Job: pairJob, Partition: "2026-11-01T13:00|eu", Ops: "part"}),
			usertest.Evaluation{Cursor: "c", Requests: []usertest.RunRequest{
				{RunKey: "a", Job: "file", Config: map[string]map[string]any{"file": {"name": "a.csv"}}, Tags: map[string]string{"n": "1"}},
				{Job: "pair", Config: map[string]map[string]any{}, Tags: map[string]string{}, Partition: "2026-11-01T13:00|eu", Ops: "part"},
			}}, "",
		},
		"OKNothing": {func(context.Context) (result, error) { return result{}, nil }, usertest.Evaluation{}, ""},
		"OKSkipKeepsCursorAndKeys": {
			func(context.Context) (result, error) {
				return result{Cursor: "c", PartitionKeys: []usercode.PartitionKeysChange{customers.Add("a", "b"), customers.Remove("c")}}, fmt.Errorf("because: %w", usercode.Skip("no %d", 1))
			},
			usertest.Evaluation{Cursor: "c", SkipReason: "because: no 1", PartitionKeys: []usertest.PartitionKeysChange{
				{Name: "customers", Add: []string{"a", "b"}}, {Name: "customers", Remove: []string{"c"}},
			}}, "",
		},
		"OKLogs": {
			func(ctx context.Context) (result, error) {
				log := usercode.Log(ctx).With("k", "v w").WithGroup("g")
				log.Debug("two\nlines", "level", 1)
				log.Warn("x")
				return result{}, nil
			},
			usertest.Evaluation{Logs: []string{`DEBUG two lines k="v w" g.level=1`, `WARN x k="v w"`}}, "",
		},
		"OKSecretIsMasked": {
			func(ctx context.Context) (result, error) {
				token := tokenOf.From(ctx).Token.Reveal()
				usercode.Log(ctx).Info("asking with " + token)
				return result{}, usercode.Skip("%s is refused", token)
			},
			usertest.Evaluation{SkipReason: "*** is refused", Logs: []string{"INFO asking with ***"}}, "",
		},
		"OKSecretInTag": {
			func(ctx context.Context) (result, error) {
				return result{Requests: []request{{Config: named, Tags: usercode.Tags{"t": tokenOf.From(ctx).Token.Reveal()}}}}, nil
			},
			usertest.Evaluation{Requests: []usertest.RunRequest{{Job: "file", Config: map[string]map[string]any{"file": {"name": "a.csv"}}, Tags: map[string]string{"t": "***"}}}}, "",
		},
		"ErrSecretInCursor": {
			func(ctx context.Context) (result, error) {
				return result{Cursor: tokenOf.From(ctx).Token.Reveal()}, nil
			}, usertest.Evaluation{}, "the cursor has the value of a secret in it",
		},
		"ErrSecretInConfig": {
			func(ctx context.Context) (result, error) {
				return result{Requests: []request{{Config: usercode.RunConfig{"file": map[string]any{"name": tokenOf.From(ctx).Token.Reveal()}}}}}, nil
			}, usertest.Evaluation{}, "run request 1: its run config has the value of a secret in it",
		},
		"ErrUserCode": {func(context.Context) (result, error) { return result{Cursor: "c"}, errors.New("no such folder") }, usertest.Evaluation{}, "no such folder"},
		"ErrPanic":    {func(context.Context) (result, error) { panic("boom") }, usertest.Evaluation{}, "it panicked: boom"},
		"ErrSkipAndRuns": {
			func(context.Context) (result, error) {
				return result{Requests: []request{{Config: named}}}, usercode.Skip("no")
			}, usertest.Evaluation{}, `it asked for 1 run, and to be skipped: "no"`,
		},
		"ErrConfig":        {ask(request{Config: usercode.RunConfig{"file": map[string]any{"nam": 1}}}), usertest.Evaluation{}, `run request 1: job "file": run config: config.file`},
		"ErrConfigNoJSON":  {ask(request{Config: usercode.RunConfig{"file": make(chan int)}}), usertest.Evaluation{}, `run request 1: job "file": run config: json: unsupported type`},
		"ErrTags":          {ask(request{Tags: usercode.Tags{"penstock/job": "x"}}), usertest.Evaluation{}, `run request 1: tag "penstock/job"`},
		"ErrJob":           {ask(request{Job: other}), usertest.Evaluation{}, `run request 1: job "other" is not one that the sensor may run (file, pair)`},
		"ErrNoPartitions":  {ask(request{Partition: "eu"}), usertest.Evaluation{}, `run request 1: job "file" has no partitions, and partition "eu" is asked for`},
		"ErrPartition":     {ask(request{Job: pairJob, Partition: "2026-11-01T13:00|mars"}), usertest.Evaluation{}, `run request 1: job "pair": regions: partition "mars": there is no such key`},
		"ErrHalfPair":      {ask(request{Job: pairJob, Partition: "eu"}), usertest.Evaluation{}, `run request 1: job "pair": pairs: partition "eu": it is a pair`},
		"ErrTooMany":       {ask(long...), usertest.Evaluation{}, "it asked for 1001 runs; the limit is 1000"},
		"ErrRunKey":        {ask(request{RunKey: strings.Repeat("x", 1025)}), usertest.Evaluation{}, "run request 1: its run key has 1025 bytes; the limit is 1024"},
		"ErrRunKeyControl": {ask(request{RunKey: "a\nb"}), usertest.Evaluation{}, "run request 1: its run key has control characters"},
		"ErrCursor": {func(context.Context) (result, error) { return result{Cursor: strings.Repeat("x", 64<<10+1)}, nil },
			usertest.Evaluation{}, "the cursor has 65537 bytes; the limit is 65536"},
		"ErrCursorUTF8": {func(context.Context) (result, error) { return result{Cursor: "\xff"}, nil }, usertest.Evaluation{}, "the cursor is not valid UTF-8"},
		"ErrPartitionKey": {func(context.Context) (result, error) {
			return result{PartitionKeys: []usercode.PartitionKeysChange{customers.Add("a|b")}}, nil
		}, usertest.Evaluation{}, `partitions "customers": key "a|b": the key has "|"`},
		"ErrPartitionKeys": {func(context.Context) (result, error) {
			return result{PartitionKeys: []usercode.PartitionKeysChange{customers.Remove(strings.Split(strings.Repeat("a,", 1000)+"a", ",")...)}}, nil
		}, usertest.Evaluation{}, "it changes 1001 keys of partitions; the limit is 1000"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sensor := usercode.NewSensor("sensor", func(ctx context.Context, last usercode.SensorState) (result, error) {
				if last.Cursor != "before" {
					t.Errorf("the cursor is %q", last.Cursor)
				}
				return test.f(ctx)
			}, fileJob, pairJob)
			got, err := usertest.Sensor(t.Context(), sensor, usercode.SensorState{Cursor: "before"})
			if err != nil {
				t.Fatal(err)
			}
			if test.err != "" {
				if !strings.HasPrefix(got.Error, test.err) || len(got.Requests) > 0 || got.Cursor != "" || strings.Contains(got.Error, "hunter2") {
					t.Errorf("got %+v, want the error %q", got, test.err)
				}
				return
			}
			if d := cmp.Diff(&test.want, got); d != "" {
				t.Errorf("want -, got +:\n%s", d)
			}
		})
	}
	t.Run("PanicSaysWhere", func(t *testing.T) {
		sensor := usercode.NewSensor("sensor", func(context.Context, usercode.SensorState) (result, error) { panic("boom") })
		got, err := usertest.Sensor(t.Context(), sensor, usercode.SensorState{})
		if err != nil || len(got.Logs) == 0 || !strings.Contains(got.Logs[0]+got.Logs[1], "evaluation_test.go") {
			t.Errorf("the first lines of the stack do not lead to the panic: %q, %v", got.Logs, err)
		}
	})
}

func TestEvaluationsOfWrongDefinitions(t *testing.T) {
	ctx := t.Context()
	bad := usercode.NewJob("bad", nil)
	look := func(context.Context, usercode.SensorState) (usercode.SensorResult, error) {
		return usercode.SensorResult{}, nil
	}
	for name, f := range map[string]func() error{
		"Cron": func() error {
			_, err := usertest.Schedule(ctx, usercode.NewSchedule("s", fileJob, usercode.Cron("x")), time.Now())
			return err
		},
		"Ticks": func() error { _, err := usertest.Ticks(usercode.NewSchedule("s", fileJob), time.Now(), 1); return err },
		"Job": func() error {
			_, err := usertest.Sensor(ctx, usercode.NewSensor("s", look, bad), usercode.SensorState{})
			return err
		},
		"JobOfTick": func() error {
			_, err := usertest.Schedule(ctx, usercode.NewSchedule("s", bad, usercode.Cron("@daily")), time.Now())
			return err
		},
		"Nil": func() error { _, err := usertest.Sensor(ctx, nil, usercode.SensorState{}); return err },
		"OtherKind": func() error {
			_, err := usertest.RunStatusSensor(ctx, usercode.NewSensor("s", look), usercode.EndedRun{})
			return err
		},
		"Parts":     func() error { _, err := usertest.Partition(ctx, fileJob, "a"); return err },
		"NoSuchKey": func() error { _, err := usertest.Partition(ctx, pairJob, "a|b"); return err },
		"RunOfKey":  func() error { _, err := usertest.Run(ctx, pairJob, &usertest.Options{Partition: "a|b"}); return err },
		"Dynamic": func() error {
			job := usercode.NewJob("job", func(g *usercode.Graph) { partOp(g) }, usercode.NewPartitionPairs("p", hours, customers))
			_, err := usertest.Schedule(ctx, usercode.NewPartitionSchedule("s", job), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
			return err
		},
	} {
		t.Run("Err"+name, func(t *testing.T) {
			if err := f(); err == nil {
				t.Error("no error")
			} else {
				t.Log(err)
			}
		})
	}
}

func TestPartitionSchedule(t *testing.T) {
	schedule := usercode.NewPartitionSchedule("s", pairJob, usercode.Cron("0 0,13 * * *"))
	ticks, err := usertest.Ticks(schedule, time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), 1)
	if err != nil || len(ticks) != 1 || ticks[0].Format(time.RFC3339) != "2026-10-25T13:00:00+01:00" {
		t.Fatalf("got %v, %v", ticks, err)
	}
	e, err := usertest.Schedule(t.Context(), schedule, ticks[0])
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range e.Requests {
		keys = append(keys, r.Partition)
		if _, region, _ := strings.Cut(r.Partition, "|"); r.Tags["region"] != region {
			t.Errorf("%s has the tags %v", r.Partition, r.Tags)
		}
	}
	if len(keys) != 2*14 { // of the 14 hours before, in which the clock is put back
		t.Errorf("got %d runs: %q", len(keys), keys)
	}
	for i, want := range map[int]string{0: "2026-10-25T00:00|eu", 1: "2026-10-25T00:00|us", 4: "2026-10-25T02:00+02:00|eu", 6: "2026-10-25T02:00+01:00|eu", 27: "2026-10-25T12:00|us"} {
		if keys[i] != want {
			t.Errorf("run %d is of %s, want %s", i, keys[i], want)
		}
	}
}

func TestPartitionOfARun(t *testing.T) {
	result, err := usertest.Run(t.Context(), pairJob, &usertest.Options{Partition: "2026-10-25T02:00+01:00|eu", Tags: usercode.Tags{"region": "mine"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := usertest.Output[usercode.Partition](result, "part")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)
	if got.Key != "2026-10-25T02:00+01:00|eu" || got.Keys["regions"] != "eu" || got.Keys["hours"] != "2026-10-25T02:00+01:00" ||
		!got.Start.Equal(start) || !got.End.Equal(start.Add(time.Hour)) || got.Start.Location().String() != "Europe/Berlin" {
		t.Errorf("got %+v", got)
	}
	result, err = usertest.Run(t.Context(), pairJob, nil)
	if err != nil || result.Outcome != usertest.Failure {
		t.Errorf("a run without a partition: got %+v, %v", result, err)
	}
}

func TestPartitionConfigOfARun(t *testing.T) {
	seen := usercode.NewOp("seen", func(ctx context.Context) (string, error) {
		return fileOf.From(ctx).Name + " " + usercode.RunFrom(ctx).Tags["kind"] + " " + usercode.RunFrom(ctx).Tags["penstock/partition_set"], nil
	}, fileOf)
	job := usercode.NewJob("job", func(g *usercode.Graph) { seen(g) }, regions, usercode.Tags{"kind": "job"},
		usercode.PartitionConfig(func(_ context.Context, p usercode.Partition) (usercode.RunConfig, error) {
			if p.Key == "us" {
				return nil, errors.New("there is none of us")
			}
			return usercode.RunConfig{"file": map[string]any{"name": p.Key + ".csv"}}, nil
		}),
		usercode.PartitionTags(func(p usercode.Partition) (usercode.Tags, error) { return usercode.Tags{"kind": "of " + p.Key}, nil }))
	for want, opts := range map[string]*usertest.Options{
		"eu.csv of eu regions":    {Partition: "eu"},
		"mine.csv launch regions": {Partition: "eu", Config: map[string]any{"file": map[string]any{"name": "mine.csv"}}, Tags: usercode.Tags{"kind": "launch"}},
	} {
		result, err := usertest.Run(t.Context(), job, opts)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := usertest.Output[string](result, "seen"); got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if _, err := usertest.Partition(t.Context(), job, "us"); err == nil || !strings.Contains(err.Error(), `job "job": partition "us": there is none of us`) {
		t.Errorf("got %v", err)
	}
}
