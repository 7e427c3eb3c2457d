package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// faultWorld is a host and a user-code server that reach each other, and are reached by workers, over connections that
// can be cut.
type faultWorld struct {
	*world

	t       testing.TB
	random  *rand.Rand
	code    *process
	toHost  *cuttable // of workers and of the user-code server's check
	toCode  *cuttable // of the host
	spool   *spoolDisk
	witness string
	stopped []int // processes that stand still
	short   bool  // the form of `make test`

	// Of this round.
	runs     map[string]*faultRun
	prefix   string // of the ids of requests
	launched int    // how many there were
	did      []string
	ends     string // see mayEnd
}

func newFaultWorld(t testing.TB) *faultWorld {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), host: freeAddress(3000), code: freeAddress(4266)}
	f := &faultWorld{world: w, t: t, witness: filepath.Join(w.dir, "witness"), runs: map[string]*faultRun{}}
	advertised, location := freeAddress(3000), freeAddress(4266)
	f.toHost, f.toCode = newCuttable(t, advertised, w.host), newCuttable(t, location, w.code)
	f.spool = newSpoolDisk(t, filepath.Join(w.dir, "spool"))
	w.hostArgs = []string{"--advertise", advertised, "--max-in-progress", "4", "--location", "code=" + location}
	t.Cleanup(f.thaw)
	f.startHost()
	f.startCode()
	return f
}

// startHost replaces the one of world, whose location is not behind a proxy.
func (f *faultWorld) startHost() {
	f.t.Helper()
	f.runHost()
	eventually(f.t, "the host answers", func() bool { return f.ask("HostService/GetHost", struct{}{}, nil) == nil })
}

func (f *faultWorld) runHost() {
	f.t.Helper()
	args := append([]string{"serve", "--listen", f.host, "--data", filepath.Join(f.dir, "data")}, f.hostArgs...)
	f.server = run(f.t, f.dir, penstock, args...)
}

func (f *faultWorld) startCode() {
	f.t.Helper()
	args := []string{"serve", "--listen", f.world.code, "--outputs", filepath.Join(f.dir, "outputs")}
	if f.spool != nil {
		args = append(args, "--spool-dir", f.spool.dir)
	}
	f.code = run(f.t, f.dir, testcode, args...)
	f.awaitState("READY")
}

// refusal is an answer of the host that is not the one that was hoped for.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.text) }

// isRefusal tells that to ask again would not help.
func isRefusal(err error) bool {
	r, ok := errors.AsType[refusal](err)
	return ok && r.status >= 400 && r.status < 500 && r.status != http.StatusTooManyRequests
}

// ask asks the host as a script does. An error may also be that it is away.
func (f *faultWorld) ask(method string, request, answer any) error {
	f.t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, "http://"+f.host+"/penstock.host.v1."+method, bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return refusal{res.StatusCode, string(text)}
	case answer == nil:
		return nil
	default:
		return json.Unmarshal(text, answer)
	}
}

// start is a line of the witness.
type start struct {
	run, attempt, op, opAttempt string
	pid                         int
}

// starts is every start of user code so far. The file was never written by anybody but user code.
func (f *faultWorld) starts() []start {
	f.t.Helper()
	data, err := os.ReadFile(f.witness)
	if err != nil && !os.IsNotExist(err) {
		f.t.Fatal(err)
	}
	var list []start
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) != 5 || !strings.HasSuffix(line, "\n") {
			continue // being written
		}
		pid, err := strconv.Atoi(fields[4])
		if err != nil {
			f.t.Fatalf("witness: %q", line)
		}
		list = append(list, start{fields[0], fields[1], fields[2], fields[3], pid})
	}
	return list
}

// worker is a process that executes a run of this round, at random; 0 when there is none.
func (f *faultWorld) worker() (int, *faultRun) {
	f.t.Helper()
	list := f.starts()
	for _, i := range f.random.Perm(len(list)) {
		if s := list[i]; f.runs[s.run] != nil && isWorker(s.pid) {
			return s.pid, f.runs[s.run]
		}
	}
	return 0, nil
}

// awaitWorker waits until user code of a run has started; 0 when that worker has ended meanwhile.
func (f *faultWorld) awaitWorker(r *faultRun) (pid int) {
	f.t.Helper()
	eventually(f.t, "user code of run "+r.id+" starts", func() bool {
		list := f.starts()
		i := slices.IndexFunc(list, func(s start) bool { return s.run == r.id })
		if i >= 0 && isWorker(list[i].pid) {
			pid = list[i].pid
		}
		return i >= 0
	})
	return pid
}

// isWorker keeps faults from a process that got the number of a worker that has ended.
func isWorker(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(line, []byte("penstock-worker")) && bytes.Contains(line, []byte(filepath.Base(testcode)))
}

// stand lets a process stand still until thaw.
func (f *faultWorld) stand(pid int) {
	if syscall.Kill(pid, syscall.SIGSTOP) == nil {
		f.stopped = append(f.stopped, pid)
	}
}

// thaw lets all that stands still, and all that was held back, go on.
func (f *faultWorld) thaw() {
	for _, pid := range f.stopped {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	f.stopped = nil
	f.toHost.thaw()
	f.toCode.thaw()
}

// live are the runs of this round in a fixed order, so that a seed chooses the same one.
func (f *faultWorld) live() []*faultRun {
	return slices.SortedFunc(maps.Values(f.runs), func(a, b *faultRun) int { return strings.Compare(a.id, b.id) })
}

// pause waits between faults: their distance is what a seed varies, nothing is awaited.
func (f *faultWorld) pause(most time.Duration) {
	select {
	case <-time.After(time.Duration(f.random.Int64N(int64(most)))):
	case <-f.t.Context().Done():
	}
}
