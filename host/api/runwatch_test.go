package api_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func TestWatchRuns(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	watch := func(filter *hostv1.RunFilter) func() *hostv1.WatchRunsResponse {
		stream, err := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{Filter: filter})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = stream.Close() })
		next := func() *hostv1.WatchRunsResponse {
			m, err := stream.Receive()
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		if first := next(); first.GetRun() != nil || first.GetResync() {
			t.Errorf("the first message is %v, want an empty one", first)
		}
		return next
	}
	all := watch(nil)
	queued := watch(&hostv1.RunFilter{
		Job: "my_job_with_tags", Statuses: []hostv1.RunStatus{hostv1.RunStatus_RUN_STATUS_QUEUED},
	})
	other := f.launch(&hostv1.LaunchRunRequest{Job: "plain", ConfigYaml: "{}"})
	if m := all(); m.GetRun().GetId() != other.GetId() || !m.GetMatches() || m.GetRun().GetConfigYaml() != "" {
		t.Errorf("a new run is told as %v", m)
	}
	run := f.launch(&hostv1.LaunchRunRequest{Job: "my_job_with_tags"})
	if m := all(); m.GetRun().GetId() != run.GetId() {
		t.Errorf("the second run is told as %v", m)
	}
	if m := queued(); m.GetRun().GetId() != run.GetId() || !m.GetMatches() {
		t.Errorf("with a filter the first told is %v, want the run of the job", m)
	}
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: run.GetId()}); err != nil {
		t.Fatal(err)
	}
	if m := queued(); m.GetRun().GetId() != run.GetId() || m.GetMatches() || m.GetRun().GetStatus() != hostv1.RunStatus_RUN_STATUS_CANCELED {
		t.Errorf("a run that no longer matches is told as %v", m)
	}
	if _, err := f.runs.DeleteRun(t.Context(), &hostv1.DeleteRunRequest{Id: run.GetId()}); err != nil {
		t.Fatal(err)
	}
	if m := queued(); m.GetRun().GetId() != run.GetId() || !m.GetDeleted() {
		t.Errorf("a deleted run is told as %v", m)
	}
}

func TestWatchRunsRefusesWhatListDoes(t *testing.T) {
	f := newFixture(t, settings{})
	stream, err := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{Filter: &hostv1.RunFilter{Job: "a//b"}})
	if err == nil {
		_, err = stream.Receive()
	}
	if connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("watch with a bad job: %v", err)
	}
}

// TestSlowWatcher opens watches, does not read them, and changes more than their connections and the host hold.
func TestSlowWatcher(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	f.server.LimitPending(2)
	quick := f.runs
	f.dial(&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return conn, conn.(*net.TCPConn).SetReadBuffer(128 << 10)
		},
	}}, connecthttp.WithCompressors()) // compressed, the changes would fit into the buffers on the way
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	watching := f.runs
	f.runs = quick
	slow, err := watching.WatchRuns(ctx, &hostv1.WatchRunsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := slow.Receive(); err != nil {
		t.Fatal(err)
	}
	// Another that never reads: Stop must not wait for it.
	gone, err := watching.WatchRuns(ctx, &hostv1.WatchRunsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer gone.Close()
	var tags []*tagv1.Tag
	for i := range 100 {
		tags = append(tags, &tagv1.Tag{Key: fmt.Sprintf("k%d", i), Value: strings.Repeat("x", 4000)})
	}
	const launches = 20 // 8 MB; that each is answered shows that nobody waits for the watchers
	for range launches {
		f.launch(&hostv1.LaunchRunRequest{Job: "plain", Tags: tags})
	}
	told := 0
	for {
		m, err := slow.Receive()
		if err != nil {
			t.Fatalf("after %d of %d changes: %v, want resync", told, launches, err)
		}
		if m.GetResync() {
			break
		}
		told++
	}
	if told >= launches {
		t.Errorf("all %d changes were told and resync, too", told)
	}
	began := time.Now()
	f.stop()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("Stop took %s", took)
	}
}

