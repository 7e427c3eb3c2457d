package main

import (
	"context"
	"os"

	"github.com/penstock-run/penstock/usercode"
)

// evolving is the job that a deploy changes: with PENSTOCK_TEST_EDITION=second this binary is the one that is deployed
// after the first. Its workers get the same environment.
func evolving() *usercode.Job {
	read := usercode.NewOp("read", func(context.Context) (int, error) { return 1, nil }, usercode.NewConfig("evolving", struct {
		Path string `json:"path" jsonschema:"What to read"`
	}{"/data"}))
	show := usercode.NewTask1("show", func(context.Context, int) error { return nil })
	if os.Getenv("PENSTOCK_TEST_EDITION") != "second" {
		return usercode.NewJob("evolving", func(g *usercode.Graph) { show(g, read(g)) },
			usercode.Metadata{"owner": "data team", "tier": 1}, usercode.Tags{"commit": "abc"}, usercode.Description("Reads and shows."))
	}
	read = usercode.NewOp("read", func(context.Context) (int, error) { return 1, nil }, usercode.NewConfig("evolving", struct {
		Path  string `json:"path" jsonschema:"What to read"`
		Depth int    `json:"depth" jsonschema:"How deep to look"`
	}{"/data", 3}))
	check := usercode.NewTask1("check", func(context.Context, int) error { return nil })
	return usercode.NewJob("evolving", func(g *usercode.Graph) {
		n := read(g)
		check(g, n)
		show(g, n)
	}, usercode.Metadata{"owner": "platform team", "tier": 1}, usercode.Tags{"commit": "def"}, usercode.Description("Reads and shows."))
}
