package versioncheck_test

import (
	"strings"
	"testing"

	goversion "github.com/hashicorp/go-version"

	"github.com/penstock-run/penstock/versioncheck"
)

// TestTrapsOfTheLibrary records why versions go through a grammar of our own
// before they reach the library. If a case fails after an upgrade, the library
// changed there: read the case, then decide whether the grammar may loosen.
func TestTrapsOfTheLibrary(t *testing.T) {
	read := func(s string) *goversion.Version {
		t.Helper()
		v, err := goversion.NewVersion(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	minimum := read("0.14.18")

	t.Run("FourSegmentPrereleaseEqualsRelease", func(t *testing.T) {
		if read("0.14.18.0-rc1").Compare(minimum) != 0 {
			t.Error("a fourth segment no longer hides a pre-release")
		}
		if _, err := versioncheck.Parse("0.14.18.0-rc1"); err == nil {
			t.Error("our grammar lets a fourth segment through")
		}
	})
	t.Run("ConstraintRejectsNewerPrerelease", func(t *testing.T) {
		c, err := goversion.NewConstraint(">= 0.14.18")
		if err != nil {
			t.Fatal(err)
		}
		if c.Check(read("0.15.0-rc1")) {
			t.Error("a constraint now accepts a newer pre-release")
		}
		if parse(t, "0.15.0-rc1").OlderThan(parse(t, "0.14.18")) {
			t.Error("we reject a newer pre-release, too")
		}
	})
	t.Run("NilConstraintAcceptsAll", func(t *testing.T) {
		var c goversion.Constraints
		if !c.Check(read("0.0.1")) {
			t.Error("no constraint now rejects")
		}
	})
	t.Run("NilVersionPanics", func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("Compare with nil no longer panics")
			}
		}()
		minimum.Compare(nil)
	})
	t.Run("PrereleaseOrderHasCycles", func(t *testing.T) {
		// Each is older than the next, and the last is the first again.
		ring := []string{"1.0.0-1", "1.0.0-1.1", "1.0.0-1.a", "1.0.0-1"}
		for i := range ring[1:] {
			if read(ring[i]).Compare(read(ring[i+1])) >= 0 {
				t.Errorf("%s is not older than %s", ring[i], ring[i+1])
			}
			if !parse(t, ring[i]).OlderThan(parse(t, ring[i+1])) || !parse(t, ring[i+1]).OlderThan(parse(t, ring[i])) {
				t.Errorf("we take one of %s and %s for new enough for the other", ring[i], ring[i+1])
			}
		}
	})
	t.Run("ErrorEchoesTheWholeInput", func(t *testing.T) {
		hostile := "\x1b[2J" + strings.Repeat("x", 1<<16)
		if _, err := goversion.NewVersion(hostile); err == nil || !strings.Contains(err.Error(), hostile) {
			t.Error("errors no longer echo the input")
		}
	})
	t.Run("PythonFormsAreMalformed", func(t *testing.T) {
		for _, s := range []string{"0.14.18.dev1", "0.14.18.post1"} {
			if _, err := goversion.NewVersion(s); err == nil {
				t.Errorf("%s is now read", s)
			}
			parse(t, s)
		}
	})
}
