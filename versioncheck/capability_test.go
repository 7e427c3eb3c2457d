package versioncheck_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/versioncheck"
)

func TestRequirements(t *testing.T) {
	table := versioncheck.Requirements()
	if !slices.IsSortedFunc(table, func(a, b versioncheck.Requirement) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("the table is not sorted by name: %+v", table)
	}
	own := parse(t, versioncheck.Protocol)
	oldest := parse(t, versioncheck.OldestProtocol)
	baseline := map[string]bool{}
	for _, r := range table {
		if _, twice := baseline[r.Name]; twice {
			t.Errorf("%s is in the table twice", r.Name)
		}
		baseline[r.Name] = r.Baseline
		versions := []string{r.MinProtocol, r.MinHostProtocol}
		if r.FixedProtocol != "" {
			versions = append(versions, r.FixedProtocol)
			if !parse(t, r.MinProtocol).OlderThan(parse(t, r.FixedProtocol)) {
				t.Errorf("%s: fixed in %s, which is not newer than its minimum %s: leave it empty", r.Name, r.FixedProtocol, r.MinProtocol)
			}
		}
		for _, s := range versions {
			v := parse(t, s)
			if v.String() != s || strings.ContainsAny(s, "-+") {
				t.Errorf("%s: minimum %q is not a plain release", r.Name, s)
			}
			if own.OlderThan(v) || v.OlderThan(oldest) {
				t.Errorf("%s: minimum %s is outside %s to %s", r.Name, s, versioncheck.OldestProtocol, versioncheck.Protocol)
			}
		}
		if r.Label == "" || r.Description == "" || strings.Contains(r.Description, "\n") {
			t.Errorf("%s: label %q and description %q are not one line each", r.Name, r.Label, r.Description)
		}
		if r.Baseline && r.MinProtocol != versioncheck.OldestProtocol {
			t.Errorf("%s is baseline, but needs %s", r.Name, r.MinProtocol)
		}
	}
	want := map[string]bool{"job_metadata": false, "launch_run": true, "list_jobs": true, "output_store": false, "partitions": false, "run_tags": true, "schedules": false, "sensors": false}
	if len(baseline) != len(want) {
		t.Errorf("got %v, want %v", baseline, want)
	}
	for name, b := range want {
		if got, ok := baseline[name]; !ok || got != b {
			t.Errorf("%s: in the table %t, baseline %t, want %t", name, ok, got, b)
		}
	}
}

func TestRequirementsAreTheCallersToChange(t *testing.T) {
	table := versioncheck.Requirements()
	table[0].MinProtocol = "9.9.9"
	if versioncheck.Requirements()[0].MinProtocol == "9.9.9" {
		t.Error("a caller changed the table")
	}
}

func TestProtocolIsARelease(t *testing.T) {
	for _, s := range []string{versioncheck.Protocol, versioncheck.OldestProtocol} {
		if v := parse(t, s); v.String() != s || strings.ContainsAny(s, "-+") {
			t.Errorf("%q is not a plain release", s)
		}
	}
}
