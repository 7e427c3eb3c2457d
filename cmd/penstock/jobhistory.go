package main

import (
	"cmp"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newJobHistoryCommand(c *connection) *cobra.Command {
	var limit int
	var cursor string
	cmd := &cobra.Command{
		Use:   "history JOB",
		Short: "List what a job was over time, newest first",
		Long: `List the snapshots of a job, newest first: a line for each time in which the job was the same. A deploy that changes the
job back to what it was before begins a new line with the old snapshot's id.

A job that is gone has its history, too; name it in full, as location/repository/job.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			if limit < 1 || limit > maxPage {
				return usageErrorf("--limit %d: it is 1 to %d", limit, maxPage)
			}
			res, err := ask(cmd.Context(), host, host.history.ListJobSnapshots, &hostv1.ListJobSnapshotsRequest{
				Job: args[0], PageSize: uint32(limit), PageCursor: cursor,
			})
			if err != nil {
				return err
			}
			list := snapshotList{Job: jobNameText(res.GetJob()), Snapshots: convert(res.GetSnapshots(), snapshotOf), NextCursor: res.GetNextCursor()}
			if p.json {
				return p.object(list)
			}
			next := ""
			if list.NextCursor != "" {
				next = fmt.Sprintf("%s %s --limit %d --cursor %s", cmd.CommandPath(), shellQuote(args[0]), limit, shellQuote(list.NextCursor))
			}
			p.snapshots(list, next)
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 25, "at most so many, up to 1000")
	cmd.Flags().StringVar(&cursor, "cursor", "", "go on where the page that printed this cursor ended")
	return cmd
}

// snapshots prints a page of a job's history, and how to get the next one.
func (p printer) snapshots(list snapshotList, next string) {
	if len(list.Snapshots) == 0 {
		fmt.Fprintf(p.err, "No snapshot of %s is stored yet; the first one is a moment after its code was loaded.\n", inert(list.Job))
		return
	}
	rows := convert(list.Snapshots, func(s snapshotObject) []string {
		current := ""
		if s.Current {
			current = "current"
		}
		return []string{s.ID, clockText(s.FirstSeenAt), clockText(s.LastSeenAt), s.codeVersion(), s.protocol(), s.metadata(), current}
	})
	p.table([]string{"SNAPSHOT", "FIRST SEEN", "LAST SEEN", "CODE VERSION", "PROTOCOL", "METADATA", ""}, rows)
	if next != "" {
		fmt.Fprintf(p.err, "There are more: %s\n", next)
	}
}

// codeVersion is that of the code that had this snapshot first, and last.
func (s snapshotObject) codeVersion() string {
	return s.servers(func(o *serverObject) string { return cmp.Or(o.Build.CodeVersion, o.Build.VCSRevision) })
}

func (s snapshotObject) protocol() string {
	return s.servers(func(o *serverObject) string { return o.ProtocolVersion })
}

// servers is something that the first and the last server said.
func (s snapshotObject) servers(of func(*serverObject) string) string {
	text := func(o *serverObject) string {
		if o == nil || of(o) == "" {
			return "not reported"
		}
		return of(o)
	}
	first, last := text(s.FirstServer), text(s.LastServer)
	if first == last {
		return first
	}
	return first + " → " + last
}

func (s snapshotObject) metadata() string {
	switch s.MetadataState {
	case "EMPTY":
		return s.MetadataState
	case "REFUSED", "UNAVAILABLE":
		return fmt.Sprintf("%s (%d withheld)", s.MetadataState, s.MetadataEntries)
	default:
		entries := "1 entry"
		if s.MetadataEntries != 1 {
			entries = fmt.Sprintf("%d entries", s.MetadataEntries)
		}
		return fmt.Sprintf("%s (%s)", s.MetadataState, entries)
	}
}

func snapshotOf(s *hostv1.JobSnapshot) snapshotObject {
	return snapshotObject{
		ID: s.GetId(), DefinitionDigest: hex.EncodeToString(s.GetDefinitionDigest()), MetadataDigest: hex.EncodeToString(s.GetMetadataDigest()),
		MetadataEntries: s.GetMetadataEntries(), MetadataState: featureText(s.GetMetadataState()),
		FirstSeenAt: timeOf(s.GetFirstSeenAt()), LastSeenAt: timeOf(s.GetLastSeenAt()), Current: s.GetCurrent(),
		FirstServer: serverOf(s.GetFirstServer()), LastServer: serverOf(s.GetLastServer()),
	}
}
