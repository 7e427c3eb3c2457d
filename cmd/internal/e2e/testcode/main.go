// Command testcode is a user-code server whose ops do what a test needs: wait,
// write much, fail, ignore a cancel.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/penstock-run/penstock/usercode"
)

// gateConfig says what the op of gated waits for, and how much it writes.
type gateConfig struct {
	Started string `json:"started" jsonschema:"File to make when user code starts"`
	Open    string `json:"open" jsonschema:"File to wait for"`
	Lines   int    `json:"lines" jsonschema:"Log lines to write before and after the wait"`
	Deaf    bool   `json:"deaf" jsonschema:"Go on waiting when canceled"`
}

var gate = usercode.NewConfig("gate", gateConfig{Lines: 10})

// waitForFile polls, as it is the world outside of the process that it waits for.
func waitForFile(ctx context.Context, path string, deaf bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		<-tick.C
		if ctx.Err() != nil && !deaf {
			return ctx.Err()
		}
	}
}

var waitOp = usercode.NewOp("wait", func(ctx context.Context) (int, error) {
	c := gate.From(ctx)
	// Appending tells how often user code was started for the run.
	f, err := os.OpenFile(c.Started, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintln(f, usercode.RunFrom(ctx).ID); err != nil {
		return 0, errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	for i := range c.Lines {
		usercode.Log(ctx).Info("before", "line", i)
	}
	if err := waitForFile(ctx, c.Open, c.Deaf); err != nil {
		return 0, err
	}
	for i := range c.Lines {
		usercode.Log(ctx).Info("after", "line", i)
	}
	return 2 * c.Lines, nil
}, gate)

var countOp = usercode.NewTask1("count", func(ctx context.Context, lines int) error {
	usercode.Log(ctx).Info("counted", "lines", lines)
	return nil
})

var failOp = usercode.NewTask("fail", func(context.Context) error { return errors.New("no luck \x1b[31mtoday\x1b[0m") })

var dieOp = usercode.NewTask("die", func(context.Context) error {
	fmt.Fprintln(os.Stderr, "last words")
	os.Exit(3)
	return nil
})

func main() {
	usercode.Main(usercode.NewRepository("tests",
		usercode.NewJob("gated", func(g *usercode.Graph) { countOp(g, waitOp(g)) }),
		usercode.NewJob("failing", func(g *usercode.Graph) { failOp(g) }),
		usercode.NewJob("dying", func(g *usercode.Graph) { dieOp(g) }),
		retrying(), patient(), reporting(), faultyJob(), leaking(), hostileJob, evolving(), pieces(),
		filing, arrivals, newYear,
	))
}
