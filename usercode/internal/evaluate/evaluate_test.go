package evaluate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func evaluator() *Evaluator {
	return New(Options{LookupEnv: func(string) (string, bool) { return "", false }, Now: time.Now})
}

func schedule(name string, f func(ctx context.Context) (spec.Evaluation, error)) *spec.Schedule {
	return &spec.Schedule{Name: name, Evaluate: func(ctx context.Context, _ time.Time) (spec.Evaluation, error) { return f(ctx) }}
}

func fine(context.Context) (spec.Evaluation, error) {
	return spec.Evaluation{Requests: []spec.RunRequest{{RunKey: "a"}}}, nil
}

func TestTimeouts(t *testing.T) {
	polite := func(ctx context.Context) (spec.Evaluation, error) {
		<-ctx.Done()
		return spec.Evaluation{}, fmt.Errorf("ask the API: %w", ctx.Err())
	}
	late := func(ctx context.Context) (spec.Evaluation, error) {
		<-ctx.Done()
		return fine(ctx)
	}
	tests := map[string]struct {
		f        func(ctx context.Context) (spec.Evaluation, error)
		timeout  time.Duration // of the author
		deadline time.Duration // of the caller
		took     time.Duration
		want     string // of the error, or empty
	}{
		"Default":                {polite, 0, 0, 60 * time.Second, "it did not end within 1m0s: ask the API: context deadline exceeded"},
		"TheAuthors":             {polite, 3 * time.Second, time.Minute, 3 * time.Second, "it did not end within 3s: ask the API"},
		"TheCallersBeforeItsOwn": {polite, time.Minute, 30 * time.Second, 28 * time.Second, "it did not end within 28s: ask the API"},
		"ShortOfTheCaller":       {polite, 0, time.Second, 800 * time.Millisecond, "it did not end within 800ms"},
		"ResultThatIsJustLate":   {late, 3 * time.Second, 0, 3 * time.Second, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				if test.deadline > 0 {
					ctx, cancel = context.WithTimeout(t.Context(), test.deadline)
				}
				defer cancel()
				s := schedule("s", test.f)
				s.Timeout = test.timeout
				start := time.Now()
				a, err := evaluator().Schedule(ctx, "repo", s, start)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
				if !strings.HasPrefix(a.Error, test.want) || (a.Error == "") != (test.want == "") || (len(a.Requests) == 1) != (test.want == "") {
					t.Errorf("got %+v, want the error %q", a, test.want)
				}
			})
		})
	}
}

// TestDeafFunction leaves a function behind that ignores its context: others are evaluated, it is not called again before
// it has returned, and then it is.
func TestDeafFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := evaluator()
		wake := make(chan struct{})
		var calls atomic.Int32
		deaf := schedule("deaf", func(context.Context) (spec.Evaluation, error) {
			calls.Add(1)
			<-wake
			return spec.Evaluation{}, nil
		})
		deaf.Timeout = time.Second
		a, err := e.Schedule(t.Context(), "repo", deaf, time.Now())
		if err != nil || !strings.HasPrefix(a.Error, "it did not return within 1s and was left behind") {
			t.Errorf("got %+v, %v", a, err)
		}
		a, err = e.Schedule(t.Context(), "repo", deaf, time.Now())
		if err != nil || !strings.HasPrefix(a.Error, "the call that began at ") || calls.Load() != 1 {
			t.Errorf("again, after %d calls: got %+v, %v", calls.Load(), a, err)
		}
		if a, err := e.Schedule(t.Context(), "repo", schedule("other", fine), time.Now()); err != nil || len(a.Requests) != 1 {
			t.Errorf("another one: got %+v, %v", a, err)
		}
		if n := len(e.slots); n != 0 {
			t.Errorf("%d slots are taken", n)
		}
		close(wake)
		synctest.Wait()
		if a, err := e.Schedule(t.Context(), "repo", deaf, time.Now()); err != nil || a.Error != "" || calls.Load() != 2 {
			t.Errorf("once it has returned, after %d calls: got %+v, %v", calls.Load(), a, err)
		}
	})
}

func TestCallerGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var told error
		s := schedule("s", func(ctx context.Context) (spec.Evaluation, error) {
			cancel()
			<-ctx.Done()
			told = ctx.Err()
			return spec.Evaluation{}, told
		})
		if _, err := evaluator().Schedule(ctx, "repo", s, time.Now()); !errors.Is(err, context.Canceled) || !errors.Is(told, context.Canceled) {
			t.Errorf("got %v; the function was told %v", err, told)
		}
	})
}

