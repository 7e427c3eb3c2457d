package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/workspace"
)

func newRestoreCommand() *cobra.Command {
	o := &storeFlags{}
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make the store of a backup in a directory without one",
		Long: `Make the store of a backup in a directory without one. All of the file is compared with its checksums
before anything is in its place.

What happened after the backup is lost, and workers of then are denied what they ask for. Runs that waited,
or that no worker had taken, are queued again, and may have run since. Runs that a worker had taken have failed
with the reason "restored"; what their tags say about retries applies. Look at the queue before anything starts:
start the host with --max-in-progress 0.

Exit codes: 0 restored; 3 there is no such file; 6 the directory holds a store; 65 the file is no whole
backup; 78 a newer version took it.`,
		Example: `  penstock restore /backups/penstock-2026-11-23.tar --data /srv/penstock`,
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "" {
				return usageErrorf("FILE is empty: name the backup")
			}
			log, p, err := o.begin(cmd)
			if err != nil {
				return err
			}
			made, err := boltstore.Restore(cmd.Context(), args[0], o.data, boltstore.RestoreOptions{
				Logger: log, Clock: systemClock{}, MetadataTexts: workspace.MetadataTexts, Free: freeOf,
				Fence: func(run *host.Run, takenAt time.Time) ([][]byte, error) {
					return attempt.Restored(run, takenAt, systemClock{}.Now())
				},
			})
			if err != nil {
				return storeFailure(err, "nothing was restored")
			}
			if p.json {
				return p.object(restoredObject{
					Directory: o.data, Store: made.Store, TakenAt: &made.TakenAt, Generation: made.Generation,
					Runs: made.Runs, Queued: made.Queued, Failed: made.Failed,
				})
			}
			fmt.Fprintf(p.out, "%s has the store as it was at %s: %s, of which %d are queued and %d had been started and have failed.\n",
				inert(o.data), made.TakenAt.Local().Format(time.DateTime), counted(made.Runs, "run"), made.Queued, made.Failed)
			return nil
		},
	}
	o.addFlags(cmd, "directory of the store to make; made if it is not there (required)")
	return cmd
}
