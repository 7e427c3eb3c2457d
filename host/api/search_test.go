package api_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

// withRuns is a fixture with four queued runs: of my_job_with_tags with n=0 and n=2, and of my_job_with_metadata with n=1
// and n=3. The last is canceled.
func withRuns(t *testing.T) *fixture {
	t.Helper()
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	var last *hostv1.Run
	for i := range 4 {
		job := "my_job_with_tags"
		if i%2 == 1 {
			job = "my_job_with_metadata"
		}
		last = f.launch(&hostv1.LaunchRunRequest{Job: job, Tags: []*tagv1.Tag{{Key: "n", Value: fmt.Sprint(i)}, {Key: "status", Value: "fine day"}}})
	}
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: last.GetId()}); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRunsByASelector(t *testing.T) {
	f := withRuns(t)
	for _, c := range []struct {
		filter *hostv1.RunFilter
		want   []uint64
	}{
		{&hostv1.RunFilter{Where: ""}, []uint64{4, 3, 2, 1}},
		{&hostv1.RunFilter{Where: "team=etl and n in (0, 1)"}, []uint64{1}},
		{&hostv1.RunFilter{Where: "n!=2 and not status=canceled"}, []uint64{2, 1}},
		{&hostv1.RunFilter{Where: `meta:owner="data team"`}, []uint64{4, 2}},
		{&hostv1.RunFilter{Where: "not meta:owner"}, []uint64{3, 1}},
		{&hostv1.RunFilter{Where: "meta:docs=~https:*"}, []uint64{4, 2}},
		{&hostv1.RunFilter{Where: "job=tutorial/my_job_with_tags or ended"}, []uint64{4, 3, 1}},
		{&hostv1.RunFilter{Where: "created>-1h and not started"}, []uint64{4, 3, 2, 1}},
		{&hostv1.RunFilter{Where: "created<-1h"}, nil},
		{&hostv1.RunFilter{Where: "location=code and repository=tutorial and version=abc123"}, []uint64{4, 3, 2, 1}},
		{&hostv1.RunFilter{Where: "created<9999-12-31 and created>1970-01-01 and created>-10000d and created<=+10000d"}, []uint64{4, 3, 2, 1}},
		{&hostv1.RunFilter{Where: "started<9999-12-31 or ended>=1970-01-01"}, []uint64{4}},
		{&hostv1.RunFilter{Where: "team=~* and not (n=0 or n=1)"}, []uint64{3}},
		{&hostv1.RunFilter{Where: "job=~code/tutorial/my_job_with_t* and status=~q*"}, []uint64{3, 1}},
		{&hostv1.RunFilter{Where: `tag:status="fine day" and tag:status=~fine* and status not in (queued)`}, []uint64{4}},
		{&hostv1.RunFilter{Where: "nothing or meta:nothing or partition or snapshot=ffff0000"}, nil},
		// All of a filter must hold.
		{&hostv1.RunFilter{Where: "n=1 or n=2", Job: "my_job_with_tags"}, []uint64{3}},
		{&hostv1.RunFilter{Where: "n", Statuses: []hostv1.RunStatus{hostv1.RunStatus_RUN_STATUS_CANCELED}, Tags: []*tagv1.Tag{{Key: "n", Value: "3"}}}, []uint64{4}},
	} {
		page, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: c.filter})
		if err != nil {
			t.Fatalf("%q: %v", c.filter.Where, err)
		}
		var got []uint64
		for _, r := range page.GetRuns() {
			got = append(got, r.GetSeq())
		}
		counts, err := f.search.CountRuns(t.Context(), &hostv1.CountRunsRequest{Filter: c.filter})
		if err != nil || !slices.Equal(got, c.want) || counts.GetTotal() != uint64(len(c.want)) {
			t.Errorf("%q: runs %v of %v, %v, want %v", c.filter.Where, got, counts, err, c.want)
		}
	}
	counts, err := f.search.CountRuns(t.Context(), &hostv1.CountRunsRequest{})
	if err != nil || len(counts.GetStatuses()) != 2 ||
		counts.GetStatuses()[0].GetStatus() != hostv1.RunStatus_RUN_STATUS_QUEUED || counts.GetStatuses()[0].GetCount() != 3 ||
		counts.GetStatuses()[1].GetStatus() != hostv1.RunStatus_RUN_STATUS_CANCELED || counts.GetStatuses()[1].GetCount() != 1 {
		t.Errorf("all runs by status: %v, %v", counts, err)
	}
}

