package usercode

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/output"
)

func TestOutputsOfAServer(t *testing.T) {
	home, temporary := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	t.Setenv("HOME", home)
	t.Setenv("TMPDIR", temporary)
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	t.Chdir(elsewhere)
	for outputs, want := range map[string]string{
		"": filepath.Join(cache, "penstock", "outputs"), "relative": filepath.Join(elsewhere, "relative"), "file://" + elsewhere + "/url": filepath.Join(elsewhere, "url"), "none": "",
	} {
		store, location, err := ServeOptions{Outputs: outputs}.withDefaults().openOutputs(t.Context())
		if err != nil || (store != nil) != (want != "") || want != "" && location != "file://"+want {
			t.Errorf("%q: got %v, %s, %v; want %s", outputs, store, location, err, want)
		}
		if _, err := os.Stat(filepath.Join(want, "probe")); want != "" && err != nil {
			t.Errorf("%q was not tried: %v", outputs, err)
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("the place for want of a better one was made: %v, %v", left, err)
	}
}

func TestDefaultOutputsFallBack(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("XDG_CACHE_HOME", "/dev/null") // a user that has no home which can be written
	t.Setenv("HOME", "/dev/null")
	var log strings.Builder
	o := ServeOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))}.withDefaults()
	_, location, err := o.openOutputs(t.Context())
	if err != nil || !strings.HasPrefix(location, "file://"+temporary+"/penstock-outputs-") || log.String() != "" {
		t.Fatalf("got %s, %v, %s", location, err, log.String())
	}

	// Somebody else may have made it before: it is not used then, and the server serves without a store.
	dir := strings.TrimPrefix(location, "file://")
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	store, _, err := o.openOutputs(t.Context())
	if err != nil || store != nil || !strings.Contains(log.String(), "outputs of ops are not stored") {
		t.Errorf("got %v, %v, %s", store, err, log.String())
	}
}

// TestRegistrationsAreValidated runs in a process of its own, because what is wrong stays so.
func TestRegistrationsAreValidated(t *testing.T) {
	const inside = "USERCODE_TEST_REGISTRATION"
	if os.Getenv(inside) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRegistrationsAreValidated$")
		cmd.Env = append(os.Environ(), inside+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := Validate(soundRepository()); err != nil {
		t.Fatal(err)
	}
	output.RegisterCodec[chan int](nil)
	if err := Validate(soundRepository()); err == nil || !strings.Contains(err.Error(), "codec of chan int: it is nil") {
		t.Errorf("got %v", err)
	}
}
