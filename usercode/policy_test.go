package usercode_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

func TestPolicyProblems(t *testing.T) {
	for name, c := range map[string]struct {
		option usercode.OpOption
		want   []string // each a part of a message; none is sound
	}{
		"Sound":        {usercode.Retry{Max: 1000, Delay: time.Second, Backoff: 100, MaxDelay: 24 * time.Hour, Jitter: 1}, nil},
		"Least":        {usercode.Retry{Max: 1}, nil},
		"NoMax":        {usercode.Retry{Delay: time.Second}, []string{"Max is 0; it is a number of further attempts from 1 to 1000"}},
		"TooMany":      {usercode.Retry{Max: 1001}, []string{"Max is 1001"}},
		"Negative":     {usercode.Retry{Max: 1, Delay: -1}, []string{"Delay is -1ns"}},
		"TooLong":      {usercode.Retry{Max: 1, Delay: 25 * time.Hour}, []string{"Delay is 25h0m0s; it is a time from 0 to 24h0m0s"}},
		"Shrinks":      {usercode.Retry{Max: 1, Delay: time.Second, Backoff: 0.5}, []string{"Backoff is 0.5; it is a factor from 1 to 100"}},
		"NaN":          {usercode.Retry{Max: 1, Delay: time.Second, Backoff: math.NaN(), Jitter: math.NaN()}, []string{"Backoff is NaN", "Jitter is NaN"}},
		"Explodes":     {usercode.Retry{Max: 1, Delay: time.Second, Backoff: math.Inf(1)}, []string{"Backoff is +Inf"}},
		"Jitter":       {usercode.Retry{Max: 1, Delay: time.Second, Jitter: 20}, []string{"Jitter is 20; it is a part of the wait, from 0 to 1"}},
		"BelowDelay":   {usercode.Retry{Max: 1, Delay: time.Minute, MaxDelay: time.Second}, []string{"MaxDelay is 1s; it is a time from Delay, which is 1m0s"}},
		"NoDelay":      {usercode.Retry{Max: 1, Backoff: 2}, []string{"mean nothing without a Delay"}},
		"All":          {usercode.Retry{Max: -1, Delay: -1, Jitter: -1}, []string{"Max is -1", "Delay is -1ns", "Jitter is -1"}},
		"NoTimeout":    {usercode.Timeout(0), []string{"Timeout is 0s; it has to be more than 0"}},
		"LessTimeout":  {usercode.Timeout(-time.Second), []string{"Timeout is -1s"}},
		"Priority":     {usercode.Priority(math.MinInt32), nil},
		"HighPriority": {usercode.Priority(math.MaxInt32 + 1), []string{"it has to fit 32 bits"}},
	} {
		t.Run(name, func(t *testing.T) {
			job := usercode.NewJob("job", func(g *usercode.Graph) {
				usercode.NewTask("load", nothing, c.option)(g)
				usercode.NewCommand("command", []string{"true"}, c.option.(usercode.CommandOption))(g)
			})
			if len(c.want) == 0 {
				if err := usercode.Validate(usercode.NewRepository("repo", job)); err != nil {
					t.Error(err)
				}
				return
			}
			problems := problemsOf(t, job)
			if len(problems) != 2*len(c.want) {
				t.Fatalf("got %v", problems)
			}
			for i, want := range c.want {
				if !strings.Contains(problems[i].Message, `op "load": `) || !strings.Contains(problems[i].Message, want) {
					t.Errorf("got %q, want %q", problems[i].Message, want)
				}
			}
		})
	}
	for _, n := range []usercode.MaxConcurrent{-1, 0, 10_001} {
		problems := problemsOf(t, usercode.NewJob("job", func(g *usercode.Graph) { taskOp(g) }, n))
		if len(problems) != 1 || !strings.Contains(problems[0].Message, "it is a number of ops from 1 to 10000") {
			t.Errorf("MaxConcurrent(%d): got %v", n, problems)
		}
	}
}

