package boltstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// crashDir names the directory that a writer process writes to, in its environment.
const crashDir = "BOLTSTORE_CRASH_DIR"

const (
	crashRounds  = 40
	crashWorkers = 6
	crashEvents  = 7 // of each run
)

// crashWriter takes runs through their lives until it is killed. It says on its standard output what it tries and
// what was answered.
func crashWriter(dir string) {
	var mu sync.Mutex
	say := func(what string, run host.Run, n uint64) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(os.Stdout, what, run.ID, run.Seq, n)
	}
	s, err := Open(dir, nil)
	if err == nil {
		var wg sync.WaitGroup
		for range crashWorkers {
			wg.Go(func() {
				for {
					if err := crashLife(context.Background(), s, say); err != nil {
						mu.Lock()
						fmt.Fprintln(os.Stdout, "error", strings.ReplaceAll(err.Error(), "\n", " "))
						os.Exit(1)
					}
				}
			})
		}
		wg.Go(func() {
			if err := crashLocation(context.Background(), s, say); err != nil {
				mu.Lock()
				fmt.Fprintln(os.Stdout, "error", strings.ReplaceAll(err.Error(), "\n", " "))
				os.Exit(1)
			}
		})
		wg.Wait()
	}
	fmt.Fprintln(os.Stdout, "error", err)
	os.Exit(1)
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
}

func TestKilledWriterLosesNothingAnswered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	known := map[host.RunID]*answered{}
	for round := range crashRounds {
		crashOnce(t, dir, rand.IntN(120), known)
		s, err := Open(dir, nil)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		checkAnswered(t, s, known)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		checkFiles(t, dir)
		checkPurged(t, dir)
		if t.Failed() {
			t.Fatalf("after round %d", round)
		}
	}
	if len(known) < crashRounds || known[crashLocationID] == nil {
		t.Errorf("only %d runs were made in all, and of the location: %+v", len(known), known[crashLocationID])
	}
}

// crashOnce runs a writer process and kills it after it has said some lines.
func crashOnce(t *testing.T, dir string, lines int, known map[host.RunID]*answered) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for n := 0; said.Scan(); n++ { // also what it said before it noticed
		if n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		learn(t, said.Text(), known)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() {
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
	}
}

// checkAnswered checks that what was answered is there, and that nothing is there by half.
func checkAnswered(t *testing.T, s *Store, known map[host.RunID]*answered) {
	t.Helper()
	page, err := s.Runs(t.Context(), nil, 0, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	there := map[host.RunID]bool{}
	for _, run := range page.Runs {
		there[run.ID] = true
		a := known[run.ID]
		if a == nil {
			a = &answered{}
		}
		if a.deleted || a.starting && run.Attempt == 0 || a.ended && !run.Status.Final() {
			t.Errorf("run %d is %s, and its writer knew more: %+v", run.Seq, run.Status, *a)
		}
		checkWhole(t, s, run, a.events)
	}
	checkCrashLocation(t, s, known[crashLocationID])
	for id, a := range known {
		if !there[id] && !a.deleting && id != crashLocationID {
			t.Errorf("run %s was answered and is gone: %+v", id, *a)
		}
	}
}

// checkCrashLocation checks that a location is there as it was answered or one deploy later, with a history that fits.
func checkCrashLocation(t *testing.T, s *Store, a *answered) {
	t.Helper()
	all, err := s.KnownLocations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a == nil || len(all) == 0 {
		if a != nil {
			t.Errorf("the location was answered and is gone: %+v", *a)
		}
		return
	}
	l := all[0]
	generation, _ := strconv.ParseUint(l.CodeVersion, 10, 64)
	if generation < a.known || generation > a.known+1 {
		t.Errorf("the location is of generation %d, and %d was answered", generation, a.known)
	}
	a.known = generation // what the next writer goes on from, though nobody was told
	if generation == a.touched && !l.AnsweredAt.Equal(l.LoadedAt.Add(time.Second)) {
		t.Errorf("the touch of generation %d was answered and is gone", generation)
	}
	changing := historyOf(t, s, 0)
	if got := changing[0].Seq; got != generation {
		t.Errorf("the job that each deploy changes has %d periods after %d deploys", got, generation)
	}
	for i, p := range changing {
		if want := fmt.Sprint("definition ", generation-uint64(i)); p.First.Definition != digestOf([]byte(want)) || p.Current != (i == 0) {
			t.Errorf("period %d of it is not %q, or current: %t", p.Seq, want, p.Current)
		}
		if body, err := s.Body(t.Context(), p.First.Definition); err != nil || len(body) == 0 {
			t.Errorf("the definition of period %d: %v", p.Seq, err)
		}
	}
	if steady := historyOf(t, s, 1); steady[0].Current != (generation%5 > 0) || steady[0].Seq != 1+(generation-1)/5 {
		t.Errorf("after %d deploys the steady job has %d periods, current: %t", generation, steady[0].Seq, steady[0].Current)
	}
}

// checkWhole checks that the parts of a run, which lie in several places, fit each other.
func checkWhole(t *testing.T, s *Store, run host.Run, answeredEvents uint64) {
	t.Helper()
	events, err := s.Events(t.Context(), run.ID, host.Cursor{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	notes, last := "", uint64(0)
	for _, e := range events {
		if e.Cursor.Note > 0 {
			notes += string(e.Data) + " "
			continue
		}
		if last++; e.Cursor.Seq != last || string(e.Data) != fmt.Sprint(last) {
			t.Errorf("run %d: event %d is %q at %s", run.Seq, last, e.Data, e.Cursor)
		}
	}
	want := map[host.RunStatus]string{
		host.Queued: "queued ", host.Starting: "queued starting ", host.Success: "queued starting ended ",
	}[run.Status]
	if notes != want {
		t.Errorf("run %d is %s and has notes %q, want %q", run.Seq, run.Status, notes, want)
	}
	if last < answeredEvents || run.Status.Final() && last != crashEvents {
		t.Errorf("run %d is %s and has %d events; %d were answered", run.Seq, run.Status, last, answeredEvents)
	}
	request := "request " + string(run.ID)
	if made, err := s.RunOfRequest(t.Context(), request); err != nil || made.ID != run.ID {
		t.Errorf("run %d is not found by its request: %v", run.Seq, err)
	}
	if body, err := s.Body(t.Context(), run.Launched.Definition); err != nil || string(body) != request {
		t.Errorf("run %d has body %q, %v", run.Seq, body, err)
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
