package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host/store/boltstore"
)

func newFsckCommand() *cobra.Command {
	o := &storeFlags{}
	var repair bool
	cmd := &cobra.Command{
		Use:   "fsck",
		Short: "Look at every record of a store, and say what is damaged",
		Long: `Look at every record of a store, and say what is damaged. The host must be stopped. Nothing is changed without --repair.

With --repair, what is made from other records is made anew: the index, ids, the lists of open runs and of retries, the
file that names the store, and one of a file's two meta pages. Records themselves are never touched: what is damaged there
comes back only with a backup.

Exit codes: 0 nothing is wrong; 3 there is no store; 65 something is wrong, or still is after --repair; 75 a host uses the
directory; 78 the store was written by a newer host.`,
		Example: `  penstock fsck --data /srv/penstock
  penstock fsck --data /srv/penstock --repair`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, p, err := o.begin(cmd)
			if err != nil {
				return err
			}
			if repair {
				if err := boltstore.Repair(cmd.Context(), o.data, o.options(log)); err != nil {
					return storeFailure(err, "a repair goes on where it is begun again")
				}
			}
			return o.fsck(cmd, p, log)
		},
	}
	o.addFlags(cmd, "directory of the store (required)")
	cmd.Flags().BoolVar(&repair, "repair", false, "make right what is made from other records")
	return cmd
}

// fsck prints what is wrong.
func (f *storeFlags) fsck(cmd *cobra.Command, p printer, log *slog.Logger) error {
	found := fsckObject{Directory: f.data, Problems: []damageObject{}}
	checked, err := boltstore.Fsck(cmd.Context(), f.data, f.options(log), func(b boltstore.Problem) {
		if p.json {
			found.Problems = append(found.Problems, damageObject{File: b.File, Message: b.Message, Mendable: b.Mendable})
			return
		}
		fmt.Fprintf(p.out, "%s: %s\n", inert(b.File), inert(b.Message))
	})
	if err != nil {
		return storeFailure(err, "not all was looked at")
	}
	if checked.Problems > 0 {
		err = &exitError{code: exitDamaged}
	}
	if p.json {
		found.Format, found.Files, found.Runs, found.Records = checked.Format, checked.Files, checked.Runs, checked.Records
		if printErr := p.object(found); printErr != nil {
			return printErr
		}
		return err
	}
	looked := fmt.Sprintf("%s, %s, %s", counted(int(checked.Files), "file"), counted(int(checked.Runs), "run"), counted(int(checked.Records), "record"))
	if err == nil {
		fmt.Fprintf(p.out, "Nothing is wrong: %s.\n", looked)
		return nil
	}
	fmt.Fprintf(p.out, "%s in %s.\n%s\n", counted(checked.Problems, "problem"), looked, fsckRemedy(checked))
	return err
}

// fsckRemedy says what to do about problems.
func fsckRemedy(c boltstore.Checked) string {
	const restore = "penstock restore BACKUP --data DIR makes the store of a backup in another directory; check the disk."
	mendable := c.Mendable
	if c.Unreadable {
		mendable = 0
	}
	switch mendable {
	case 0:
		return "--repair makes none of that right: " + restore
	case c.Problems:
		return "--repair makes all of that right; check the disk."
	default:
		return fmt.Sprintf("--repair makes %d of them right. For the others, %s", mendable, restore)
	}
}
