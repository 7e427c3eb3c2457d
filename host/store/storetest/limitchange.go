package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) limitChanges(t *testing.T) {
	s := x.new(t)
	put := func(at time.Duration, want bool, after ...string) host.LimitChange {
		t.Helper()
		stored, changed, err := s.PutLimits(s.ctx, host.LimitChange{At: epoch.Add(at), Source: "a file", Before: []string{"not read"}, After: after})
		if err != nil || changed != want {
			t.Fatalf("PutLimits(%q) = changed %t, error %v; want %t", after, changed, err, want)
		}
		return stored
	}
	first := put(0, true, "a", "b")
	wantSame(t, "the first", first, host.LimitChange{At: epoch, Source: "a file", After: []string{"a", "b"}})
	wantSame(t, "the same again", put(time.Hour, false, "a", "b"), first)
	s.reopen()
	second := put(time.Minute, true, "b")
	wantSame(t, "the second", second, host.LimitChange{At: epoch.Add(time.Minute), Source: "a file", Before: []string{"a", "b"}, After: []string{"b"}})
	gone, come := second.Differences()
	wantSame(t, "what went", gone, []string{"a"})
	wantSame(t, "what came", come, nil)
	all, err := s.LimitChanges(s.ctx, 10)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "LimitChanges", all, []host.LimitChange{second, first})
	for i := range host.MaxLimitChanges {
		put(time.Hour, true, fmt.Sprint(i))
	}
	if all, err = s.LimitChanges(s.ctx, 1000); err != nil || len(all) != host.MaxLimitChanges || all[0].After[0] != fmt.Sprint(host.MaxLimitChanges-1) {
		t.Errorf("after many: %d changes, %v; want %d", len(all), err, host.MaxLimitChanges)
	}
	_, _, err = s.PutLimits(s.ctx, host.LimitChange{After: []string{"x"}})
	wantCode(t, "PutLimits without a time", err, host.Invalid)
	_, _, err = s.PutLimits(s.ctx, host.LimitChange{At: epoch, After: []string{"\xff"}})
	wantCode(t, "PutLimits with text that is none", err, host.Invalid)
}
