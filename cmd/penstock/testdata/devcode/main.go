// Command devcode is the user code of the tests of penstock dev.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/penstock-run/penstock/usercode"
)

// job is the name of the first job, set by the linker to tell builds apart.
var job = "hello"

var hello = usercode.NewOp("hello", func(context.Context) (string, error) { return "hello", nil })

// wait ends when it is canceled.
var wait = usercode.NewOp("wait", func(ctx context.Context) (string, error) {
	usercode.Log(ctx).Info("waiting")
	<-ctx.Done()
	return "", ctx.Err()
})

// stay never ends.
var stay = usercode.NewOp("stay", func(ctx context.Context) (string, error) {
	usercode.Log(ctx).Info("staying")
	select {}
})

func main() {
	fmt.Fprintln(os.Stderr, "\x1b[2Jdevcode", os.Getpid())
	if job == "broken" {
		job = "not a name"
	}
	usercode.Main(usercode.NewRepository("dev",
		usercode.NewJob(job, func(g *usercode.Graph) { hello(g) }, usercode.Metadata{"owner": "data team"}, usercode.Tags{"team": "data"}),
		usercode.NewJob("wait", func(g *usercode.Graph) { wait(g) }),
		usercode.NewJob("stay", func(g *usercode.Graph) { stay(g) }),
	))
}