func TestPoliciesAreDescribed(t *testing.T) {
	task := usercode.NewTask("task", nothing, usercode.Timeout(90*time.Second), usercode.Priority(-2), usercode.Retry{
		Max: 5, Delay: 10 * time.Second, Backoff: 1.5, MaxDelay: time.Minute, Jitter: 0.2, When: func(error) bool { return true },
	})
	var text strings.Builder
	job := usercode.NewJob("job", func(g *usercode.Graph) { task(g) }, usercode.MaxConcurrent(3))
	if err := usercode.Describe(&text, usercode.NewRepository("repo", job)); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(text.String()), " ")
	for _, want := range []string{
		`"retry": { "max": 5, "delay": "10s", "backoff": 1.5, "max_delay": "1m0s", "jitter": 0.2, "some_errors": true }`,
		`"timeout": "1m30s", "priority": -2`, `"max_concurrent": 3`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s in it", got, want)
		}
	}
}

// TestPoliciesInVirtualTime is how an author tests a job whose ops wait for hours.
func TestPoliciesInVirtualTime(t *testing.T) {
	errGone := errors.New("gone for good")
	synctest.Test(t, func(t *testing.T) {
		flaky := usercode.NewOp("flaky", hello, usercode.Retry{Max: 3, Delay: time.Hour, Backoff: 2, Jitter: 1})
		slow := usercode.NewTask("slow", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, usercode.Timeout(time.Hour))
		gone := usercode.NewTask("gone", nothing, usercode.Retry{Max: 3, When: func(err error) bool { return !errors.Is(err, errGone) }})
		job := usercode.NewJob("job", func(g *usercode.Graph) {
			shoutOp(g, flaky(g))
			taskOp(g.After(slow(g)))
			gone(g)
		})
		began := time.Now()
		r := run(t, job, &usertest.Options{Fail: func(path string, attempt int) error {
			switch {
			case path == "flaky" && attempt <= 2:
				return errors.New("not yet")
			case path == "gone":
				return errGone
			}
			return nil
		}})
		if got := output[string](t, r, "shout"); got != "HELLO WORLD!" || time.Since(began) != 3*time.Hour {
			t.Errorf("got %q after %v", got, time.Since(began))
		}
		want := map[string]usertest.Op{
			"flaky": {Path: "flaky", Outcome: usertest.Success, Attempts: []usertest.Attempt{
				{Outcome: usertest.Failure, Reason: "error", Message: "not yet", Wait: time.Hour},
				{Outcome: usertest.Failure, Reason: "error", Message: "not yet", Wait: 2 * time.Hour},
				{Outcome: usertest.Success},
			}},
			"slow": {Path: "slow", Outcome: usertest.Failure, Reason: "timeout", Message: "not done within its time-out of 1h0m0s", Attempts: []usertest.Attempt{
				{Outcome: usertest.Failure, Reason: "timeout", Message: "not done within its time-out of 1h0m0s"},
			}},
			"task": {Path: "task", Outcome: usertest.Skipped, Reason: "upstream", Message: "Not run, because op slow failed"},
			"gone": {Path: "gone", Outcome: usertest.Failure, Reason: "error", Message: "gone for good", Attempts: []usertest.Attempt{
				{Outcome: usertest.Failure, Reason: "error", Message: "gone for good"},
			}},
		}
		for path, want := range want {
			got, _ := r.Op(path)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
		if r.Outcome != usertest.Failure {
			t.Errorf("the run: %s %s", r.Outcome, r.Message)
		}
	})
}

func TestRunIsCanceledWhileAnOpWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		op := usercode.NewTask("op", func(context.Context) error { return errors.New("no luck") }, usercode.Retry{Max: 1, Delay: time.Hour})
		r, err := usertest.Run(ctx, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := r.Op("op")
		if r.Outcome != usertest.Canceled || got.Outcome != usertest.Canceled || len(got.Attempts) != 1 || got.Attempts[0].Wait != time.Hour {
			t.Errorf("got %s and %+v", r.Outcome, got)
		}
	})
}
