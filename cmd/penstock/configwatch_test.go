package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
)

// tickingClock is the machine's, but time passes when the test says so.
type tickingClock struct {
	systemClock

	tick chan time.Time
	idle chan struct{} // gets a value when somebody begins to wait
}

func (c tickingClock) After(time.Duration) <-chan time.Time {
	c.idle <- struct{}{}
	return c.tick
}

// watching is a configWatch that runs.
type watching struct {
	t       *testing.T
	dir     string
	watch   *configWatch
	clock   tickingClock
	asked   chan os.Signal
	log     *syncBuffer
	applied []*configuration
	fails   error // of the next applications
}

// watchConfig begins to follow dir/p.yaml, which has the text.
func watchConfig(t *testing.T, text string) *watching {
	t.Helper()
	w := &watching{t: t, dir: t.TempDir(), clock: tickingClock{tick: make(chan time.Time), idle: make(chan struct{}, 1)}, asked: make(chan os.Signal), log: &syncBuffer{}}
	w.write("p.yaml", text)
	r := readerOf(filepath.Join(w.dir, "p.yaml"))
	if _, err := r.read(); err != nil {
		t.Fatal(err)
	}
	w.watch = newConfigWatch(r, func(c *configuration) error {
		if w.fails == nil {
			w.applied = append(w.applied, c)
		}
		return w.fails
	}, w.clock, slog.New(slog.NewTextHandler(w.log, nil)))
	stop := w.watch.start(t.Context(), w.asked)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	<-w.clock.idle
	return w
}

func (w *watching) status() api.ConfigFile {
	w.t.Helper()
	s, ok := w.watch.Status()
	if !ok || s.Path != w.watch.reader.path {
		w.t.Fatalf("the status is %+v, %t", s, ok)
	}
	return s
}

func (w *watching) write(name, text string) { w.t.Helper(); write(w.t, w.dir, name, text) }

// glance lets the watch look once, and returns when it is done.
func (w *watching) glance() {
	w.clock.tick <- time.Time{}
	<-w.clock.idle
}

// look lets the watch see a change, and that there is no further one.
func (w *watching) look() {
	w.glance()
	w.glance()
}

// ask makes the watch read everything, as look.
func (w *watching) ask() {
	w.asked <- syscall.SIGHUP
	<-w.clock.idle
}

// loaded looks and fails unless a configuration with just these locations came into use.
func (w *watching) loaded(names ...string) {
	w.t.Helper()
	before := len(w.applied)
	w.look()
	if len(w.applied) != before+1 {
		w.t.Fatalf("%d configurations were applied, want one; the status is %+v", len(w.applied)-before, w.status())
	}
	var got []string
	for _, l := range w.applied[before].Locations {
		got = append(got, l.Name)
	}
	if !slices.Equal(got, names) {
		w.t.Errorf("the locations are %q, want %q", got, names)
	}
	if s := w.status(); s.Error != "" || !s.ErrorSince.IsZero() || s.LoadedAt.IsZero() {
		w.t.Errorf("the status is %+v", s)
	}
}

// refused looks and fails unless nothing was applied and the status has the error.
func (w *watching) refused(want string) {
	w.t.Helper()
	before, status := len(w.applied), w.status()
	w.look()
	now := w.status()
	if len(w.applied) != before || !strings.Contains(now.Error, want) || now.ErrorSince.IsZero() || !now.LoadedAt.Equal(status.LoadedAt) {
		w.t.Errorf("%d applied, the status is %+v, want %q", len(w.applied)-before, now, want)
	}
	if status.Error != "" && !now.ErrorSince.Equal(status.ErrorSince) {
		w.t.Errorf("the error began at %s, then at %s", status.ErrorSince, now.ErrorSince)
	}
}

const refusedLine = "the one from before stays in use"