func TestWatchRunEventsResumesAnywhere(t *testing.T) {
	f, _ := withPeer(t, settings{}, hosttest.Current())
	run := f.launch(&hostv1.LaunchRunRequest{Job: "nested"})
	all, _ := f.follow(run.GetId())
	for from := range all {
		stream, err := f.runs.WatchRunEvents(t.Context(), &hostv1.WatchRunEventsRequest{RunId: run.GetId(), After: cursorOf(all, from), NoFollow: true})
		if err != nil {
			t.Fatal(err)
		}
		var rest []*hostv1.StoredEvent
		for {
			m, err := stream.Receive()
			if isEOF(err) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rest = append(rest, m.GetEvents()...)
		}
		if len(rest) != len(all)-from-1 || len(rest) > 0 && !proto.Equal(rest[0], all[from+1]) {
			t.Errorf("after event %d of %d came %d", from+1, len(all), len(rest))
		}
	}
}

// cursorOf is the cursor after all[i], as a client gets it.
func cursorOf(all []*hostv1.StoredEvent, i int) string {
	c := host.Cursor{}
	for _, e := range all[:i+1] {
		if e.GetSeq() > 0 {
			c = host.Cursor{Attempt: e.GetAttempt(), Seq: e.GetSeq()}
			continue
		}
		if e.GetAttempt() != c.Attempt {
			c = host.Cursor{Attempt: e.GetAttempt()}
		}
		c.Note++
	}
	return c.String()
}

func TestWatchRunEventsErrors(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	for _, c := range []struct {
		req  *hostv1.WatchRunEventsRequest
		code connect.Code
	}{
		{&hostv1.WatchRunEventsRequest{RunId: run.GetId(), After: "x"}, connect.CodeInvalidArgument},
		{&hostv1.WatchRunEventsRequest{RunId: uuid.NewString()}, connect.CodeNotFound},
		{&hostv1.WatchRunEventsRequest{RunId: "x"}, connect.CodeNotFound},
	} {
		stream, err := f.runs.WatchRunEvents(t.Context(), c.req)
		if err == nil {
			_, err = stream.Receive()
		}
		if connect.CodeOf(err) != c.code {
			t.Errorf("watch %v: %v, want %s", c.req, err, c.code)
		}
	}
}

// TestUnreadableEventSpoilsOnlyItself stores events as a worker sent them that are no events.
func TestUnreadableEventSpoilsOnlyItself(t *testing.T) {
	f := newFixture(t, settings{})
	id := f.starting()
	good, err := proto.Marshal(&workerv1.Event{Kind: "log", Message: "good"})
	if err != nil {
		t.Fatal(err)
	}
	notUTF8 := []byte("\x22\x02\xff\xfe")
	if _, err := f.store.AppendEvents(t.Context(), id, host.EventBatch{Attempt: 1, First: 1, Events: [][]byte{good, {0xff}, notUTF8, good}}); err != nil {
		t.Fatal(err)
	}
	stream, err := f.runs.WatchRunEvents(t.Context(), &hostv1.WatchRunEventsRequest{RunId: string(id), NoFollow: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		m, err := stream.Receive()
		if isEOF(err) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range m.GetEvents() {
			if e.GetSeq() > 0 {
				got = append(got, fmt.Sprintf("%s/%t", e.GetEvent().GetMessage(), e.GetUnreadable() != ""))
			}
		}
	}
	if want := []string{"good/false", "/true", "/true", "good/false"}; !slices.Equal(got, want) {
		t.Errorf("the events are %v, want %v", got, want)
	}
}

func TestTooManyStreams(t *testing.T) {
	f := newFixture(t, settings{})
	f.limitStreams(3)
	var cancels []context.CancelFunc
	open := func() error {
		ctx, cancel := context.WithCancel(t.Context())
		cancels = append(cancels, cancel)
		stream, err := f.runs.WatchRuns(ctx, &hostv1.WatchRunsRequest{})
		if err == nil {
			_, err = stream.Receive()
		}
		return err
	}
	for range 3 {
		if err := open(); err != nil {
			t.Fatal(err)
		}
	}
	code, d := detail(t, open())
	if code != connect.CodeResourceExhausted || d.GetReason() != "TOO_MANY_STREAMS" {
		t.Errorf("one stream too many: %s with %v", code, d)
	}
	cancels[0]()
	for err := open(); err != nil; err = open() {
		if connect.CodeOf(err) != connect.CodeResourceExhausted || t.Context().Err() != nil {
			t.Fatalf("after one stream was closed: %v", err)
		}
	}
	for _, cancel := range cancels {
		cancel()
	}
}
