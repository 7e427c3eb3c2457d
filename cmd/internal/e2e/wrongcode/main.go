// Command wrongcode is a user's binary with every mistake in its definitions
// that a careless author makes. With WRONG=selector in its environment it has
// the one that only a host finds.
package main

import (
	"context"
	"os"

	"github.com/penstock-run/penstock/usercode"
)

var (
	one  = usercode.NewOp("one", func(context.Context) (int, error) { return 1, nil })
	show = usercode.NewTask1("show", func(context.Context, int) error { return nil })
)

// stray is a value that leaves the graph that it belongs to.
var stray usercode.Value[int]

func main() {
	if os.Getenv("WRONG") == "selector" {
		usercode.Main(usercode.NewRepository("wrong",
			usercode.NewRunStatusSensor("after_failure", "status=failrue",
				func(context.Context, usercode.EndedRun) ([]usercode.RunRequest, error) { return nil, nil })))
		return
	}
	usercode.Main(usercode.NewRepository("wrong",
		usercode.NewJob("twice", func(g *usercode.Graph) { one(g) }),
		usercode.NewJob("twice", func(g *usercode.Graph) { one(g) }),
		usercode.NewJob("empty", func(*usercode.Graph) {}),
		usercode.NewJob("unconvertible", func(g *usercode.Graph) { one(g) },
			usercode.Metadata{"owner": "data team", "channel": make(chan int), "function": func() {}}),
		usercode.NewJob("owner_of_value", func(g *usercode.Graph) { stray = one(g) }),
		usercode.NewJob("foreign_value", func(g *usercode.Graph) { show(g, stray) }),
		usercode.NewJob("panicking", func(*usercode.Graph) { panic("no luck \x1b[31mtoday") }),
		usercode.NewJob("tagged", func(g *usercode.Graph) { one(g) },
			usercode.Tags{"bad key": "x", "penstock/priority": "high", "penstock/run_key": "mine"}),
		usercode.NewJob("no name", func(g *usercode.Graph) { one(g) }),
	))
}
