package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// days are what daily_report falls into: one run for each.
var days = usercode.NewDailyPartitions("days", "2026-01-01",
	usercode.Description("Days in UTC. A day is there once it is over."))

// dailyConfig is what a run of daily_report can be told; that of a day's run is made by configOfDay.
type dailyConfig struct {
	Repository string    `json:"repository" jsonschema:"Path of a Git work tree or bare repository; a relative one starts where the user-code server was started"`
	Output     string    `json:"output" jsonschema:"Folder for the reports; empty means one below the system's temporary one"`
	Since      time.Time `json:"since" jsonschema:"Commits of before are left out"`
	Until      time.Time `json:"until" jsonschema:"Commits of then and later are left out"`
}

var daily = usercode.NewConfig("daily", dailyConfig{Repository: ".", Until: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)})

// configOfDay makes the run of a day one of the day.
func configOfDay(_ context.Context, day usercode.Partition) (usercode.RunConfig, error) {
	return usercode.RunConfig{"daily": map[string]any{"since": day.Start, "until": day.End}}, nil
}

// tagsOfDay let people find the runs of a month.
func tagsOfDay(day usercode.Partition) (usercode.Tags, error) {
	return usercode.Tags{"month": day.Start.Format("2006-01")}, nil
}

var (
	findCommitsOp = usercode.NewOp("find_commits", findCommits, daily,
		usercode.Description("Finds the commits of the time, the newest first."))
	writeDayOp = usercode.NewOp1("write_day", writeDay, daily,
		usercode.Description("Writes them as Markdown."))
)

var dailyReport = usercode.NewJob("daily_report",
	func(g *usercode.Graph) { writeDayOp(g, findCommitsOp(g)) },
	days, usercode.PartitionConfig(configOfDay), usercode.PartitionTags(tagsOfDay),
	usercode.Tags{"team": "platform"},
	usercode.MetadataList{
		{Key: "owner", Value: metadata.Text("platform team")},
		{Key: "git hash", Value: metadata.Text(commit)},
	},
	usercode.Description("Lists the commits of a day of a Git repository. Shows partitions: each day is a run, which a schedule makes when the day is over, and a backfill for the days of before."),
)

// Each day's report is made when the day is over. It is off until somebody switches it on.
var dailySchedule = usercode.NewPartitionSchedule("daily", dailyReport,
	usercode.AllMissed(31),
	usercode.Description("Reports each day when it is over, at midnight in UTC, and after a pause the days that it missed."))

// dayCommit is a commit of the day.
type dayCommit struct {
	Hash, Author, Subject string
	At                    time.Time
}

func findCommits(ctx context.Context) ([]dayCommit, error) {
	c := daily.From(ctx)
	r, err := resolveHead(ctx, c.Repository)
	if err != nil {
		return nil, err
	}
	var found []dayCommit
	err = r.git(ctx, 0, func(part string) error {
		fields := strings.SplitN(part, "\t", 4)
		if len(fields) != 4 {
			return fmt.Errorf("git log answered %q, want time, hash, author and subject", part)
		}
		seconds, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return fmt.Errorf("git log answered %q for a time", fields[0])
		}
		at := time.Unix(seconds, 0).UTC()
		if !at.Before(c.Since) && at.Before(c.Until) {
			found = append(found, dayCommit{Hash: fields[1], Author: fields[2], Subject: fields[3], At: at})
		}
		return nil
	}, "log", "-z", "--format=%ct%x09%H%x09%aN%x09%s", r.Head)
	if err != nil {
		return nil, err
	}
	usercode.Log(ctx).Info("found commits", "commits", len(found))
	return found, usercode.OutputMetadata(ctx, usercode.Metadata{"commits": len(found)})
}

// writeDay returns the path of what it wrote, which the runs of a day have in common: the latest one counts.
func writeDay(ctx context.Context, commits []dayCommit) (string, error) {
	name := "all"
	if day, ok := usercode.PartitionFrom(ctx); ok {
		name = day.Key
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Commits: %s\n\n", name)
	if len(commits) == 0 {
		fmt.Fprint(&b, "None.\n")
	}
	for _, c := range commits {
		fmt.Fprintf(&b, "- %s %.10s %s: %s\n", c.At.Format("15:04"), c.Hash, c.Author, c.Subject)
	}
	folder := daily.From(ctx).Output
	if folder == "" {
		folder = filepath.Join(temporaryFolder(), "daily")
	}
	return writeFile(ctx, folder, name+".md", []byte(b.String()))
}
