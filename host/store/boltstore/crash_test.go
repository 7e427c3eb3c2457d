package boltstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/storetest"
)

// crashDir names the directory that a writer process writes to, in its environment.
const crashDir = "BOLTSTORE_CRASH_DIR"

const (
	crashWorkers = 6
	crashEvents  = 7 // of each run
)

// crashOptions let chunks of the index be sealed, and epochs begun and removed, all the time.
func crashOptions() *Options {
	return &Options{Clock: wallClock{}, MetadataTexts: storetest.MetadataTexts, chunkBits: 5, epochBytes: smallEpochs}
}

// crashWriter takes runs through their lives until it is killed. It says on its standard output what it tries and
// what was answered.
func crashWriter(dir string) {
	var mu sync.Mutex
	say := func(what string, run host.Run, n uint64) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(os.Stdout, what, run.ID, run.Seq, n)
	}
	fail := func(err error) {
		mu.Lock() // nobody says anything after this
		fmt.Fprintln(os.Stdout, "error", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	s, err := Open(dir, crashOptions())
	if err != nil {
		fail(err)
	}
	var wg sync.WaitGroup
	for _, load := range append([]func(context.Context, *Store, func(string, host.Run, uint64)) error{
		crashLocation, crashTags, crashBulk, crashTidy, crashTicks, crashBackfill,
	}, slices.Repeat([]func(context.Context, *Store, func(string, host.Run, uint64)) error{crashLife}, crashWorkers)...) {
		wg.Go(func() {
			for {
				if err := load(context.Background(), s, say); err != nil {
					fail(err)
				}
			}
		})
	}
	wg.Wait()
}

// crashLife takes one run through its life. A note tells of each change, so that one without the other can be seen.
func crashLife(ctx context.Context, s *Store, say func(what string, run host.Run, n uint64)) error {
	n := newRun()
	body := []byte(n.RequestID)
	n.Bodies = map[host.Digest][]byte{digestOf(body): body}
	n.Run.Launched.Definition = digestOf(body)
	run, _, err := s.CreateRun(ctx, n)
	if err != nil {
		return err
	}
	say("created", run, 0)
	become := func(status host.RunStatus, note string) error {
		_, err := s.UpdateRun(ctx, run.ID, func(r *host.Run) ([][]byte, error) {
			r.Status, r.Attempt = status, 1
			return [][]byte{[]byte(note)}, nil
		})
		return err
	}
	if err := become(host.Starting, "starting"); err != nil {
		return err
	}
	say("starting", run, 0)
	for last := uint64(1); last <= crashEvents; last += 2 {
		if _, err := s.AppendEvents(ctx, run.ID, numbered(max(3, last)-2, last)); err != nil {
			return err
		}
		say("events", run, last)
	}
	if err := become(host.Success, "ended"); err != nil {
		return err
	}
	say("ended", run, 0)
	if run.Seq%3 > 0 {
		return nil
	}
	say("deleting", run, 0)
	if err := s.DeleteRun(ctx, run.ID); err != nil {
		return err
	}
	say("deleted", run, 0)
	return nil
}

// crashLocation is the id that a writer process tells of what is known of a location by.
const crashLocationID host.RunID = "location"

// crashLocation deploys one job of two again and again, from where a process before stopped. The steady one is gone
// while the generation is a multiple of 5.
func crashLocation(ctx context.Context, s *Store, say func(what string, run host.Run, n uint64)) error {
	generation := 0
	all, err := s.KnownLocations(ctx)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		if generation, err = strconv.Atoi(all[0].CodeVersion); err != nil {
			return err
		}
	}
	for {
		generation++
		l, bodies := knownHere(generation, fmt.Sprint("definition ", generation))
		l.CodeVersion = strconv.Itoa(generation)
		if generation%5 > 0 {
			steady := []byte("steady")
			bodies[digestOf(steady)] = steady
			l.Repositories[0].Jobs = append(l.Repositories[0].Jobs, host.KnownJob{Name: "job_00001", Definition: digestOf(steady)})
		}
		if err := s.PutKnownLocation(ctx, l, bodies); err != nil {
			return err
		}
		say("known", host.Run{ID: crashLocationID}, uint64(generation))
		seen := l.AnsweredAt.Add(time.Second)
		if err := s.TouchKnownLocations(ctx, map[string]time.Time{"here": seen}); err != nil {
			return err
		}
		say("touched", host.Run{ID: crashLocationID}, uint64(generation))
	}
}

// answered is what a writer process was told of a run before it was killed.
type answered struct {
	starting, ended, deleting, deleted bool
	events                             uint64
	// known and touched are generations of the location.
	known, touched uint64
	// tagged is the number that was answered as the run's tag, bulk how far the action on many runs was.
	tagged, bulk uint64
	// tick is the last tick of the sensor, backfill how far the backfill was.
	tick, backfill uint64
}

func TestKilledWriterLosesNothingAnswered(t *testing.T) {
	crashRounds(t, 20, func(w *crash) { w.lines = rand.IntN(150) })
}

