package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// tags is a client of RunTagService.
func (f *fixture) tags() hostv1connect.RunTagServiceClient {
	c := &http.Client{Transport: &http.Transport{}}
	f.t.Cleanup(c.CloseIdleConnections)
	return hostv1connect.NewRunTagServiceClient(connect.NewClient(connecthttp.NewTransport(c, f.url)))
}

// tagPairs are tags of keys and values.
func tagPairs(pairs ...string) (l []*tagv1.Tag) {
	for i := 0; i < len(pairs); i += 2 {
		l = append(l, &tagv1.Tag{Key: pairs[i], Value: pairs[i+1]})
	}
	return l
}

// told are the user tags of a run as text.
func told(run *hostv1.Run) (all []string) {
	for _, t := range run.GetTags() {
		if !strings.HasPrefix(t.GetKey(), tag.Namespace) {
			all = append(all, fmt.Sprintf("%s=%s %s %s", t.GetKey(), t.GetValue(), strings.TrimPrefix(t.GetOrigin().String(), "ORIGIN_"), t.GetEdit().GetUser()))
		}
	}
	return all
}

func TestEditRunTags(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	tags := f.tags()
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain", ConfigYaml: "{}", Tags: tagPairs("env", "dev", "team", "etl")})
	watch, err := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{Filter: &hostv1.RunFilter{Tags: tagPairs("env", "dev")}})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	if _, err := watch.Receive(); err != nil {
		t.Fatal(err)
	}
	edit := func(id string, e *hostv1.TagEdit) *hostv1.Run {
		t.Helper()
		res, err := tags.EditRunTags(t.Context(), &hostv1.EditRunTagsRequest{RequestId: id, RunId: run.GetId(), Edit: e, By: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		return res.GetRun()
	}
	first := uuid.NewString()
	got := edit(first, &hostv1.TagEdit{Set: tagPairs("env", "prod"), Remove: []string{"team"}})
	if want := []string{"env=prod EDITED ann"}; !slices.Equal(told(got), want) {
		t.Errorf("after the edit the tags are %q, want %q", told(got), want)
	}
	if m, err := watch.Receive(); err != nil || m.GetRun().GetId() != run.GetId() || m.GetMatches() || !slices.Equal(told(m.GetRun()), told(got)) {
		t.Errorf("watchers hear %v, %v; want the run, which matches no more", m, err)
	}
	got = edit(uuid.NewString(), &hostv1.TagEdit{Set: tagPairs("env", "dev")}) // as many tags, another value
	if m, err := watch.Receive(); err != nil || !m.GetMatches() || !slices.Equal(told(m.GetRun()), told(got)) {
		t.Errorf("watchers hear %v, %v; want the run, which matches again", m, err)
	}
	if again := edit(first, &hostv1.TagEdit{Set: tagPairs("env", "prod"), Remove: []string{"team"}}); !slices.Equal(told(again), told(got)) {
		t.Errorf("the repeat of the first edit made %q", told(again))
	}
	list, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: &hostv1.RunFilter{Tags: tagPairs("env", "dev")}})
	if err != nil || len(list.GetRuns()) != 1 {
		t.Errorf("the run is found %d times by its edited tag, %v", len(list.GetRuns()), err)
	}

	history, err := tags.ListRunTagChanges(t.Context(), &hostv1.ListRunTagChangesRequest{RunId: run.GetId(), Key: "env"})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, c := range history.GetChanges() {
		rows = append(rows, fmt.Sprintf("%s %s %s %t", c.GetTag().GetValue(), c.GetTag().GetOrigin(), c.GetBy(), c.GetRemoved()))
		if c.GetTime() == nil || c.GetBulkId() != "" {
			t.Errorf("change %v", c)
		}
	}
	if want := []string{"dev ORIGIN_LAUNCH  false", "prod ORIGIN_EDITED ann false", "dev ORIGIN_EDITED ann false"}; !slices.Equal(rows, want) || history.GetCut() {
		t.Errorf("the history is %q, want %q", rows, want)
	}
	all, err := tags.ListRunTagChanges(t.Context(), &hostv1.ListRunTagChangesRequest{RunId: run.GetId()})
	removed := slices.IndexFunc(all.GetChanges(), func(c *hostv1.RunTagChange) bool { return c.GetRemoved() })
	if err != nil || removed < 0 || all.GetChanges()[removed].GetTag().GetKey() != "team" {
		t.Errorf("the history of all is %v, %v; want the tag that was removed in it", all, err)
	}
}

