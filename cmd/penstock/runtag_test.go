package main

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

// editedRun is the sample with its tags after an edit.
func editedRun() *hostv1.Run {
	r := sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED)
	r.Tags = []*tagv1.Tag{
		r.GetTags()[0],
		{Key: "reviewed", Origin: tagv1.Origin_ORIGIN_EDITED, Edit: &tagv1.Edit{User: "ann", Time: at(4)}},
		{Key: "team", Value: "bi", Origin: tagv1.Origin_ORIGIN_EDITED, Edit: &tagv1.Edit{User: "ann", Time: at(4)}},
	}
	return r
}

func TestRunTag(t *testing.T) {
	var asked *hostv1.EditRunTagsRequest
	host := &fakeHost{
		run: func(string) (*hostv1.Run, error) { return sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED), nil },
		editTags: func(r *hostv1.EditRunTagsRequest) (*hostv1.Run, error) {
			asked = r
			switch r.GetBy() {
			case "same":
				return sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED), nil
			case "wrong":
				return nil, wireError(connect.CodeInvalidArgument, "the tags cannot be changed", &hostv1.ErrorDetail{Reason: "TAG_EDIT", Problems: []*hostv1.Problem{
					{Field: "tags", Path: "penstock/priority", Message: "use a whole number"}, {Field: "tags", Path: "a b", Message: "its name holds ' '"},
				}})
			}
			return editedRun(), nil
		},
	}
	url := host.serve(t, nil)
	t.Run("OK", func(t *testing.T) {
		r := penstock(t, url, "run", "tag", "0193", "team=bi", "reviewed=", "--remove", "who", "--remove", "none", "--by", "ann")
		r.want(t, exitOK, "", "")
		golden(t, "run_tag.txt", r.out)
		if asked.GetRunId() != runID || asked.GetBy() != "ann" || len(asked.GetRequestId()) != 32 || !slices.Equal(asked.GetEdit().GetRemove(), []string{"who", "none"}) {
			t.Errorf("asked for %v", asked)
		}
		if set := asked.GetEdit().GetSet(); len(set) != 2 || set[0].GetKey() != "team" || set[0].GetValue() != "bi" || set[1].GetKey() != "reviewed" || set[1].GetValue() != "" {
			t.Errorf("asked to set %v", set)
		}
	})
	t.Run("ByTheUserOfTheSystem", func(t *testing.T) {
		penstock(t, url, "run", "tag", "0193", "query=a=b c").want(t, exitOK, "", "")
		if asked.GetBy() != osUser() || asked.GetEdit().GetSet()[0].GetValue() != "a=b c" {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("NothingChanged", func(t *testing.T) {
		penstock(t, url, "run", "tag", "0193", "team=data", "--by", "same").want(t, exitOK, "Run "+runID+" has its tags like this already; nothing was changed.\n", "")
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, url, "run", "tag", "0193", "team=bi", "--json")
		r.want(t, exitOK, "", "")
		golden(t, "run_tag.json", r.out)
	})
	t.Run("ErrAllProblems", func(t *testing.T) {
		r := penstock(t, url, "run", "tag", "0193", "penstock/priority=high", "a b=1", "--by", "wrong")
		r.want(t, exitRejected, "", "use a whole number")
		r.want(t, exitRejected, "", "its name holds")
	})
	t.Run("ErrNotUTF8", func(t *testing.T) {
		penstock(t, url, "run", "tag", "0193", "team=b\xff").want(t, exitUsage, "", "penstock: what is asked for is not UTF-8 text\nLook for")
	})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"ErrNoRun":       {nil, "it is not said which run"},
		"ErrRunMissing":  {[]string{"team=bi"}, `"team=bi" is not a run: name the run first`},
		"ErrNothing":     {[]string{"0193"}, "it is not said what to change"},
		"ErrNoValue":     {[]string{"0193", "team"}, "for a tag without a value, team=; to remove it, --remove team"},
		"ErrNoKey":       {[]string{"0193", "=bi"}, "the key is missing"},
		"ErrRemoveValue": {[]string{"0193", "--remove", "team=bi"}, "--remove team"},
	} {
		t.Run(name, func(t *testing.T) {
			penstock(t, url, append([]string{"run", "tag"}, c.args...)...).want(t, exitUsage, "", c.want)
		})
	}
	t.Run("Completion", func(t *testing.T) {
		t.Setenv("PENSTOCK_HOST", url)
		penstock(t, "", "__complete", "run", "tag", "0193", "").want(t, exitOK, "team=\tdata\nwho=\tme=you\n", "NoSpace")
		penstock(t, "", "__complete", "run", "tag", "0193", "--remove", "t").want(t, exitOK, "team\tdata\n", "Completion ended")
		if r := penstock(t, "", "__complete", "run", "tag", "0193", ""); strings.Contains(r.out, "penstock/job") {
			t.Errorf("tags of the system are offered: %q", r.out)
		}
	})
}

