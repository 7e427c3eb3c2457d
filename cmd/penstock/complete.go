package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// completionTimeout bounds what a press of the tab key waits for.
const completionTimeout = time.Second

// completions are words for the shell, each with a description.
type completions func(ctx context.Context, host *client) ([]cobra.Completion, error)

// completeFirst completes the first argument with what the host has. A host that does not answer completes nothing.
func (c *connection) completeFirst(words completions) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.complete(words)(cmd, args, typed)
	}
}

// complete is completeFirst for a flag's value.
func (c *connection) complete(words completions) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		host, err := c.dial()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, done := context.WithTimeout(cmd.Context(), completionTimeout)
		defer done()
		all, err := words(ctx, host)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var fitting []cobra.Completion
		for _, word := range all {
			if strings.HasPrefix(word, typed) {
				fitting = append(fitting, word)
			}
		}
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// word is inert, for it goes to the terminal as it is.
func word(text, description string) cobra.Completion {
	return cobra.CompletionWithDesc(inert(text), clip(inert(description), 60))
}

func completeLocations(ctx context.Context, host *client) ([]cobra.Completion, error) {
	res, err := host.locations.ListLocations(ctx, &hostv1.ListLocationsRequest{})
	return convert(res.GetLocations(), func(l *hostv1.Location) cobra.Completion {
		return word(l.GetName(), locationText(l.GetState()))
	}), err
}

// completeJobs offers the shortest name of each job that means no other.
func completeJobs(ctx context.Context, host *client) ([]cobra.Completion, error) {
	res, err := host.jobs.ListJobs(ctx, &hostv1.ListJobsRequest{PageSize: maxPage})
	if err != nil {
		return nil, err
	}
	ends := map[string]int{} // how many jobs a name could mean
	for _, j := range res.GetJobs() {
		for _, name := range jobNames(j.GetName()) {
			ends[name]++
		}
	}
	all := len(res.GetJobs()) == int(res.GetTotal())
	var words []cobra.Completion
	for _, j := range res.GetJobs() {
		names := jobNames(j.GetName())
		for _, name := range names {
			if full := name == names[len(names)-1]; full || all && ends[name] == 1 {
				words = append(words, word(name, j.GetSummary()))
			}
		}
	}
	return words, nil
}

// jobNames are the names that a job can be asked for by, from the shortest.
func jobNames(n *hostv1.JobName) []string {
	short := n.GetRepository() + "/" + n.GetJob()
	return []string{n.GetJob(), short, n.GetLocation() + "/" + short}
}

// completeDiff completes a job, and then ids of its snapshots.
func (c *connection) completeDiff(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 || len(args) > 2 {
		return c.completeFirst(completeJobs)(cmd, args, typed)
	}
	return c.complete(func(ctx context.Context, host *client) ([]cobra.Completion, error) {
		res, err := host.history.ListJobSnapshots(ctx, &hostv1.ListJobSnapshotsRequest{Job: args[0]})
		var words []cobra.Completion
		known := map[string]bool{}
		for _, s := range convert(res.GetSnapshots(), snapshotOf) {
			if !known[s.ID] {
				known[s.ID] = true
				words = append(words, word(s.ID, "code "+s.codeVersion()+", first seen "+clockText(s.FirstSeenAt)))
			}
		}
		return words, err
	})(cmd, args, typed)
}

func completeRuns(ctx context.Context, host *client) ([]cobra.Completion, error) {
	res, err := host.runs.ListRuns(ctx, &hostv1.ListRunsRequest{})
	return convert(res.GetRuns(), func(r *hostv1.Run) cobra.Completion {
		return word(r.GetId(), statusText(r.GetStatus())+" "+jobNameText(r.GetJob()))
	}), err
}
