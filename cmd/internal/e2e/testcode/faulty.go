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
	Items   int               `json:"items" jsonschema:"Items that are weighed, 26 at most"`
	Value   int               `json:"value" jsonschema:"What the outputs are computed from"`
	Size    int               `json:"size" jsonschema:"Bytes of padding in the output of each item"`
	Fail    string            `json:"fail" jsonschema:"Op that fails: flaky, beside, last or weigh[b]"`
}

var faulty = usercode.NewConfig("faulty", faultyConfig{Lines: 20, Pause: usercode.Duration(5 * time.Millisecond), Items: 2})

// testify appends the line "run attempt op op_attempt pid" in one write, before user code does anything else.
func testify(ctx context.Context, op string, opAttempt int) error {
	r := usercode.RunFrom(ctx)
	f, err := os.OpenFile(faulty.From(ctx).Witness, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s %d %s %d %d\n", r.ID, r.Attempt, op, opAttempt, os.Getpid())
	return errors.Join(err, f.Close())
}

// chatter writes numbered lines, each with what makes it as long as asked, and fails if the op is to.
func chatter(ctx context.Context, op string) error {
	if err := testify(ctx, op, usercode.RunFrom(ctx).OpAttempt); err != nil {
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
	if c.Fail == op {
		return fmt.Errorf("%s was to fail", op)
	}
	return nil
}

// faultyItem is what instances are made of.
type faultyItem struct {
	Name  string `json:"name"`
	Value int    `json:"value"`
}

// Key is the name.
func (i faultyItem) Key() string { return i.Name }

// faultyWeight is an output that is worth being stored.
type faultyWeight struct {
	Value   int    `json:"value"`
	Padding string `json:"padding"`
}

// meter tells when it is opened and closed.
type meter struct{ ctx context.Context } //nolint:containedctx // the one of the resource, which lives as long

// Close is called at the end of the run.
func (m meter) Close() error { return testify(m.ctx, "meter.close", 0) }

var meterResource = usercode.NewResource("meter", func(ctx context.Context) (meter, error) {
	return meter{ctx}, testify(ctx, "meter.open", 0)
}, faulty)

func sumOf(items []faultyItem) (sum int) {
	for _, i := range items {
		sum += i.Value
	}
	return sum
}

// faultyJob has an op that fails once, one beside it, a map with an instance that fails once, and an op that needs all of
// them and knows what they have to yield, wherever that comes from.
func faultyJob() *usercode.Job {
	first := usercode.NewOp("first", func(ctx context.Context) ([]faultyItem, error) {
		c := faulty.From(ctx)
		items := make([]faultyItem, c.Items)
		for i := range items {
			items[i] = faultyItem{string(rune('a' + i)), c.Value + i}
		}
		return items, chatter(ctx, "first")
	}, faulty)
	flaky := usercode.NewOp1("flaky", func(ctx context.Context, items []faultyItem) (int, error) {
		if err := chatter(ctx, "flaky"); err != nil {
			return 0, err
		}
		if usercode.RunFrom(ctx).OpAttempt == 1 {
			return 0, errors.New("the first attempt fails")
		}
		return sumOf(items) + 1, nil
	}, faulty, usercode.Retry{Max: 1})
	beside := usercode.NewOp1("beside", func(ctx context.Context, items []faultyItem) (int, error) {
		return sumOf(items), chatter(ctx, "beside")
	}, faulty)
	weigh := usercode.NewOp1("weigh", func(ctx context.Context, item faultyItem) (faultyWeight, error) {
		if err := chatter(ctx, "weigh["+item.Name+"]"); err != nil {
			return faultyWeight{}, err
		}
		if _, err := meterResource.From(ctx); err != nil {
			return faultyWeight{}, err
		}
		if item.Name == "b" && usercode.RunFrom(ctx).OpAttempt == 1 {
			return faultyWeight{}, errors.New("the first attempt of b fails")
		}
		return faultyWeight{2 * item.Value, strings.Repeat("y", faulty.From(ctx).Size)}, nil
	}, faulty, meterResource, usercode.Retry{Max: 1})
	last := usercode.NewTask3("last", func(ctx context.Context, flaky, beside int, weights []faultyWeight) error {
		if err := chatter(ctx, "last"); err != nil {
			return err
		}
		if _, err := meterResource.From(ctx); err != nil {
			return err
		}
		c := faulty.From(ctx)
		sum := 0
		for i, w := range weights {
			sum += c.Value + i
			if w.Value != 2*(c.Value+i) || w.Padding != strings.Repeat("y", c.Size) {
				return fmt.Errorf("weight %d is %d with %d bytes, want %d with %d", i, w.Value, len(w.Padding), 2*(c.Value+i), c.Size)
			}
		}
		if len(weights) != c.Items || flaky != sum+1 || beside != sum {
			return fmt.Errorf("got %d, %d and %d weights; want %d, %d and %d", flaky, beside, len(weights), sum+1, sum, c.Items)
		}
		return nil
	}, faulty, meterResource)
	return usercode.NewJob("faulty", func(g *usercode.Graph) {
		items := first(g)
		weights := usercode.Map(g, items, func(g *usercode.Graph, item usercode.Value[faultyItem]) usercode.Value[faultyWeight] {
			return weigh(g, item)
		})
		last(g, flaky(g, items), beside(g, items), weights)
	}, usercode.MaxConcurrent(3))
}