// TestSlots calls more functions than may be called at a time: the others wait, and no longer than their callers.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := evaluator()
		wake := make(chan struct{})
		var running sync.WaitGroup
		for i := range maxConcurrent {
			running.Go(func() {
				a, err := e.Schedule(t.Context(), "repo", schedule(fmt.Sprint(i), func(ctx context.Context) (spec.Evaluation, error) {
					<-wake
					return fine(ctx)
				}), time.Now())
				if err != nil || len(a.Requests) != 1 {
					t.Errorf("%d: got %+v, %v", i, a, err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := e.Schedule(ctx, "repo", schedule("one_more", fine), time.Now()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one more: got %v", err)
		}
		close(wake)
		running.Wait()
		if a, err := e.Schedule(t.Context(), "repo", schedule("one_more", fine), time.Now()); err != nil || len(a.Requests) != 1 {
			t.Errorf("afterwards: got %+v, %v", a, err)
		}
	})
}

func TestGoexit(t *testing.T) {
	a, err := evaluator().Schedule(t.Context(), "repo", schedule("s", func(context.Context) (spec.Evaluation, error) {
		runtime.Goexit()
		return spec.Evaluation{}, nil
	}), time.Now())
	if err != nil || a.Error != "it ended its goroutine with runtime.Goexit" {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestTextsAreBounded(t *testing.T) {
	long := strings.Repeat("é", 200<<10)
	a, err := evaluator().Schedule(t.Context(), "repo", schedule("s", func(ctx context.Context) (spec.Evaluation, error) {
		log := spec.AskedFrom(ctx).Logger
		for range 100 {
			log.Info(long)
		}
		return spec.Evaluation{}, errors.New(long + "\xff")
	}), time.Now())
	if err != nil || len(a.Error) > maxErrorBytes || !strings.HasSuffix(a.Error, "…") {
		t.Errorf("the error has %d bytes, %v", len(a.Error), err)
	}
	size := 0
	for _, line := range a.Lines {
		size += len(line) + 1
	}
	if size > maxLogBytes || size < maxLogBytes/2 || !strings.HasSuffix(a.Lines[len(a.Lines)-1], " lines more") {
		t.Errorf("%d lines have %d bytes, the last is %.100q", len(a.Lines), size, a.Lines[len(a.Lines)-1])
	}
	a, err = evaluator().Schedule(t.Context(), "repo", schedule("s", func(context.Context) (spec.Evaluation, error) {
		return spec.Evaluation{}, fmt.Errorf("%s%w", long, spec.ErrSkip)
	}), time.Now())
	if err != nil || len(a.SkipReason) > maxSkipReasonBytes || a.Error != "" {
		t.Errorf("the reason has %d bytes, %v", len(a.SkipReason), err)
	}
}

// TestAnswerIsBounded asks for runs that are fine one by one.
func TestAnswerIsBounded(t *testing.T) {
	config := []byte(`"` + strings.Repeat("x", 1<<20-2) + `"`)
	ask := func(n int) Answer {
		t.Helper()
		a, err := evaluator().Schedule(t.Context(), "repo", schedule("s", func(context.Context) (spec.Evaluation, error) {
			var all spec.Evaluation
			for range n {
				all.Requests = append(all.Requests, spec.RunRequest{Config: config})
			}
			return all, nil
		}), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := ask(3); a.Error != "" || len(a.Requests) != 3 {
		t.Errorf("3 MiB: got %s", a.Error)
	}
	if a := ask(4); !strings.Contains(a.Error, "what it answered has 4194304 bytes; the limit is 3145728") || len(a.Requests) != 0 {
		t.Errorf("4 MiB: got %s", a.Error)
	}
}

func TestPartitionRuns(t *testing.T) {
	keys := []string{"good", "bad", "panics", "large", "unknown"}
	job := &spec.Job{
		Name:       "job",
		Partitions: &spec.Partitions{Name: "p", Dimensions: []spec.Dimension{{Name: "p", Static: keys[:4]}}},
		PartitionRun: func(ctx context.Context, p spec.Partition) (spec.PartitionRun, error) {
			spec.AskedFrom(ctx).Logger.Info("asked", "key", p.Key)
			switch p.Key {
			case "bad":
				return spec.PartitionRun{}, errors.New("no data")
			case "panics":
				panic("boom")
			case "large":
				return spec.PartitionRun{Config: make([]byte, 1<<20+1)}, nil
			}
			return spec.PartitionRun{Config: []byte("{}")}, nil
		},
	}
	runs, logged, err := evaluator().PartitionRuns(t.Context(), "repo", job, keys)
	if err != nil || len(runs) != len(keys) {
		t.Fatalf("got %+v, %v", runs, err)
	}
	for i, want := range []string{"", "no data", "it panicked: boom", "its run config has 1048577 bytes", `p: partition "unknown": there is no such key`} {
		if !strings.HasPrefix(runs[i].Error, want) || (want == "") != (runs[i].Error == "") || (string(runs[i].Config) == "{}") != (i == 0) {
			t.Errorf("%s: got %+v, want %q", keys[i], runs[i], want)
		}
	}
	if logged[0] != "INFO asked key=good" {
		t.Errorf("logged: %q", logged)
	}
	synctest.Test(t, func(t *testing.T) {
		slow := *job
		slow.PartitionRun = func(ctx context.Context, _ spec.Partition) (spec.PartitionRun, error) {
			<-ctx.Done()
			return spec.PartitionRun{}, ctx.Err()
		}
		runs, _, err := evaluator().PartitionRuns(t.Context(), "repo", &slow, keys[:3])
		if err != nil || len(runs) != 3 || !strings.Contains(runs[2].Error, "it came to 1 of 3 partitions") {
			t.Errorf("slow: got %+v, %v", runs, err)
		}
	})
}
