package versioncheck_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/versioncheck"
)

type numbers [3]int

func (n numbers) String() string { return fmt.Sprintf("%d.%d.%d", n[0], n[1], n[2]) }

func (n numbers) less(o numbers) bool {
	for i := range n {
		if n[i] != o[i] {
			return n[i] < o[i]
		}
	}
	return false
}

// releases are near the versions at which an answer changes.
func releases(major int) *rapid.Generator[numbers] {
	return rapid.Custom(func(t *rapid.T) numbers {
		return numbers{
			major,
			rapid.OneOf(rapid.IntRange(13, 16), rapid.IntRange(1, 999_999_999)).Draw(t, "minor"),
			rapid.OneOf(rapid.IntRange(16, 20), rapid.IntRange(0, 999_999_999)).Draw(t, "patch"),
		}
	})
}

// reports are servers that say anything.
func reports() *rapid.Generator[versioncheck.Report] {
	names := rapid.OneOf(rapid.SampledFrom([]string{versioncheck.JobMetadata, versioncheck.ListJobs}), rapid.String())
	capability := rapid.Custom(func(t *rapid.T) versioncheck.Capability {
		return versioncheck.Capability{
			Name: names.Draw(t, "name"), Revision: rapid.Uint32().Draw(t, "revision"), Enabled: rapid.Bool().Draw(t, "enabled"),
		}
	})
	version := texts()
	return rapid.Custom(func(t *rapid.T) versioncheck.Report {
		return versioncheck.Report{
			Answered:               rapid.IntRange(0, 9).Draw(t, "answered") > 0,
			ProtocolVersion:        version.Draw(t, "version"),
			MinHostProtocolVersion: rapid.OneOf(rapid.Just(""), version).Draw(t, "min host"),
			CapabilitiesDeclared:   rapid.Bool().Draw(t, "declared"),
			Capabilities:           rapid.SliceOfN(capability, 0, 4).Draw(t, "capabilities"),
			ServerID:               rapid.String().Draw(t, "server id"),
		}
	})
}

// texts are versions, what looks like one, and what does not.
func texts() *rapid.Generator[string] {
	release := rapid.Map(releases(0), numbers.String)
	suffix := rapid.StringMatching(`(-|rc|a|b|\.dev|\.post|\+|\.|~)?[0-9A-Za-z.+-]{0,8}`)
	suffixed := rapid.Custom(func(t *rapid.T) string { return release.Draw(t, "release") + suffix.Draw(t, "suffix") })
	bytes := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string { return string(b) })
	return rapid.OneOf(release, suffixed, rapid.SampledFrom(versions), rapid.String(), bytes)
}

func TestAnswersHoldForAnyInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capability := rapid.OneOf(
			rapid.SampledFrom([]string{versioncheck.JobMetadata, versioncheck.LaunchRun}), rapid.String()).Draw(t, "capability")
		host := rapid.OneOf(rapid.Just(versioncheck.Protocol), texts()).Draw(t, "host")
		report := reports().Draw(t, "report")
		policy := versioncheck.Policy{AllowDevVersions: rapid.Bool().Draw(t, "allow dev")}
		checkAnswers(t, capability, report, versioncheck.Host{Protocol: host}, policy, rapid.Uint32().Draw(t, "entries"))
	})
}

// A newer release of the host's major version never loses what an older one
// had, whatever else it reports and whatever the policy.
func TestDecideIsMonotoneOverReleases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		report := reports().Draw(t, "report")
		policy := versioncheck.Policy{AllowDevVersions: rapid.Bool().Draw(t, "allow dev")}
		a, b := releases(0).Draw(t, "a"), releases(0).Draw(t, "b")
		if b.less(a) {
			a, b = b, a
		}
		for _, r := range versioncheck.Requirements() {
			older, newer := report, report
			older.ProtocolVersion, newer.ProtocolVersion = a.String(), b.String()
			before := versioncheck.Decide(r.Name, older, thisHost, policy)
			after := versioncheck.Decide(r.Name, newer, thisHost, policy)
			if before.State == versioncheck.StateShown && after.State != versioncheck.StateShown {
				t.Fatalf("%s is shown at %s, but %s %s at %s", r.Name, a, after.State, after.Code, b)
			}
		}
	})
}

// Between releases, "older" is the order of their numbers; a pre-release comes
// after every older release and before its own.
func TestOlderThanFollowsTheNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		major := rapid.IntRange(0, 2)
		a := releases(major.Draw(t, "major a")).Draw(t, "a")
		b := releases(major.Draw(t, "major b")).Draw(t, "b")
		release := parse(t, b.String())
		if got, want := parse(t, a.String()).OlderThan(release), a.less(b); got != want {
			t.Fatalf("%s older than %s = %t, want %t", a, b, got, want)
		}
		pre := rapid.StringMatching(`-[0-9A-Za-z-]{1,12}(\.[0-9A-Za-z-]{1,4})?|(rc|a|b|\.dev)[1-9][0-9]{0,3}`).Draw(t, "pre")
		if got, want := parse(t, a.String()+pre).OlderThan(release), !b.less(a); got != want {
			t.Fatalf("%s%s older than %s = %t, want %t", a, pre, b, got, want)
		}
	})
}