// crashesPerStore is how many times the writer of a store is killed: what is checked after each grows with the store.
const crashesPerStore = 40

// crashRounds kills a writer so many times, or as often as the environment says, each time as prepare says, and looks at
// what it left.
func crashRounds(t *testing.T, rounds int, prepare func(w *crash)) {
	t.Helper()
	if text := os.Getenv(crashRoundsVar); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s is %q, which is no number", crashRoundsVar, text)
		}
	}
	var dir string
	var known map[host.RunID]*answered
	said, ended := 0, map[string]int{}
	for round := range rounds {
		if round%crashesPerStore == 0 {
			dir, known = filepath.Join(t.TempDir(), "store"), map[host.RunID]*answered{}
		}
		w := crash{dir: dir, known: known, lines: 150}
		prepare(&w)
		w.run(t)
		said += w.said
		ended[w.end]++
		s, err := Open(dir, crashOptions())
		if err != nil {
			t.Fatalf("round %d, %s: %v", round, w.end, err)
		}
		checkAnswered(t, s, known)
		checkSelects(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		checkStore(t, dir, crashOptions())
		checkPurged(t, dir)
		if t.Failed() {
			t.Fatalf("after round %d, %s", round, w.end)
		}
	}
	t.Logf("%d rounds, %d answers, ended by %v", rounds, said, ended)
	if said < rounds {
		t.Errorf("the writers said only %d things in %d rounds", said, rounds)
	}
}

// crashRoundsVar says in the environment how many times writers are killed.
const crashRoundsVar = "BOLTSTORE_CRASH_ROUNDS"

// crash is one run of a writer process.
type crash struct {
	dir   string
	known map[host.RunID]*answered
	// lines is after how much that it said it is killed, at the latest.
	lines int
	// under is what it runs under; empty: by itself.
	under []string

	said int
	end  string
}

// run runs a writer process until it is killed, or ends by what is injected.
func (w *crash) run(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := append(slices.Clone(w.under), self)
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), crashDir+"="+w.dir)
	cmd.Stderr = os.Stderr
	kill := killable(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.end = "its own"
	said := bufio.NewScanner(out)
	for ; said.Scan(); w.said++ { // also what it said before it noticed
		if w.said == w.lines {
			w.end = "a kill"
			if err := kill(); err != nil {
				t.Fatal(err)
			}
		}
		if text, failed := strings.CutPrefix(said.Text(), "error "); failed && len(w.under) > 0 {
			w.end = "an error"
			if !strings.Contains(text, "unknown") && !strings.Contains(text, "takes no more writes") && !strings.Contains(text, "error") && !strings.Contains(text, "no space") {
				t.Errorf("the writer ended with %s", text)
			}
			continue
		}
		learn(t, said.Text(), w.known)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() && len(w.under) == 0 {
		t.Fatalf("the writer ended with %v, want it killed", err)
	}
}

func learn(t *testing.T, line string, known map[host.RunID]*answered) {
	t.Helper()
	var what string
	var id host.RunID
	var seq, n uint64
	if _, err := fmt.Sscan(line, &what, &id, &seq, &n); err != nil {
		t.Errorf("the writer said %q", line)
		return
	}
	a := known[id]
	if a == nil {
		a = &answered{}
		known[id] = a
	}
	switch what {
	case "starting":
		a.starting = true
	case "events":
		a.events = n
	case "ended":
		a.ended = true
	case "deleting":
		a.deleting = true
	case "deleted":
		a.deleted = true
	case "known":
		a.known = n
	case "touched":
		a.touched = n
	case "tagged":
		a.tagged = n
	case "bulk":
		a.bulk = n
	case "tick":
		a.tick = n
	case "backfill":
		a.backfill = n
	}
}

// checkPurged checks that an open finished the deletes that a crash left.
func checkPurged(t *testing.T, dir string) {
	t.Helper()
	runs := map[uint64]bool{}
	readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
		if k, _ := tx.Bucket(bucketPurge).Cursor().First(); k != nil {
			t.Errorf("the events of run %x are still to be removed", k)
		}
		return tx.Bucket(bucketRuns).ForEach(func(k, _ []byte) error {
			seq, _ := seqOf(k)
			runs[seq] = true
			return nil
		})
	})
	for _, name := range epochFiles(t, dir) {
		readOnly(t, filepath.Join(dir, name), func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketEvents).ForEach(func(k, _ []byte) error {
				if seq, _ := seqOf(k[:seqLen]); !runs[seq] {
					t.Errorf("events of run %d are there, which is not", seq)
				}
				return nil
			})
		})
	}
}

// TestOpenFinishesDeletes stops a delete right after its first transaction.
func TestOpenFinishesDeletes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, nil)
	run := start(t, s)
	if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 300)); err != nil {
		t.Fatal(err)
	}
	run = updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Failure })
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		x.deleteRun(&run)
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, nil)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkPurged(t, dir)
}
