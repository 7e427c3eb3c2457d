package host_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestNewRequest(t *testing.T) {
	id := strings.Repeat("a", 16)
	first, err := host.NewRequest(id, "cancellation", "run", true)
	if err != nil || first.ID != id || !strings.HasPrefix(first.What, "cancellation ") || len(first.What) > 256 {
		t.Errorf("got %+v, %v", first, err)
	}
	if again, err := host.NewRequest(id, "cancellation", "run", true); err != nil || again != first {
		t.Errorf("the same again is %+v, %v; want %+v", again, err, first)
	}
	for _, given := range [][]any{{"run", false}, {"other", true}, {"run"}, {"run", true, ""}} {
		if other, err := host.NewRequest(id, "cancellation", given...); err != nil || other == first {
			t.Errorf("%v is %+v, %v; want another than %+v", given, other, err, first)
		}
	}
	if none, err := host.NewRequest("", "cancellation", "run"); err != nil || none != (host.Request{}) {
		t.Errorf("without an id: got %+v, %v; want the zero Request", none, err)
	}
	for _, bad := range []string{"short", strings.Repeat("a", 65), strings.Repeat("é", 16), strings.Repeat("a", 15) + " "} {
		_, err := host.NewRequest(bad, "cancellation")
		if host.CodeOf(err) != host.Invalid || host.ReasonOf(err) != "REQUEST_ID" || !strings.Contains(err.Error(), "16 to 64 characters") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	if _, err := host.NewRequest(id, "cancellation", func() {}); err == nil {
		t.Error("what cannot be encoded was taken")
	}
}

func TestRequestUsedForSomethingElse(t *testing.T) {
	id := strings.Repeat("a", 16)
	made := func(what string, given ...any) host.Request {
		r, err := host.NewRequest(id, what, given...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	asked := made("change of tags", "run", 1)
	for want, before := range map[string]host.Request{
		"was used for another change of tags, not for this one":   made("change of tags", "run", 2),
		"was used for a deletion, not for this change of tags":    made("deletion", "run", 1),
		"was used for a bulk action, not for this change of tags": {ID: id, What: "bulk action"},
	} {
		err := asked.UsedFor(before)
		e, _ := errors.AsType[*host.Error](err)
		if e == nil || e.Code != host.Conflict || e.Reason != host.ReasonRequestUsed || e.Remedy == "" {
			t.Fatalf("%+v: got %#v", before, err)
		}
		if e.Message != `request_id "`+id+`" `+want {
			t.Errorf("%+v: got %q; want it to end with %q", before, e.Message, want)
		}
	}
}
