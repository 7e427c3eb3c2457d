package main

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/workspace"
)

// storeFlags are those of commands that work on the directory of a store without a host.
type storeFlags struct {
	data string
	json bool
}

func (f *storeFlags) addFlags(cmd *cobra.Command, data string) {
	cmd.Flags().StringVar(&f.data, "data", "", data)
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	must(cmd.MarkFlagDirname("data"))
}

// begin is how such a command begins.
func (f *storeFlags) begin(cmd *cobra.Command) (*slog.Logger, printer, error) {
	if f.data == "" {
		return nil, printer{}, usageErrorf("--data is missing: give the directory of the store, for example --data .penstock")
	}
	if info, err := os.Stat(f.data); err == nil && !info.IsDir() {
		return nil, printer{}, usageErrorf("--data %s is not a directory: name the one that penstock serve is given", f.data)
	}
	log, err := newLogger(cmd.ErrOrStderr(), "text", "info")
	return log, printer{out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), json: f.json}, err
}

// options are how such a command opens the store.
func (f *storeFlags) options(log *slog.Logger) *boltstore.Options {
	return &boltstore.Options{Logger: log, Clock: systemClock{}, MetadataTexts: workspace.MetadataTexts, Free: freeOf}
}

// storeFailure is hostFailure of a command that may be interrupted; then it says what that leaves.
func storeFailure(err error, left string) error {
	if errors.Is(err, context.Canceled) {
		return interrupted(left)
	}
	return hostFailure(err)
}

// freeOf measures how much of a disk may still be written.
func freeOf(dir string) (uint64, error) {
	s, err := spaceOf(dir)
	return s.Free, err
}

func newCompactCommand() *cobra.Command {
	o := &storeFlags{}
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Give the room that deleted runs left in the store back to the disk",
		Long: `Give the room that deleted runs left in the store back to the disk, by writing its files anew. The host must be
stopped, and the disk needs room for a copy of the largest file. Each file stays as it was until its copy is complete:
it may be interrupted at any time.

Exit codes: 0 done; 1 there is no room for a copy, or something else failed; 3 there is no store; 65 the store is damaged,
and nothing was changed; 75 a host uses the directory; 78 the store was written by a newer host.`,
		Example: `  penstock compact --data /srv/penstock`,
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, p, err := o.begin(cmd)
			if err != nil {
				return err
			}
			files, err := boltstore.Compact(o.data, o.options(log))
			if err != nil {
				return hostFailure(err)
			}
			if p.json {
				return p.object(compactedObject{Directory: o.data, Files: convert(files, func(c boltstore.Compacted) compactedFileObject {
					return compactedFileObject{Name: c.Name, Before: c.Before, After: c.After}
				})})
			}
			rows := convert(files, func(c boltstore.Compacted) []string {
				return []string{c.Name, bytesText(uint64(c.Before)), bytesText(uint64(c.After))}
			})
			p.table([]string{"FILE", "BEFORE", "AFTER"}, rows)
			return nil
		},
	}
	o.addFlags(cmd, "directory of the store (required)")
	return cmd
}
