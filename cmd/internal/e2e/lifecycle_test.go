package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestStopWithOpenStreams: a host that is told to stop does so in time, whoever holds on to it, and what held on goes
// on with the next one.
func TestStopWithOpenStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id, open, _ := w.gated(10, false)
	follower := run(t, w.dir, penstock, "run", "logs", "-f", id, "--host", w.host)
	eventually(t, "the follower has seen the lines", func() bool { return strings.Contains(follower.out.String(), "before") })
	for _, request := range []string{
		"",                             // connected, silent
		"GET / HTTP/1.1\r\nHost: loc",  // headers that never end
		"PRI * HTTP/2.0\r\n\r\nSM\r\n", // a preface that never ends
		"POST /penstock.host.v1.RunService/ListRuns HTTP/1.1\r\nHost: localhost\r\n" +
			"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{", // a body that never ends
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", w.host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	if code := w.server.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %s, want at most 10 s", took)
	}
	w.startHost()
	open()
	w.awaitStatus(id, "SUCCESS")
	if code := follower.exited(); code != 0 || strings.Count(follower.out.String(), "after") != 10 {
		t.Errorf("the follower: exit code %d\n%s", code, follower.out)
	}
}

// TestHungUserCode stops user code in its tracks, as a debugger or a machine without memory does.
func TestHungUserCode(t *testing.T) {
	t.Parallel()
	other := freeAddress(4266)
	w := newWorld(t, "--location", "other="+other)
	server := w.serve(tutorial)
	run(t, w.dir, tutorial, "serve", "--listen", other)
	eventually(t, "the other location is READY", func() bool { return w.jsonOf("location", "show", "other")["state"] == "READY" })
	if err := server.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 3 {
		ids = append(ids, w.launch("code/tutorial/my_job_with_tags"))
	}
	w.want(0, "run", "launch", "other/tutorial/my_job_with_tags", "--wait")
	w.awaitState("STALE")
	if text := fmt.Sprint(w.jsonOf("location", "show", "code")); !strings.Contains(text, "took longer than 5s") || !strings.Contains(text, "not stuck") {
		t.Errorf("the location is %s", text)
	}
	w.want(0, "run", "launch", "other/tutorial/my_job_with_tags", "--wait")
	for _, id := range ids {
		w.awaitStatus(id, "WAITING_FOR_CODE")
	}
	if err := server.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		w.awaitStatus(id, "SUCCESS")
	}
}

// TestManyRunsAtOnce: all end well, no more are in progress than allowed, and nothing of them stays behind in the host.
func TestManyRunsAtOnce(t *testing.T) {
	t.Parallel()
	const runs, limit = 60, 5
	w := newWorld(t, "--max-in-progress", strconv.Itoa(limit))
	w.serve(tutorial)
	w.want(0, "run", "launch", "my_job_with_tags", "--wait") // what is made once is made
	before := w.metrics("go_goroutines", "process_open_fds")

	var launches sync.WaitGroup
	for i := range runs {
		launches.Go(func() {
			w.post("LaunchRun", fmt.Sprintf(`{"requestId": "many-runs-at-once-%d", "job": "my_job_with_tags"}`, i))
		})
	}
	launches.Wait()
	eventually(t, "all runs have ended", func() bool {
		m := w.metrics("penstock_queue_in_progress", "penstock_queue_waiting")
		if m[0] > limit {
			t.Errorf("%v runs are in progress, want at most %d", m[0], limit)
		}
		return m[0]+m[1] == 0
	})
	list, _ := w.jsonOf("run", "list", "--status", "SUCCESS", "--limit", "1000")["runs"].([]any)
	if len(list) != runs+1 {
		t.Errorf("%d runs succeeded, want %d", len(list), runs+1)
	}
	for _, r := range list {
		if object, _ := r.(map[string]any); fmt.Sprint(object["attempt"]) != "1" {
			t.Errorf("run %v took %v attempts", object["id"], object["attempt"])
		}
	}
	// The streams of the last workers may just be ending. One connection more or less is ours.
	const slack = 5
	eventually(t, "the host is as it was", func() bool {
		after := w.metrics("go_goroutines", "process_open_fds")
		return after[0] <= before[0]+slack && after[1] <= before[1]+slack
	})
}

// post calls the host's RunService as a script does, and returns the answer.
func (w *world) post(method, body string) string {
	w.t.Helper()
	return w.do(http.MethodPost, "/penstock.host.v1.RunService/"+method, body)
}

// metrics are the values of the host's metrics of these names.
func (w *world) metrics(names ...string) []float64 {
	w.t.Helper()
	values := make([]float64, len(names))
	text := w.do(http.MethodGet, "/metrics", "")
	for i, name := range names {
		_, rest, found := strings.Cut(text, "\n"+name+" ")
		value, _, _ := strings.Cut(rest, "\n")
		var err error
		if values[i], err = strconv.ParseFloat(value, 64); err != nil || !found {
			w.t.Errorf("metric %s is %q: %v", name, value, err)
		}
	}
	return values
}

func (w *world) do(method, path, body string) string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.host+path, strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return ""
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Error(err)
		return ""
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Errorf("%s: %s %s %v", path, res.Status, answer, err)
	}
	return string(answer)
}