// TestWritesAreTriedAgain breaks the connection of the first call of each write after the host has got it.
func TestWritesAreTriedAgain(t *testing.T) {
	// The two calls of a write come over two connections, so mu is held while one is served.
	var mu sync.Mutex
	ids := map[string][]string{}
	host := &fakeHost{
		run: func(string) (*hostv1.Run, error) { return sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED), nil },
		editTags: func(r *hostv1.EditRunTagsRequest) (*hostv1.Run, error) {
			ids["EditRunTags"] = append(ids["EditRunTags"], r.GetRequestId())
			return editedRun(), nil
		},
		cancelRun: func(r *hostv1.CancelRunRequest) (*hostv1.Run, error) {
			ids["CancelRun"] = append(ids["CancelRun"], r.GetRequestId())
			return editedRun(), nil
		},
		repoint: func(r *hostv1.RepointRunsRequest) (*hostv1.RepointRunsResponse, error) {
			ids["RepointRuns"] = append(ids["RepointRuns"], r.GetRequestId())
			return &hostv1.RepointRunsResponse{}, nil
		},
	}
	broken := map[string]bool{}
	url := host.serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			if method == "GetRun" || broken[method] {
				next.ServeHTTP(w, r)
				return
			}
			broken[method] = true
			next.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		})
	})
	for method, args := range map[string][]string{
		"EditRunTags": {"run", "tag", "0193", "team=bi"}, "CancelRun": {"run", "cancel", "0193"}, "RepointRuns": {"run", "repoint", "--job", "a", "--to", "b"},
	} {
		if r := penstock(t, url, args...); r.code != exitOK {
			t.Errorf("%q: %+v", args, r)
		}
		mu.Lock()
		got := ids[method]
		mu.Unlock()
		if len(got) != 2 || got[0] == "" || got[0] != got[1] {
			t.Errorf("%s came with the request ids %q, want the same twice", method, got)
		}
	}
}

// discard is an answer that never arrives.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func TestRunTags(t *testing.T) {
	var asked *hostv1.ListRunTagChangesRequest
	changes := &hostv1.ListRunTagChangesResponse{Changes: []*hostv1.RunTagChange{
		{Tag: &tagv1.Tag{Key: "team", Value: "data", Origin: tagv1.Origin_ORIGIN_DEFINITION}, Time: at(1)},
		{Tag: &tagv1.Tag{Key: "team", Value: "bi", Origin: tagv1.Origin_ORIGIN_EDITED}, Time: at(4), By: "ann"},
		{Tag: &tagv1.Tag{Key: "who"}, Removed: true, Time: at(5), By: "bob", BulkId: "0194"},
		{Tag: &tagv1.Tag{Key: "rows", Origin: tagv1.Origin_ORIGIN_RUN}},
	}}
	host := &fakeHost{
		run: func(string) (*hostv1.Run, error) { return editedRun(), nil },
		tagsOf: func(r *hostv1.ListRunTagChangesRequest) (*hostv1.ListRunTagChangesResponse, error) {
			if asked = r; r.GetKey() == "none" {
				return &hostv1.ListRunTagChangesResponse{}, nil
			}
			return changes, nil
		},
	}
	url := host.serve(t, nil)
	t.Run("OK", func(t *testing.T) {
		r := penstock(t, url, "run", "tags", "0193")
		r.want(t, exitOK, "", "")
		golden(t, "run_tags.txt", r.out)
	})
	t.Run("OneKey", func(t *testing.T) {
		r := penstock(t, url, "run", "tags", "0193", "team")
		r.want(t, exitOK, "edited by ann", "")
		if strings.Contains(r.out, "reviewed") {
			t.Errorf("another tag is shown: %q", r.out)
		}
		penstock(t, url, "run", "tags", "0193", "none").want(t, exitOK, "", "Run "+runID+" has no tag none.\n")
	})
	t.Run("JSON", func(t *testing.T) {
		penstock(t, url, "run", "tags", "0193", "team", "--json").want(t, exitOK, `"edited_by": "ann"`, "")
	})
	t.Run("History", func(t *testing.T) {
		r := penstock(t, url, "run", "tags", "0193", "--history")
		r.want(t, exitOK, "", "")
		golden(t, "run_tags_history.txt", r.out)
		if asked.GetRunId() != runID || asked.GetKey() != "" {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("HistoryOfOneKey", func(t *testing.T) {
		changes.Cut = true
		penstock(t, url, "run", "tags", "0193", "team", "--history").want(t, exitOK, "bob, action 0194", "Older changes are left out")
		if asked.GetKey() != "team" {
			t.Errorf("asked for %v", asked)
		}
		penstock(t, url, "run", "tags", "0193", "none", "--history").want(t, exitOK, "", "Run "+runID+" has no tag none.\n")
	})
	t.Run("HistoryJSON", func(t *testing.T) {
		r := penstock(t, url, "run", "tags", "0193", "--history", "--json")
		r.want(t, exitOK, "", "")
		golden(t, "run_tags_history.json", r.out)
	})
	t.Run("Show", func(t *testing.T) {
		host.listRuns = noRuns
		penstock(t, url, "run", "show", "0193").want(t, exitOK, "edited by ann, ", "")
	})
	t.Run("Hostile", func(t *testing.T) {
		run := editedRun()
		run.Tags[1].Edit.User, run.Tags[2].Value = hostile, hostile
		host.run = func(string) (*hostv1.Run, error) { return run, nil }
		host.editTags = func(*hostv1.EditRunTagsRequest) (*hostv1.Run, error) { return run, nil }
		changes.Changes[1].By, changes.Changes[2].BulkId, changes.Changes[3].Tag.Value = hostile, hostile, hostile
		host.run = func(string) (*hostv1.Run, error) { return run, nil }
		for _, args := range [][]string{{"run", "tags", "x"}, {"run", "tags", "x", "--history"}} {
			checkInert(t, args, penstock(t, url, args...))
		}
		before := sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED)
		host.run = func(string) (*hostv1.Run, error) { return before, nil }
		args := []string{"run", "tag", "x", "team=b"}
		checkInert(t, args, penstock(t, url, args...))
	})
}
