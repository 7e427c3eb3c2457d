package server

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestAttemptsThatAreOverAreForgotten(t *testing.T) {
	now := time.Unix(0, 0)
	table := newAttempts(func() time.Time { return now }, 0, nil, slog.New(slog.DiscardHandler))
	refuse := func(run string) *attempt {
		a, mine, _ := table.begin(key{run, 1})
		if mine {
			table.refuse(a, &usercodev1.StartRefusal{})
		}
		return a
	}
	live, _, _ := table.begin(key{"live", 1})
	first := refuse("first")
	now = now.Add(rememberFor)
	if refuse("first") != first {
		t.Error("forgotten before its time")
	}
	now = now.Add(time.Second)
	if refuse("first") == first || table.get(key{"live", 1}) != live {
		t.Error("kept for too long, or forgot a live one")
	}
	for i := range rememberAll + 10 {
		now = now.Add(time.Microsecond)
		refuse(fmt.Sprint("run ", i))
	}
	if n := len(table.byKey); n > rememberAll+2 {
		t.Errorf("%d attempts are remembered", n)
	}
	if table.get(key{"run 0", 1}) != nil || table.get(key{fmt.Sprint("run ", rememberAll+9), 1}) == nil || table.live() != 1 {
		t.Error("what is dropped is not the oldest")
	}
}
