package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// reporting has an op that reports in every way that there is.
func reporting() *usercode.Job {
	load := usercode.NewOp("load", func(ctx context.Context) (int, error) {
		for i := range 1000 {
			usercode.Progress(ctx, i+1, 1000, "rows")
		}
		fmt.Fprintln(os.Stdout, "said by Go")
		child := exec.CommandContext(ctx, "sh", "-c", "echo said by a child >&2")
		child.Stderr = os.Stderr
		return 1000, errors.Join(
			child.Run(),
			usercode.Note(ctx, "Two rows were rejected", usercode.Metadata{"why": metadata.Markdown("*too old*")}),
			usercode.OutputMetadata(ctx, usercode.Metadata{"rows": 1000}),
			usercode.TagRun(ctx, usercode.Tags{"region": "eu"}),
		)
	})
	return usercode.NewJob("reporting", func(g *usercode.Graph) {
		usercode.Command("command", "echo", "said by a command")(g.After(load(g)))
	})
}
