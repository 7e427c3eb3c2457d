package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host/store/boltstore"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// maxBackupSpeed is the most that --speed takes, in MiB a second: more than any disk has.
const maxBackupSpeed = 1 << 20

// backupProgress is how often a backup tells how far it is.
const backupProgress = 10 * time.Second

func newBackupCommand() *cobra.Command {
	c := &connection{}
	var out string
	var speed uint64
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Copy the store of a running host into a file",
		Long: `Copy the store of a running host into a file, as it is at one moment, while the host goes on.

The file is written as FILE.partial, synced, read again and compared with its checksums, and only
then gets its name. "penstock restore" makes a store of it.`,
		Example: `  penstock backup --out /backups/penstock-2026-11-23.tar
  penstock backup --out penstock.tar --speed 16 --host https://penstock.example.com:3000`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usageErrorf("--out is missing: name the file to write, for example --out penstock.tar")
			}
			if out == "-" {
				return usageErrorf("--out - is not a file: a backup is read again to be checked, so it is written to a file, not to standard output")
			}
			if speed < 1 || speed > maxBackupSpeed {
				return usageErrorf("--speed %d: it is 1 to %d MiB a second", speed, maxBackupSpeed)
			}
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			return host.backup(cmd.Context(), p, out, speed<<20)
		},
	}
	c.addFlags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "file to write; it must not be there (required)")
	cmd.Flags().Uint64Var(&speed, "speed", 64, "most MiB that are read in a second, so that the host is not held up")
	must(cmd.MarkFlagFilename("out", "tar"))
	return cmd
}

// backup writes a backup and checks it.
func (c *client) backup(ctx context.Context, p printer, out string, speed uint64) error {
	if _, err := os.Lstat(out); err == nil {
		return usageErrorf("%s is there already; a backup never replaces a file", out)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	partial := out + ".partial"
	size, err := c.receiveBackup(ctx, p, partial, speed)
	if err != nil {
		return err
	}
	info, err := checkBackup(ctx, partial)
	if err != nil {
		return errors.Join(storeFailure(fmt.Errorf("read %s again: %w", partial, err), "there is no backup"), removeIfThere(partial))
	}
	if err := os.Rename(partial, out); err != nil {
		return err
	}
	if err := syncDirectory(filepath.Dir(out)); err != nil {
		return err
	}
	if p.json {
		return p.object(backupObject{File: out, Store: info.Store, TakenAt: &info.TakenAt, Bytes: size})
	}
	fmt.Fprintf(p.out, "%s has the store as it was at %s: %s in %s, read again and sound.\n",
		inert(out), info.TakenAt.Local().Format(time.DateTime), counted(info.Files, "file"), bytesText(uint64(size)))
	return nil
}

// receiveBackup writes what the host sends, and syncs it.
func (c *client) receiveBackup(ctx context.Context, p printer, path string, speed uint64) (size int64, err error) {
	stream, err := c.storage.Backup(ctx, &hostv1.BackupRequest{BytesPerSecond: speed})
	if err != nil {
		return 0, c.backupFailed(ctx, err)
	}
	defer func() { _ = stream.Close() }() // what could fail was said by Receive
	var total uint64
	m, err := stream.Receive()
	for ; err == nil && len(m.GetData()) == 0; m, err = stream.Receive() {
		total = m.GetTotal()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, c.backupFailed(ctx, err) // without a file: the backup that the host has under way may be the one that writes it
	}
	f, opening := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // that of another host may be the one that writes it
	if errors.Is(opening, os.ErrExist) {
		return 0, usageErrorf("%s is there already: another backup writes it, or one was killed before its end\n"+
			"Wait for the other one, name another file, or remove that one.", path)
	}
	if opening != nil {
		return 0, opening
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, removeIfThere(path))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	for told := time.Now(); err == nil; m, err = stream.Receive() {
		n, err := w.Write(m.GetData())
		if size += int64(n); err != nil {
			return 0, err
		}
		if time.Since(told) >= backupProgress {
			told = time.Now()
			fmt.Fprintf(p.err, "%s of about %s\n", bytesText(uint64(size)), bytesText(max(total, uint64(size))))
		}
	}
	if !errors.Is(err, io.EOF) {
		return 0, c.backupFailed(ctx, err)
	}
	return size, errors.Join(w.Flush(), f.Sync())
}

// backupFailed is failed for a backup, which a host that is too old for it can have in another way.
func (c *client) backupFailed(ctx context.Context, err error) error {
	err = c.failed(ctx, err)
	if f, ok := errors.AsType[*failure](err); ok && f.old {
		f.remedy = "Upgrade the host, or stop it, copy its data directory, and start it again."
	}
	return err
}

func checkBackup(ctx context.Context, path string) (boltstore.BackupInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return boltstore.BackupInfo{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return boltstore.CheckBackup(ctx, bufio.NewReaderSize(f, 1<<20))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// syncDirectory makes names in a directory durable, where a system can.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // it was only synced
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) && !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}
