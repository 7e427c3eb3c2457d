package host_test

import (
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
