package main

import (
	"context"
	"time"

	"github.com/penstock-run/penstock/usercode"
)

// newCommits reports on the repository again when it has a new commit. It is off until somebody switches it on.
var newCommits = usercode.NewSensor("new_commits", lookForCommits, repositoryReport,
	usercode.Every(30*time.Second),
	usercode.Description("Looks whether HEAD of the repository is at another commit than the last time, and runs `repository_report` then. Its cursor is the commit."))

func lookForCommits(ctx context.Context, last usercode.SensorState) (usercode.SensorResult, error) {
	r, err := resolveHead(ctx, report.From(ctx).Repository)
	if err != nil {
		return usercode.SensorResult{}, err
	}
	seen := usercode.SensorResult{Cursor: r.Head}
	switch last.Cursor {
	case "":
		return seen, usercode.Skip("looked for the first time; HEAD is at %s", r.Head)
	case r.Head:
		return seen, usercode.Skip("no new commit")
	}
	// The key makes one run of a commit, even if HEAD goes back and forth.
	seen.Requests = []usercode.RunRequest{{RunKey: r.Head, Tags: usercode.Tags{"commit": r.Head}}}
	return seen, nil
}