func TestEditRunTagsErrors(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	tags := f.tags()
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain", ConfigYaml: "{}"})
	used := uuid.NewString()
	if _, err := tags.EditRunTags(t.Context(), &hostv1.EditRunTagsRequest{RequestId: used, RunId: run.GetId(), Edit: &hostv1.TagEdit{Set: tagPairs("a", "1")}}); err != nil {
		t.Fatal(err)
	}
	good := &hostv1.TagEdit{Set: tagPairs("a", "b")}
	for _, c := range []struct {
		name     string
		req      *hostv1.EditRunTagsRequest
		code     connect.Code
		reason   string
		problems int
	}{
		{"ErrNoRequestID", &hostv1.EditRunTagsRequest{RunId: run.GetId(), Edit: good}, connect.CodeInvalidArgument, "REQUEST_ID", 0},
		{"ErrRequestIDUsed", &hostv1.EditRunTagsRequest{RequestId: used, RunId: run.GetId(), Edit: good}, connect.CodeFailedPrecondition, "REQUEST_ID_USED", 0},
		{"ErrRunID", &hostv1.EditRunTagsRequest{RequestId: uuid.NewString(), RunId: "0190", Edit: good}, connect.CodeNotFound, "RUN_NOT_FOUND", 0},
		{"ErrNoRun", &hostv1.EditRunTagsRequest{RequestId: uuid.NewString(), RunId: uuid.NewString(), Edit: good}, connect.CodeNotFound, "RUN_NOT_FOUND", 0},
		{"ErrNothing", &hostv1.EditRunTagsRequest{RequestId: uuid.NewString(), RunId: run.GetId()}, connect.CodeInvalidArgument, "TAG_EDIT", 1},
		{"ErrAllAtOnce", &hostv1.EditRunTagsRequest{RequestId: uuid.NewString(), RunId: run.GetId(), Edit: &hostv1.TagEdit{
			Set: tagPairs(tag.KeyPriority, "high", "a b", "", tag.KeyLauncher, "k8s"), Remove: []string{tag.KeyJob},
		}}, connect.CodeInvalidArgument, "TAG_EDIT", 4},
		{"ErrBy", &hostv1.EditRunTagsRequest{RequestId: uuid.NewString(), RunId: run.GetId(), Edit: good, By: strings.Repeat("x", 201)}, connect.CodeInvalidArgument, "TAG_EDIT_BY", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := tags.EditRunTags(t.Context(), c.req)
			if code, d := detail(t, err); code != c.code || d.GetReason() != c.reason || len(d.GetProblems()) != c.problems {
				t.Errorf("%s, %v; want %s, %s and %d problems", code, d, c.code, c.reason, c.problems)
			}
		})
	}
	for _, id := range []string{"", uuid.NewString()} {
		if _, err := tags.ListRunTagChanges(t.Context(), &hostv1.ListRunTagChangesRequest{RunId: id}); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("history of run %q: %v", id, err)
		}
	}
}

// TestLongHistoryOfTagsIsCut changes more than one answer holds.
func TestLongHistoryOfTagsIsCut(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	tags := f.tags()
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain", ConfigYaml: "{}", Tags: tagPairs("first", "1")})
	const edits, each = 5, 200
	for i := range edits {
		e := &hostv1.TagEdit{}
		for k := range each {
			e.Set = append(e.Set, &tagv1.Tag{Key: fmt.Sprintf("k%03d", k), Value: strings.Repeat(fmt.Sprint(i), tag.MaxValueBytes)})
		}
		if _, err := tags.EditRunTags(t.Context(), &hostv1.EditRunTagsRequest{RequestId: uuid.NewString(), RunId: run.GetId(), Edit: e}); err != nil {
			t.Fatal(err)
		}
	}
	history, err := tags.ListRunTagChanges(t.Context(), &hostv1.ListRunTagChangesRequest{RunId: run.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	changes := history.GetChanges()
	last := changes[len(changes)-1].GetTag()
	if !history.GetCut() || len(changes) < 3*each || len(changes) >= edits*each || last.GetKey() != "k199" || !strings.HasPrefix(last.GetValue(), "444") {
		t.Errorf("%d changes, cut %t, the last is %s=%.5s", len(changes), history.GetCut(), last.GetKey(), last.GetValue())
	}
	one, err := tags.ListRunTagChanges(t.Context(), &hostv1.ListRunTagChangesRequest{RunId: run.GetId(), Key: "k007"})
	if err != nil || len(one.GetChanges()) != edits || one.GetCut() {
		t.Errorf("the history of one tag has %d changes, cut %t, %v", len(one.GetChanges()), one.GetCut(), err)
	}
}
