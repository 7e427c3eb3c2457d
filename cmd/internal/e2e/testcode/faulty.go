package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode"
)

// faultyConfig says how a run behaves whose processes are ended, stopped and cut off meanwhile.
type faultyConfig struct {
	Witness string            `json:"witness" jsonschema:"File that gets a line for each start of user code"`
	Lines   int               `json:"lines" jsonschema:"Log lines of each op"`
	Bytes   int               `json:"bytes" jsonschema:"Length of each line"`
	Pause   usercode.Duration `json:"pause" jsonschema:"Wait after every tenth line"`
	Fail    bool              `json:"fail" jsonschema:"Let the last op fail"`
}

var faulty = usercode.NewConfig("faulty", faultyConfig{Lines: 20, Pause: usercode.Duration(5 * time.Millisecond)})

// testify appends the line "run attempt op op_attempt pid" in one write, before the op does anything else.
func testify(ctx context.Context, op string) error {
	r := usercode.RunFrom(ctx)
	f, err := os.OpenFile(faulty.From(ctx).Witness, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s %d %s %d %d\n", r.ID, r.Attempt, op, r.OpAttempt, os.Getpid())
	return errors.Join(err, f.Close())
}

// chatter writes numbered lines, each with what makes it as long as asked.
func chatter(ctx context.Context, op string) error {
	if err := testify(ctx, op); err != nil {
		return err
	}
	c := faulty.From(ctx)
	padding := strings.Repeat("x", max(c.Bytes-20, 0))
	for i := range c.Lines {
		usercode.Log(ctx).Info(fmt.Sprintf("line %d", i), "padding", padding)
		if i%10 != 9 {
			continue
		}
		select {
		case <-time.After(time.Duration(c.Pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// faultyJob has an op that fails once, one beside it, and one that needs both.
func faultyJob() *usercode.Job {
	first := usercode.NewOp("first", func(ctx context.Context) (int, error) { return 1, chatter(ctx, "first") }, faulty)
	flaky := usercode.NewOp1("flaky", func(ctx context.Context, n int) (int, error) {
		if err := chatter(ctx, "flaky"); err != nil {
			return 0, err
		}
		if usercode.RunFrom(ctx).OpAttempt == 1 {
			return 0, errors.New("the first attempt fails")
		}
		return n + 1, nil
	}, faulty, usercode.Retry{Max: 1})
	beside := usercode.NewOp1("beside", func(ctx context.Context, n int) (int, error) { return n, chatter(ctx, "beside") }, faulty)
	last := usercode.NewTask2("last", func(ctx context.Context, a, b int) error {
		if err := chatter(ctx, "last"); err != nil {
			return err
		}
		if a != 2 || b != 1 || faulty.From(ctx).Fail {
			return fmt.Errorf("the last op got %d and %d", a, b)
		}
		return nil
	}, faulty)
	return usercode.NewJob("faulty", func(g *usercode.Graph) {
		n := first(g)
		last(g, flaky(g, n), beside(g, n))
	}, usercode.MaxConcurrent(2))
}