func TestConfigIsFollowed(t *testing.T) {
	one, two := "locations: [{name: a, address: '127.0.0.1:1'}]\n", "locations: [{name: b, address: '127.0.0.1:1'}]\n"
	w := watchConfig(t, one)
	w.look()
	if len(w.applied) != 0 {
		t.Error("a file that did not change was applied")
	}
	w.write("p.yaml", two)
	w.loaded("b")
	w.write("p.yaml", "locations: [\n")
	w.refused("p.yaml:2:1: ")
	w.look()
	w.write("p.yaml", "locations:  [\n")
	w.look()
	if n := strings.Count(w.log.String(), refusedLine); n != 1 {
		t.Errorf("the same mistake was logged %d times:\n%s", n, w.log)
	}
	w.write("p.yaml", "locations: [{name: b}]\n")
	w.refused(`p.yaml:1:13: location "b": address`)
	w.write("p.yaml", two)
	w.loaded("b")
	if err := os.Remove(filepath.Join(w.dir, "p.yaml")); err != nil {
		t.Fatal(err)
	}
	w.refused("no such file")
	w.write("p.yaml", one)
	w.loaded("a")
}

// An editor that writes in place empties the file, and may take its time for the rest.
func TestConfigThatIsBeingWrittenIsNotUsed(t *testing.T) {
	one, two := "locations: [{name: a, address: '127.0.0.1:1'}]\n", "locations: [{name: b, address: '127.0.0.1:1'}]\n"
	w := watchConfig(t, one)
	for _, part := range []string{"", "locations:", two} {
		w.write("p.yaml", part)
		w.glance()
		if s := w.status(); len(w.applied) > 0 || s.Error != "" {
			t.Fatalf("after %q: %d applied, the status is %+v", part, len(w.applied), s)
		}
	}
	w.glance()
	if len(w.applied) != 1 || w.applied[0].Locations[0].Name != "b" {
		t.Fatalf("applied %+v", w.applied)
	}
	w.write("p.yaml", " \n")
	w.refused("p.yaml: the file is empty; to go on without code locations, write locations: []")
	w.ask()
	if len(w.applied) != 1 {
		t.Error("an empty file was applied because somebody asked")
	}
	w.write("p.yaml", "locations: []\n")
	w.loaded()
}

// A host that was started with an empty file goes on with it.
func TestEmptyConfigStaysInUse(t *testing.T) {
	w := watchConfig(t, "")
	w.ask()
	if s := w.status(); len(w.applied) != 1 || s.Error != "" {
		t.Errorf("%d applied, the status is %+v", len(w.applied), s)
	}
}

func TestNamedFilesAreFollowed(t *testing.T) {
	w := watchConfig(t, "")
	config := func(token string) string {
		return "locations: [{name: a, address: '127.0.0.1:1', token_file: " + token + "}]\n"
	}
	w.write("p.yaml", config("token"))
	w.refused("token_file: ")
	w.write("token", "one")
	w.loaded("a")
	w.write("token", "two")
	w.loaded("a")
	if got := w.applied[1].Locations[0].Token; got != "two" {
		t.Errorf("the token is %q", got)
	}
	w.write("token", "")
	w.refused("token is empty")
	w.write("other", "three")
	w.write("p.yaml", config("other"))
	w.loaded("a")
	w.write("token", "four") // nothing names it any more
	w.look()
	if len(w.applied) != 3 {
		t.Errorf("%d configurations were applied", len(w.applied))
	}
}

func TestConfigIsReadWhenAsked(t *testing.T) {
	w := watchConfig(t, "locations: [{name: a, address: '127.0.0.1:1'}]\n")
	w.ask()
	if len(w.applied) != 1 || !strings.Contains(w.log.String(), "loaded anew") {
		t.Errorf("%d configurations were applied; the log is\n%s", len(w.applied), w.log)
	}
}

func TestConfigThatDoesNotApply(t *testing.T) {
	w := watchConfig(t, "")
	w.fails = &host.Error{Code: host.Invalid, Message: "workers of far would not reach the host"}
	w.write("p.yaml", "locations: []\n")
	w.refused("workers of far would not reach the host")
	w.fails = &host.Error{Code: host.Unavailable, Message: "stopping"}
	w.write("p.yaml", "locations: [] # again\n")
	w.refused("workers of far")
	w.fails = nil
	w.ask()
	if s := w.status(); s.Error != "" {
		t.Errorf("the status is %+v", s)
	}
}
