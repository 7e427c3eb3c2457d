package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/penstock-run/penstock/host/store/boltstore"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// TestBackupRestoreCompactAndFsck takes a store through all commands of its care.
func TestBackupRestoreCompactAndFsck(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "backup.tar")
	p := startTestHost(t, hostOptions{Data: data})
	penstock(t, p.Address(), "backup", "--out", file).want(t, exitOK, "3 files in ", "")
	penstock(t, p.Address(), "backup", "--out", file).want(t, exitUsage, "", "never replaces a file")
	second := filepath.Join(dir, "second.tar")
	if err := os.WriteFile(second+".partial", []byte("of another one"), 0o600); err != nil {
		t.Fatal(err)
	}
	penstock(t, p.Address(), "backup", "--out", second).want(t, exitUsage, "", second+".partial is there already: another backup writes it")
	if text, err := os.ReadFile(second + ".partial"); err != nil || string(text) != "of another one" {
		t.Errorf("the file of another backup is %q, %v", text, err)
	}
	if err := os.Remove(second + ".partial"); err != nil {
		t.Fatal(err)
	}
	penstock(t, p.Address(), "backup").want(t, exitUsage, "", "--out is missing")
	penstock(t, p.Address(), "backup", "--out", filepath.Join(dir, "no", "where.tar")).want(t, exitFailure, "", "no such file")
	for _, command := range []string{"fsck", "compact"} {
		penstock(t, "", command, "--data", data).want(t, exitLocked, "", "in use by another process")
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	penstock(t, p.Address(), "backup", "--out", filepath.Join(dir, "late.tar")).want(t, exitUnreachable, "", "does not answer")

	penstock(t, "", "restore", file, "--data", data).want(t, exitRejected, "", "(STORE, events-000001.db, meta.db)\nRestore into a directory without one")
	other := filepath.Join(dir, "other")
	r := penstock(t, "", "restore", file, "--data", other, "--json")
	r.want(t, exitOK, "", "")
	var restored restoredObject
	if err := json.Unmarshal([]byte(r.out), &restored); err != nil || restored.Generation != 1 || restored.Directory != other {
		t.Errorf("restore --json: %s, %v", r.out, err)
	}
	penstock(t, "", "fsck", "--data", other).want(t, exitOK, "Nothing is wrong", "")
	penstock(t, "", "compact", "--data", other).want(t, exitOK, "meta.db", "was compacted")
	penstock(t, "", "compact", "--data", filepath.Join(dir, "nothing")).want(t, exitNotFound, "", "holds no store")
	penstock(t, "", "compact").want(t, exitUsage, "", "--data is missing")
	if left, err := filepath.Glob(filepath.Join(dir, "*.partial")); err != nil || len(left) > 0 {
		t.Errorf("there are left %q, %v", left, err)
	}

	third := filepath.Join(dir, "third")
	penstock(t, "", "restore", filepath.Join(dir, "none.tar"), "--data", third).want(t, exitNotFound, "", "there is no file "+filepath.Join(dir, "none.tar")+"\nName the file that penstock backup --out wrote")
	penstock(t, "", "restore", other, "--data", third).want(t, exitNotFound, "", other+" is a directory\nName the file")
	if _, err := os.Stat(third); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a restore of nothing left a directory: %v", err)
	}
	for _, command := range []string{"restore " + file, "compact", "fsck"} {
		penstock(t, "", append(strings.Fields(command), "--data", file)...).want(t, exitUsage, "", "--data "+file+" is not a directory")
	}
	for _, speed := range []string{"0", "1048577"} {
		penstock(t, p.Address(), "backup", "--out", filepath.Join(dir, "slow.tar"), "--speed", speed).want(t, exitUsage, "", "--speed "+speed+": it is 1 to 1048576 MiB a second")
	}
	penstock(t, "", "restore", "", "--data", third).want(t, exitUsage, "", "FILE is empty")
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	penstockIn(interrupted, "", strings.NewReader(""), "restore", file, "--data", third).want(t, exitFailure, "", "penstock: interrupted: nothing was restored\n")
	penstockIn(interrupted, "", strings.NewReader(""), "fsck", "--data", other).want(t, exitFailure, "", "penstock: interrupted: not all was looked at\n")
	penstock(t, p.Address(), "backup", "--out", "-").want(t, exitUsage, "", "--out - is not a file")

	cut := filepath.Join(dir, "cut.tar")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, content[:len(content)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	penstock(t, "", "restore", cut, "--data", filepath.Join(dir, "third")).want(t, exitDamaged, "", "not a whole backup")
}

