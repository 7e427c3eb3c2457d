// Command speedcode is a user-code server whose jobs are what the benchmarks of launching measure: ops that do nothing,
// and one that logs.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/penstock-run/penstock/usercode"
)

// chain is a job of n ops, each of which takes the output of the one before.
func chain(name string, n int) *usercode.Job {
	first := usercode.NewOp("op_000", func(context.Context) (int, error) { return 1, nil })
	rest := make([]usercode.Op1[int, int], n-1)
	for i := range rest {
		rest[i] = usercode.NewOp1(fmt.Sprintf("op_%03d", i+1), func(_ context.Context, v int) (int, error) { return v + 1, nil })
	}
	return usercode.NewJob(name, func(g *usercode.Graph) {
		v := first(g)
		for _, op := range rest {
			v = op(g, v)
		}
	})
}

type chatterConfig struct {
	Open  string `json:"open" jsonschema:"File to wait for"`
	Lines int    `json:"lines" jsonschema:"Log lines to write then"`
}

// chatter logs lines once a file is there, so that many workers begin at the same time.
func chatter() *usercode.Job {
	config := usercode.NewConfig("chatter", chatterConfig{})
	talk := usercode.NewTask("talk", func(ctx context.Context) error {
		c := config.From(ctx)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			if _, err := os.Stat(c.Open); err == nil {
				break
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		log := usercode.Log(ctx)
		for i := range c.Lines {
			log.Info("a line of a worker that has much to say", "line", i)
		}
		return nil
	}, config)
	return usercode.NewJob("chatter", func(g *usercode.Graph) { talk(g) })
}

func main() {
	jobs := []usercode.RepositoryItem{chain("noop", 1), chain("ops_10", 10), chain("ops_40", 40), chain("ops_200", 200), chatter()}
	for i := len(jobs); i < 100; i++ {
		jobs = append(jobs, chain(fmt.Sprintf("job_%03d", i), 10))
	}
	usercode.Main(usercode.NewRepository("speed", jobs...))
}
