package alert_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
	"github.com/penstock-run/penstock/host/store/boltstore"
)

// Variables of the child process that a test kills: the directory of the store, and the URL of the receiver.
const (
	childStore = "PENSTOCK_ALERT_TEST_STORE"
	childURL   = "PENSTOCK_ALERT_TEST_URL"
	childRun   = "PENSTOCK_ALERT_TEST_RUN"
)

// realClock is the machine's.
type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// child is a host that has nothing but alerts. It fails a run if told so, says which, and goes on until it is killed.
func child(dir string) {
	must := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	feed := &host.Feed{}
	store, err := boltstore.Open(dir, &boltstore.Options{Clock: realClock{}, OnChange: feed.Publish})
	must(err)
	rule, problems := alert.NewRule(alert.RuleText{Name: "a", When: "status=failure", URL: os.Getenv(childURL)}, nil)
	if len(problems) > 0 {
		must(fmt.Errorf("%v", problems))
	}
	a := newAlerter(store, feed, realClock{}, &http.Transport{}, slog.New(slog.NewTextHandler(os.Stderr, nil)), []alert.Rule{rule})
	must(a.Start(context.Background()))
	fmt.Fprintln(os.Stdout, "ready")
	if os.Getenv(childRun) != "" {
		id := host.RunID(uuid.Must(uuid.NewV7()).String())
		_, _, err = store.CreateRun(context.Background(), host.NewRun{RequestID: "request-" + string(id), Run: host.Run{
			ID: id, Job: host.JobName{Location: "l", Repository: "r", Job: "x"}, Status: host.Queued,
		}})
		must(err)
		_, err = store.UpdateRun(context.Background(), id, func(r *host.Run) ([][]byte, error) {
			r.Status, r.EndedAt = host.Failure, time.Now()
			return nil, nil
		})
		must(err)
		fmt.Fprintln(os.Stdout, id) // the end is on disk
	}
	select {}
}

// startChild starts one, waits until its rule is in use, and returns what kills it and waits for that.
func startChild(t *testing.T, dir, url string, run bool) (out *bufio.Reader, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childStore+"="+dir, childURL+"="+url)
	if run {
		cmd.Env = append(cmd.Env, childRun+"=1")
	}
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out = bufio.NewReader(stdout)
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if line, err := out.ReadString('\n'); line != "ready\n" {
		kill()
		t.Fatalf("the host says %q (%v)", line, err)
	}
	return out, kill
}

// TestKilledHostsTellAllTheSame kills hosts right after a run's end was stored, whatever became of the message by then, and
// while the receiver has it but did not answer.
func TestKilledHostsTellAllTheSame(t *testing.T) {
	dir, r := t.TempDir(), newReceiver(t)
	_, kill := startChild(t, dir, r.URL, false) // so that the rule is there
	kill()

	asked, leave := make(chan string, 10), make(chan struct{})
	defer close(leave)
	r.refuseWith(func(_ http.ResponseWriter, req *http.Request) {
		asked <- req.Header.Get("Idempotency-Key")
		select { // no answer
		case <-req.Context().Done():
		case <-leave:
		}
	})
	out, kill := startChild(t, dir, r.URL, true)
	line, err := out.ReadString('\n')
	kill()
	if err != nil {
		t.Fatal(err)
	}
	_, kill = startChild(t, dir, r.URL, false)
	var id string
	select {
	case id = <-asked:
	case <-t.Context().Done():
		t.Fatal("the test took too long")
	}
	kill()
	for len(asked) > 0 { // the first host was quick enough to ask as well
		if again := <-asked; again != id {
			t.Errorf("the message has the ids %s and %s", id, again)
		}
	}
	r.takeAgain()
	_, kill = startChild(t, dir, r.URL, false)
	defer kill()
	if got := r.wantRuns(t, host.RunID(strings.TrimSpace(line)))[0]; got.id != id {
		t.Errorf("the message has the id %s, and had %s", got.id, id)
	}
}
