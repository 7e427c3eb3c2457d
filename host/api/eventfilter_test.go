package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// stored makes a run that is being started, with these events of its worker.
func (f *fixture) stored(events ...*workerv1.Event) host.RunID {
	f.t.Helper()
	id := f.starting()
	var encoded [][]byte
	for _, e := range events {
		b, err := proto.Marshal(e)
		if err != nil {
			f.t.Fatal(err)
		}
		encoded = append(encoded, b)
	}
	const batch = 500
	for first := 0; first < len(encoded); first += batch {
		_, err := f.store.AppendEvents(f.t.Context(), id, host.EventBatch{
			Attempt: 1, First: uint64(first) + 1, Events: encoded[first:min(first+batch, len(encoded))],
		})
		if err != nil {
			f.t.Fatal(err)
		}
	}
	return id
}

// read reads the events that a watch sends without following, by their messages, and the cursor that it ends with.
func (f *fixture) read(req *hostv1.WatchRunEventsRequest) (messages []string, cursor string) {
	f.t.Helper()
	req.NoFollow = true
	stream, err := f.runs.WatchRunEvents(f.t.Context(), req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer stream.Close()
	for {
		m, err := stream.Receive()
		if isEOF(err) {
			return messages, cursor
		}
		if err != nil {
			f.t.Fatal(err)
		}
		for _, e := range m.GetEvents() {
			if e.GetSeq() == 0 {
				continue // the host's own, which may come at any time
			}
			messages = append(messages, e.GetEvent().GetMessage())
		}
		cursor = m.GetCursor()
	}
}

func TestWatchRunEventsFilters(t *testing.T) {
	f := newFixture(t, settings{})
	captured := &workerv1.Event_Captured{Captured: &workerv1.Captured{Descriptor_: 1, Data: []byte("x"), Candidates: []string{"load[a].parse", "other"}}}
	expanded := &workerv1.Event_MapExpanded{MapExpanded: &workerv1.MapExpanded{OpPaths: []string{"load.parse"}, Keys: []string{"a"}, Total: 1}}
	id := string(f.stored(
		&workerv1.Event{Kind: "run_started", Message: "0"},
		&workerv1.Event{Kind: "map_expanded", Message: "1", Detail: expanded},
		&workerv1.Event{Kind: "log", Message: "2", OpPath: "load[a].parse"},
		&workerv1.Event{Kind: "log", Message: "3", OpPath: "load[a.b].parse[c]"},
		&workerv1.Event{Kind: "captured", Message: "4", Detail: captured},
		&workerv1.Event{Kind: "op_started", Message: "5", OpPath: "loader"},
		&workerv1.Event{Kind: "log", Message: "6", OpPath: "other"},
	))
	const end = "1.7."
	for _, c := range []struct {
		req  *hostv1.WatchRunEventsRequest
		want string
	}{
		{&hostv1.WatchRunEventsRequest{}, "0123456"},
		{&hostv1.WatchRunEventsRequest{OpPaths: []string{"load"}}, "1234"},
		{&hostv1.WatchRunEventsRequest{OpPaths: []string{"load.parse"}}, "1234"},
		{&hostv1.WatchRunEventsRequest{OpPaths: []string{"load[a]"}}, "24"},
		{&hostv1.WatchRunEventsRequest{OpPaths: []string{"load[a.b].parse"}}, "3"},
		{&hostv1.WatchRunEventsRequest{OpPaths: []string{"load[b]", "loader"}}, "5"},
		{&hostv1.WatchRunEventsRequest{OpPaths: []string{"oth"}}, ""},
		{&hostv1.WatchRunEventsRequest{Kinds: []string{"log", "op_started"}}, "2356"},
		{&hostv1.WatchRunEventsRequest{WithoutKinds: []string{"captured", "log"}}, "015"},
		{&hostv1.WatchRunEventsRequest{OpPaths: []string{"other"}, WithoutKinds: []string{"captured"}}, "6"},
		{&hostv1.WatchRunEventsRequest{Kinds: []string{"log"}, WithoutKinds: []string{"log"}}, ""},
	} {
		c.req.RunId = id
		got, cursor := f.read(c.req)
		if strings.Join(got, "") != c.want || !strings.HasPrefix(cursor, end) {
			t.Errorf("%v: got %v and cursor %s, want %s and %s", c.req, got, cursor, c.want, end)
		}
	}
}

// TestWatchRunEventsFiltersInTheMiddle comes back after each event that a filter lets pass.
func TestWatchRunEventsFiltersInTheMiddle(t *testing.T) {
	f := newFixture(t, settings{})
	var events []*workerv1.Event
	var want []string
	for i := range 1500 {
		e := &workerv1.Event{Kind: "captured", OpPath: "a", Message: fmt.Sprint(i)}
		if i%400 == 7 {
			e.Kind = "log"
			want = append(want, e.GetMessage())
		}
		events = append(events, e)
	}
	id := string(f.stored(events...))
	for i := range want {
		var after host.Cursor
		if i > 0 {
			after = host.Cursor{Attempt: 1, Seq: uint64((i-1)*400 + 8)}
		}
		got, cursor := f.read(&hostv1.WatchRunEventsRequest{RunId: id, After: after.String(), WithoutKinds: []string{"captured"}, Kinds: []string{"log"}})
		if !slices.Equal(got, want[i:]) || !strings.HasPrefix(cursor, "1.1500.") {
			t.Errorf("after %s: got %v and cursor %s, want %v", after, got, cursor, want[i:])
		}
	}
}

func TestWatchRunEventsFilterTooLong(t *testing.T) {
	f := newFixture(t, settings{})
	many := strings.Split(strings.Repeat("a,", 100)+"a", ",")
	for _, req := range []*hostv1.WatchRunEventsRequest{{OpPaths: many}, {Kinds: many}, {WithoutKinds: many}} {
		req.RunId = string(f.stored())
		stream, err := f.runs.WatchRunEvents(t.Context(), req)
		if err == nil {
			_, err = stream.Receive()
		}
		if code, d := detail(t, err); code != connect.CodeInvalidArgument || d.GetReason() != "EVENT_FILTER" {
			t.Errorf("101 entries: %s with %v", code, d)
		}
	}
}
