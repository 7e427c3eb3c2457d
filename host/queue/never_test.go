package queue_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestNever(t *testing.T) {
	f := newFixture(t, 1)
	closed, _ := host.NewLimit("closed", "env=prod", "", 0)
	each, _ := host.NewLimit("", "", "customer", 0)
	open, _ := host.NewLimit("open", "env=prod", "", 1)
	f.queue.SetLimits([]host.Limit{closed, each, open})
	job := host.JobName{Location: "l", Repository: "r", Job: "j"}
	for want, tags := range map[string][]tag.Tag{
		"":                         {{Key: "env", Value: "dev"}},
		"closed":                   {{Key: "env", Value: "prod"}},
		"each customer":            {{Key: "customer", Value: "a"}},
		"closed and each customer": {{Key: "customer", Value: "a"}, {Key: "env", Value: "prod"}},
	} {
		why := f.queue.Never(&host.Run{Job: job, Tags: tags})
		var names []string
		for _, text := range why {
			_, name, _ := strings.Cut(text, `"`)
			name, _, _ = strings.Cut(name, `"`)
			names = append(names, name)
		}
		if got := strings.Join(names, " and "); got != want {
			t.Errorf("runs with %v are kept by %q (%q), want %q", tags, got, why, want)
		}
	}
	f.queue.SetMaxInProgress(0)
	if why := f.queue.Never(&host.Run{Job: job}); len(why) != 1 || !strings.Contains(why[0], "set to 0") {
		t.Errorf("while nothing starts: %q", why)
	}
}

// TestALaunchSaysThatItsRunCannotStart looks at the events of a run that a limit never lets start.
func TestALaunchSaysThatItsRunCannotStart(t *testing.T) {
	f := newFixture(t, 1)
	closed, _ := host.NewLimit("closed", "env=prod", "", 0)
	f.queue.SetLimits([]host.Limit{closed})
	has := func(id host.RunID) bool {
		events, err := f.store.HostEvents(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(events, func(e host.StoredEvent) bool {
			return strings.Contains(string(e.Data), `limit "closed" lets no run start`)
		})
	}
	if !has(f.submit("env", "prod").ID) {
		t.Error("a run that cannot start does not say so")
	}
	if has(f.submit("env", "dev").ID) {
		t.Error("a run that can start says that it cannot")
	}
}
