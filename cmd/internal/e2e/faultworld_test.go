package e2e

import (
	"bytes"
	"encoding/json"
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
	witness string
	stopped []int // processes that stand still

	runs map[string]*faultRun // of this round
	// excused are runs whose worker a fault has killed: how they end is open.
	excused map[string]bool
}

// faultRun is a run that was launched, and what is known of it from outside.
type faultRun struct {
	id             string
	lines          int
	fails, cancels bool
	seen           []string // events that somebody was shown, as JSON
}

func newFaultWorld(t testing.TB) *faultWorld {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), host: freeAddress(3000), code: freeAddress(4266)}
	f := &faultWorld{world: w, t: t, witness: filepath.Join(w.dir, "witness"), runs: map[string]*faultRun{}, excused: map[string]bool{}}
	advertised, location := freeAddress(3000), freeAddress(4266)
	f.toHost, f.toCode = newCuttable(t, advertised, w.host), newCuttable(t, location, w.code)
	w.hostArgs = []string{"--advertise", advertised, "--max-in-progress", "4", "--location", "code=" + location}
	t.Cleanup(f.thaw)
	f.startHost()
	f.startCode()
	return f
}

// startHost replaces the one of world, whose location is not behind a proxy.
func (f *faultWorld) startHost() {
	f.t.Helper()
	args := append([]string{"serve", "--listen", f.host, "--data", filepath.Join(f.dir, "data")}, f.hostArgs...)
	f.server = run(f.t, f.dir, penstock, args...)
	eventually(f.t, "the host answers", func() bool { _, err := f.call("HostService/GetHost", `{}`); return err == nil })
}

func (f *faultWorld) startCode() {
	f.t.Helper()
	f.code = run(f.t, f.dir, testcode, "serve", "--listen", f.world.code)
	f.awaitState("READY")
}

// call asks the host as a script does. An error may also be that it is away.
func (f *faultWorld) call(method, body string) (map[string]any, error) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, "http://"+f.host+"/penstock.host.v1."+method, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", res.Status, text)
	}
	var object map[string]any
	return object, json.Unmarshal(text, &object)
}

// launchFaulty launches a run and repeats the request, the same one, until it is answered.
func (f *faultWorld) launchFaulty(name string, r *faultRun, config string) {
	f.t.Helper()
	request, err := json.Marshal(map[string]string{"requestId": name, "job": "faulty", "configYaml": config})
	if err != nil {
		f.t.Fatal(err)
	}
	eventually(f.t, "the launch of "+name+" is answered", func() bool {
		answer, err := f.call("RunService/LaunchRun", string(request))
		if err != nil {
			return false
		}
		launched, _ := answer["run"].(map[string]any)
		r.id, _ = launched["id"].(string)
		return r.id != ""
	})
	if f.runs[r.id] != nil {
		f.t.Fatalf("two launches made the same run %s", r.id)
	}
	f.runs[r.id] = r
}

// statusOf is a run's status and its reason; empty while the host is away.
func (f *faultWorld) statusOf(id string) (status, reason string) {
	f.t.Helper()
	answer, err := f.call("RunService/GetRun", fmt.Sprintf(`{"id": %q}`, id))
	if err != nil {
		return "", err.Error()
	}
	r, _ := answer["run"].(map[string]any)
	status, _ = r["status"].(string)
	reason, _ = r["statusReason"].(string)
	return strings.TrimPrefix(status, "RUN_STATUS_"), reason
}

// look remembers what a run's followers have been shown, if the host answers.
func (f *faultWorld) look(r *faultRun) {
	f.t.Helper()
	a := f.cli("run", "events", r.id, "--json", "--host", f.host)
	if a.code == 0 {
		f.compare(r, a.out)
	}
}

// compare tells whether what was shown once is still there, in its place, and remembers what is.
func (f *faultWorld) compare(r *faultRun, text string) {
	f.t.Helper()
	now := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range r.seen {
		if i >= len(now) || now[i] != line {
			f.t.Errorf("run %s: event %d was %s, and is now %s", r.id, i, line, strings.Join(now[min(i, len(now)):min(i+1, len(now))], ""))
			return
		}
	}
	r.seen = now
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
func (f *faultWorld) worker() (pid int, id string) {
	f.t.Helper()
	list := f.starts()
	for _, i := range f.random.Perm(len(list)) {
		if s := list[i]; f.runs[s.run] != nil && isWorker(s.pid) {
			return s.pid, s.run
		}
	}
	return 0, ""
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