// TestSecondBackupLeavesTheFirst takes a backup to a file that one under way is writing.
func TestSecondBackupLeavesTheFirst(t *testing.T) {
	p := startTestHost(t, hostOptions{Data: filepath.Join(t.TempDir(), "data")})
	storage := hostv1connect.NewStorageServiceClient(connect.NewClient(connecthttp.NewTransport(
		&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+p.Addr().String())))
	ctx, stop := context.WithCancel(t.Context())
	var both sync.WaitGroup
	defer both.Wait()
	defer stop()
	refused := make(chan error, 2)
	for range 2 { // one of them is under way when the other is refused
		both.Go(func() {
			stream, err := storage.Backup(ctx, &hostv1.BackupRequest{BytesPerSecond: 1})
			for err == nil {
				_, err = stream.Receive()
			}
			refused <- err
		})
	}
	if err := <-refused; !strings.Contains(fmt.Sprint(err), "another backup") {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup.tar")
	if err := os.WriteFile(file+".partial", []byte("of the first"), 0o600); err != nil {
		t.Fatal(err)
	}
	penstock(t, p.Address(), "backup", "--out", file).want(t, exitRejected, "", "another backup of this store is under way")
	if got, err := os.ReadFile(file + ".partial"); err != nil || string(got) != "of the first" {
		t.Errorf("the file of the first has %q, %v", got, err)
	}
}

// TestFsckOfADamagedStore spoils a meta page, and mends it.
func TestFsckOfADamagedStore(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if err := startTestHost(t, hostOptions{Data: data}).Stop(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(data, "meta.db")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("spoilt"), 40); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	penstock(t, "", "serve", "--data", data, "--listen", "127.0.0.1:0").want(t, exitDamaged, "", "meta page 0: its checksum does not fit")
	r := penstock(t, "", "fsck", "--data", data)
	r.want(t, exitDamaged, "1 problem in 2 files, 0 runs, 0 records.\n--repair makes all of that right; check the disk.\n", "")
	if !strings.Contains(r.out, "meta.db: meta page 0: its checksum does not fit") {
		t.Errorf("fsck says %s", r.out)
	}
	r = penstock(t, "", "fsck", "--data", data, "--json")
	r.want(t, exitDamaged, "", "")
	var found fsckObject
	if err := json.Unmarshal([]byte(r.out), &found); err != nil || len(found.Problems) != 1 || !found.Problems[0].Mendable || found.Problems[0].File != "meta.db" {
		t.Errorf("fsck --json: %s, %v", r.out, err)
	}
	penstock(t, "", "fsck", "--data", data, "--repair").want(t, exitOK, "Nothing is wrong", "written anew")
}

func TestFsckSaysWhatToDo(t *testing.T) {
	for want, checked := range map[string]boltstore.Checked{
		"--repair makes all of that right; check the disk.":                            {Problems: 2, Mendable: 2},
		"--repair makes 1 of them right. For the others, penstock restore BACKUP ":     {Problems: 2, Mendable: 1},
		"--repair makes none of that right: penstock restore BACKUP ":                  {Problems: 2},
		"--repair makes none of that right: penstock restore BACKUP --data DIR makes ": {Problems: 2, Mendable: 2, Unreadable: true},
	} {
		if got := fsckRemedy(checked); !strings.HasPrefix(got, want) {
			t.Errorf("%+v: got %q, want %q", checked, got, want)
		}
	}
}