// Every call that takes a filter says the same about a text that is none, with the place of each problem.
func TestSelectorErrors(t *testing.T) {
	f := withRuns(t)
	filter := &hostv1.RunFilter{Where: "n=1 and statuss=failure and status=fine"}
	_, list := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: filter})
	_, count := f.search.CountRuns(t.Context(), &hostv1.CountRunsRequest{Filter: filter})
	stream, watch := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{Filter: filter})
	if watch == nil {
		_, watch = stream.Receive()
	}
	for call, err := range map[string]error{"ListRuns": list, "CountRuns": count, "WatchRuns": watch} {
		code, d := detail(t, err)
		if code != connect.CodeInvalidArgument || d.GetReason() != "SELECTOR" || !strings.Contains(d.GetRemedy(), "docs/selectors.md") || len(d.GetProblems()) != 2 {
			t.Errorf("%s: %v, %v", call, code, d)
			continue
		}
		for i, want := range []struct {
			column  uint32
			message string
		}{
			{9, `no run has a tag "statuss"; perhaps the field status is meant`},
			{36, `"fine" is not a status: there are queued, waiting_for_code, starting, started, canceling, success, failure, canceled; the tag of this name is written tag:status`},
		} {
			if p := d.GetProblems()[i]; p.GetField() != "where" || p.GetColumn() != want.column || !strings.HasPrefix(p.GetMessage(), want.message) {
				t.Errorf("%s: problem %v, want %v", call, p, want)
			}
		}
	}
}

func TestWatchByASelector(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	stream, err := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{
		Filter: &hostv1.RunFilter{Where: `meta:owner="data team" and created>-1h and status=queued`},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	next := func() *hostv1.WatchRunsResponse {
		m, err := stream.Receive()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	next()
	for job, want := range map[string]bool{"plain": false, "my_job_with_metadata": true} {
		run := f.launch(&hostv1.LaunchRunRequest{Job: job})
		if m := next(); m.GetRun().GetId() != run.GetId() || m.GetMatches() != want {
			t.Errorf("a run of %s is told as %v, want matches %v", job, m, want)
		}
	}
}

// setClock is a clock that stands, and is set.
type setClock struct {
	clock
	now atomic.Pointer[time.Time]
}

func (c *setClock) Now() time.Time { return *c.now.Load() }

func (c *setClock) set(now time.Time) { c.now.Store(&now) }

// What "the last hour" is moves on while somebody watches.
func TestWatchGoesWithTheTime(t *testing.T) {
	var now setClock
	now.set(time.Now())
	f, _ := withPeer(t, settings{idle: true, options: func(o *api.Options) { o.Clock = &now }}, hosttest.Current())
	stream, err := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{Filter: &hostv1.RunFilter{Where: "created>-1h"}})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	next := func() bool {
		m, err := stream.Receive()
		if err != nil {
			t.Fatal(err)
		}
		return m.GetMatches()
	}
	next()
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	if !next() {
		t.Error("a run of this hour is told as one that does not match")
	}
	now.set(time.Now().Add(2 * time.Hour))
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: run.GetId()}); err != nil {
		t.Fatal(err)
	}
	if next() {
		t.Error("two hours later it is told as one that matches")
	}
}

