package automation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
)

// TestAgenda compares an agenda with a list that is sorted each time.
func TestAgenda(t *testing.T) {
	a, want := automation.NewAgenda(), map[host.AutomationName]time.Time{}
	start := time.Unix(1_800_000_000, 0)
	for range 5000 {
		name := host.AutomationName{Name: fmt.Sprint(rand.IntN(40))}
		switch rand.IntN(4) {
		case 0, 1:
			want[name] = start.Add(time.Duration(rand.IntN(1e6)) * time.Second)
			a.Set(name, want[name])
		case 2:
			delete(want, name)
			a.Drop(name)
		case 3:
			now := start.Add(time.Duration(rand.IntN(1e6)) * time.Second)
			got, some := a.Due(now)
			var times []time.Time
			for _, at := range want {
				times = append(times, at)
			}
			slices.SortFunc(times, time.Time.Compare)
			due := len(times) > 0 && !times[0].After(now)
			if some != due || some && !want[got].Equal(times[0]) {
				t.Fatalf("Due = %s, %t; the first is at %v, now is %s", got, some, times[:min(1, len(times))], now)
			}
			delete(want, got)
		}
		at, some := a.At(name)
		if wanted, there := want[name]; some != there || !at.Equal(wanted) {
			t.Fatalf("At = %s, %t; want %s, %t", at, some, wanted, there)
		}
	}
}