func TestCompleteSelector(t *testing.T) {
	f := withRuns(t)
	for _, c := range []struct {
		text    string
		subject hostv1.SelectorSubject
		want    string
	}{
		{"st|", 0, `0-2: status started tag:status(4)`},
		{"team|", 0, `0-4: team(2) team= team!= team=~ "team in (" "team not in ("`},
		{"tag:n|", 0, `0-5: tag:n(4) tag:n= tag:n!= tag:n=~ "tag:n in (" "tag:n not in ("`},
		{"meta:|", 0, "0-5: meta:docs(2) meta:owner(2)"},
		{"own|", 0, "0-3: meta:owner(2)"},
		{"meta:owner=|", 0, `11-11: "data team"(2)`},
		{"n=1 and meta:owner=\"d|x\"", 0, `19-23: "data team"(2)`},
		{"n in (0, |", 0, "9-9: 0(1) 1(1) 2(1) 3(1)"},
		{"status=c|", 0, "7-8: canceling(0) canceled(1)"},
		{"job=tut|", 0, "4-7: tutorial/my_job_with_metadata(2) tutorial/my_job_with_tags(2)"},
		{"created>|", 0, "8-8: -1h -24h -7d -30d now"},
		{"n=1 |", 0, "4-4: and or"},
		{"a==|", 0, "3-3:"},
		// Jobs, with as many as have it.
		{"t|", hostv1.SelectorSubject_SELECTOR_SUBJECT_JOBS, "0-1: team(1) meta:table(1) meta:table_schema(1) meta:text(1) meta:timestamp(1) tag:"},
		{"team=|", hostv1.SelectorSubject_SELECTOR_SUBJECT_JOBS, "5-5: etl(1)"},
		{"meta:owner=|", hostv1.SelectorSubject_SELECTOR_SUBJECT_JOBS, `11-11: "data team"(1)`},
		{"status=c|", hostv1.SelectorSubject_SELECTOR_SUBJECT_JOBS, "7-8: canceling(0) canceled(1)"},
		{"version=|", hostv1.SelectorSubject_SELECTOR_SUBJECT_JOBS, "8-8: abc123(4)"},
	} {
		before, after, _ := strings.Cut(c.text, "|")
		res, err := f.search.CompleteSelector(t.Context(), &hostv1.CompleteSelectorRequest{
			Text: before + after, Cursor: uint32(len([]rune(before))), Subject: c.subject,
		})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := fmt.Sprintf("%d-%d:", res.GetFrom(), res.GetTo())
		for _, s := range res.GetSuggestions() {
			text := s.GetText()
			if strings.Contains(text, " ") && s.GetKind() == hostv1.CompleteSelectorResponse_Suggestion_KIND_WORD {
				text = fmt.Sprintf("%q", text)
			}
			if k := s.GetKind(); k != hostv1.CompleteSelectorResponse_Suggestion_KIND_WORD && k != hostv1.CompleteSelectorResponse_Suggestion_KIND_FIELD {
				text += fmt.Sprintf("(%d)", s.GetCount())
			}
			got += " " + text
		}
		if got != c.want || res.GetMore() {
			t.Errorf("%s: %s (more: %v), want %s", c.text, got, res.GetMore(), c.want)
		}
	}
}

// A long value is listed by its beginning, so what is put in has to be one that selects as many.
func TestCompleteSelectorLongValues(t *testing.T) {
	f := withRuns(t)
	begin := strings.Repeat("ab c", 64)
	for _, end := range []string{"1", "2"} {
		f.launch(&hostv1.LaunchRunRequest{Job: "my_job_with_tags", Tags: []*tagv1.Tag{{Key: "path", Value: begin + end}}})
	}
	for text, want := range map[string]string{
		"path=": `~"` + begin + `"*`, `path="ab`: `~"` + begin + `"*`, "path=~": `"` + begin + `"*`,
		"path!=": "", "path in (": "", "path = ": "",
	} {
		res, err := f.search.CompleteSelector(t.Context(), &hostv1.CompleteSelectorRequest{Text: text, Cursor: uint32(len(text))})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if want == "" {
			if len(res.GetSuggestions()) != 0 {
				t.Errorf("%s: got %v, want nothing", text, res.GetSuggestions())
			}
			continue
		}
		if s := res.GetSuggestions(); len(s) != 1 || s[0].GetText() != want || s[0].GetLabel() != begin+"…" || s[0].GetCount() != 2 {
			t.Errorf("%s: got %v, want %s for 2 runs", text, s, want)
			continue
		}
		where := text[:res.GetFrom()] + want
		if n, err := f.search.CountRuns(t.Context(), &hostv1.CountRunsRequest{Filter: &hostv1.RunFilter{Where: where}}); err != nil || n.GetTotal() != 2 {
			t.Errorf("%s selects %d, %v; want 2", where, n.GetTotal(), err)
		}
	}
}

func TestCompleteSelectorTellsWhatIsWrong(t *testing.T) {
	f := withRuns(t)
	for text, column := range map[string]uint32{"": 0, "n=1": 0, "n=1 and": 8, "(n=1": 1} {
		res, err := f.search.CompleteSelector(t.Context(), &hostv1.CompleteSelectorRequest{Text: text, Cursor: 100})
		if err != nil || res.GetProblem().GetColumn() != column || (res.GetProblem() != nil) != (column > 0) {
			t.Errorf("%q: %v, %v, want a problem at column %d", text, res.GetProblem(), err, column)
		}
	}
	res, err := f.search.CompleteSelector(t.Context(), &hostv1.CompleteSelectorRequest{Text: "p", Cursor: 1, Limit: 2})
	if err != nil || len(res.GetSuggestions()) != 2 || !res.GetMore() {
		t.Errorf("at most 2: %v, %v", res, err)
	}
	for _, req := range []*hostv1.CompleteSelectorRequest{{Limit: 101}, {Subject: 9}} {
		if _, err := f.search.CompleteSelector(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%v: %v", req, err)
		}
	}
}
