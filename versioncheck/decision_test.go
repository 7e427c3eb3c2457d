package versioncheck_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/versioncheck"
)

var (
	thisHost   = versioncheck.Host{Protocol: versioncheck.Protocol}
	noPolicy   = versioncheck.Policy{}
	allowDev   = versioncheck.Policy{AllowDevVersions: true}
	everything = []versioncheck.Capability{
		{Name: versioncheck.JobMetadata, Revision: 1, Enabled: true},
		{Name: versioncheck.LaunchRun, Revision: 1, Enabled: true},
		{Name: versioncheck.ListJobs, Revision: 1, Enabled: true},
		{Name: versioncheck.OutputStore, Revision: 1, Enabled: true},
		{Name: versioncheck.Partitions, Revision: 1, Enabled: true},
		{Name: versioncheck.RunTags, Revision: 1, Enabled: true},
		{Name: versioncheck.Schedules, Revision: 1, Enabled: true},
		{Name: versioncheck.Sensors, Revision: 1, Enabled: true},
	}
)

// reporting is a server that reports the version and no list of capabilities.
func reporting(version string) versioncheck.Report {
	return versioncheck.Report{Answered: true, ProtocolVersion: version, ServerID: "5f0c"}
}

// declaring is a server that declares the list as the whole.
func declaring(version string, list ...versioncheck.Capability) versioncheck.Report {
	r := reporting(version)
	r.CapabilitiesDeclared, r.Capabilities = true, list
	return r
}

// needing is a server that needs at least the given host.
func needing(version, host string) versioncheck.Report {
	r := reporting(version)
	r.MinHostProtocolVersion = host
	return r
}

func metadata(enabled bool) versioncheck.Capability {
	return versioncheck.Capability{Name: versioncheck.JobMetadata, Revision: 1, Enabled: enabled}
}

func unlisted(r versioncheck.Report, list ...versioncheck.Capability) versioncheck.Report {
	r.CapabilitiesDeclared, r.Capabilities = false, list
	return r
}

func TestDecideGated(t *testing.T) {
	const shown = versioncheck.Code("")
	for _, c := range []struct {
		name   string
		report versioncheck.Report
		policy versioncheck.Policy
		want   versioncheck.Code // empty: SHOWN
	}{
		{"1/Unimplemented", versioncheck.Report{}, noPolicy, versioncheck.CodeVersionNotReported},
		{"1/UnimplementedWithLeftovers", versioncheck.Report{ProtocolVersion: "0.15.0"}, noPolicy, versioncheck.CodeVersionNotReported},
		{"1/EmptyReply", reporting(""), noPolicy, versioncheck.CodeVersionNotReported},
		{"1/EmptyIsNotDev", reporting(""), allowDev, versioncheck.CodeVersionNotReported},
		{"1/BeforeMinHost", needing("", "garbage"), noPolicy, versioncheck.CodeVersionNotReported},

		{"2/Dev", reporting("dev"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/Devel", reporting("(devel)"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/ZeroPlusDev", reporting("0+dev"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/EpochDev", reporting("1!0+dev"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/CoreZero", reporting("0.0.0"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/CoreZeroShort", reporting("v0"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/PseudoVersion", reporting("v0.0.0-20261122101010-abcdefabcdef+dirty"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/CoreZeroPython", reporting("0.0.0.dev1"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/BeforeMinHost", needing("dev", "garbage"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/BeforeCapabilities", declaring("dev"), noPolicy, versioncheck.CodeDevVersionUnverified},
		{"2/Allowed", reporting("dev"), allowDev, shown},
		{"2/AllowedCoreZero", reporting("0.0.0-x"), allowDev, shown},
		{"2/AllowedAdvertises", declaring("dev", metadata(true)), allowDev, shown},
		{"2/AllowedButDeclaresNone", declaring("dev"), allowDev, versioncheck.CodeCapabilityNotAdvertised},
		{"2/AllowedButSwitchedOff", declaring("(devel)", metadata(false)), allowDev, versioncheck.CodeCapabilityNotAdvertised},
		{"2/AllowedButMinHostUnreadable", needing("dev", "garbage"), allowDev, versioncheck.CodeVersionUnparseable},
		{"2/AllowedButNeedsNewerHost", needing("dev", "0.16.0"), allowDev, versioncheck.CodeHostTooOld},
		{"2/AllowedIsNotForReleases", reporting("0.14.17"), allowDev, versioncheck.CodeServerTooOld},
		{"2/AllowedIsNotForGarbage", reporting("development"), allowDev, versioncheck.CodeVersionUnparseable},

		{"3/Garbage", reporting("latest"), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/Space", reporting(" "), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/Nul", reporting("0.15.0\x00"), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/DevInOtherCase", reporting("DEV"), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/FourSegments", reporting("0.14.18.0"), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/FourSegmentsPrerelease", reporting("0.14.18.0-rc1"), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/LeadingZero", reporting("0.14.018"), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/TooLong", reporting("0.15.0-" + strings.Repeat("a", 122)), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/MinHost", needing("0.15.0", ">=0.15"), noPolicy, versioncheck.CodeVersionUnparseable},
		{"3/MinHostBeforeTooOld", needing("0.14.17", "x"), noPolicy, versioncheck.CodeVersionUnparseable},

		{"4/NewerPatch", needing("0.15.0", "0.15.1"), noPolicy, versioncheck.CodeHostTooOld},
		{"4/PrereleaseOfNewer", needing("0.15.0", "0.15.1-rc1"), noPolicy, versioncheck.CodeHostTooOld},
		{"4/NewerMajor", needing("0.15.0", "1"), noPolicy, versioncheck.CodeHostTooOld},
		{"4/BeforeTooOld", needing("0.14.17", "0.16"), noPolicy, versioncheck.CodeHostTooOld},
		{"4/BeforePrerelease", needing("0.14.18-rc1", "0.16"), noPolicy, versioncheck.CodeHostTooOld},
		{"4/BeforeNewerMajor", needing("1.0.0", "1.0.0"), noPolicy, versioncheck.CodeHostTooOld},
		{"4/SameIsEnough", needing("0.15.0", "0.15.0"), noPolicy, shown},
		{"4/PrereleaseOfSameIsEnough", needing("0.15.0", "0.15.0-rc1"), noPolicy, shown},
		{"4/OlderIsEnough", needing("0.15.0", "0.0.0"), noPolicy, shown},

		{"5/Hyphen", reporting("0.14.18-rc1"), noPolicy, versioncheck.CodePrereleaseOfMinimum},
		{"5/Compact", reporting("0.14.18rc1"), noPolicy, versioncheck.CodePrereleaseOfMinimum},
		{"5/Python", reporting("v0.14.18.dev1"), noPolicy, versioncheck.CodePrereleaseOfMinimum},
		{"5/WithBuild", reporting("0.14.18-rc1+zzz"), noPolicy, versioncheck.CodePrereleaseOfMinimum},
		{"5/BeforeContradiction", declaring("0.14.18-rc1", everything...), noPolicy, versioncheck.CodePrereleaseOfMinimum},

		{"6/Advertises", declaring("0.14.17", everything...), noPolicy, versioncheck.CodeContradictoryReport},
		{"6/AdvertisesUndeclared", unlisted(reporting("0.14.17"), metadata(true)), noPolicy, versioncheck.CodeContradictoryReport},
		{"6/OldPrereleaseAdvertises", declaring("0.14.17-rc1", metadata(true)), noPolicy, versioncheck.CodeContradictoryReport},
		{"6/SwitchedOffIsNoContradiction", declaring("0.14.17", metadata(false)), noPolicy, versioncheck.CodeServerTooOld},

		{"7/JustBelow", reporting("0.14.17"), noPolicy, versioncheck.CodeServerTooOld},
		{"7/JustBelowDeclared", declaring("0.14.17", everything[1:]...), noPolicy, versioncheck.CodeServerTooOld},
		{"7/PrereleaseBelow", reporting("0.14.17-rc1"), noPolicy, versioncheck.CodeServerTooOld},
		{"7/PostOfOlder", reporting("0.14.17.post9"), noPolicy, versioncheck.CodeServerTooOld},
		{"7/NumbersNotText", reporting("0.14.2"), noPolicy, versioncheck.CodeServerTooOld},
		{"7/Short", reporting("0.14"), noPolicy, versioncheck.CodeServerTooOld},
		{"7/BelowOldest", reporting("0.13.9"), noPolicy, versioncheck.CodeServerTooOld},

		{"8/DeclaredEmpty", declaring("0.14.18"), noPolicy, versioncheck.CodeCapabilityNotAdvertised},
		{"8/DeclaredOthers", declaring("0.15.0", everything[1:]...), noPolicy, versioncheck.CodeCapabilityNotAdvertised},
		{"8/SwitchedOff", declaring("0.15.0", metadata(false)), noPolicy, versioncheck.CodeCapabilityNotAdvertised},
		{"8/SwitchedOffUndeclared", unlisted(reporting("0.15.0"), metadata(false)), noPolicy, versioncheck.CodeCapabilityNotAdvertised},
		{"8/ListedTwice", declaring("0.15.0", metadata(true), metadata(false)), noPolicy, versioncheck.CodeCapabilityNotAdvertised},
		{"8/OtherCase", declaring("0.15.0", versioncheck.Capability{Name: "Job_Metadata", Enabled: true}), noPolicy, versioncheck.CodeCapabilityNotAdvertised},

		{"9/Minimum", reporting("0.14.18"), noPolicy, shown},
		{"9/MinimumDeclared", declaring("0.14.18", everything...), noPolicy, shown},
		{"9/MinimumWithBuild", reporting("v0.14.18+any"), noPolicy, shown},
		{"9/MinimumPost", reporting("0.14.18.post1"), noPolicy, shown},
		{"9/PrereleaseOfNewer", reporting("0.15.0-rc1"), noPolicy, shown},
		{"9/PythonPrereleaseOfNewer", reporting("0.14.19.dev1"), noPolicy, shown},
		{"9/Undeclared", unlisted(reporting("0.15.0"), everything[1:]...), noPolicy, shown},
		{"9/NumbersNotText", reporting("0.14.100"), noPolicy, shown},
		{"9/RevisionDoesNotGate", declaring("0.15.0", versioncheck.Capability{Name: versioncheck.JobMetadata, Revision: 9, Enabled: true}), noPolicy, shown},
		{"9/NewerMinor", reporting("0.16.0"), noPolicy, shown},
		{"9/NewerMajor", reporting("1.0.0"), noPolicy, versioncheck.CodeNewerMajor},
		{"9/NewerMajorPrerelease", reporting("1.0.0-rc1"), noPolicy, versioncheck.CodeNewerMajor},
		{"9/NewerMajorDeclaresNone", declaring("1.0.0"), noPolicy, versioncheck.CodeNewerMajor},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := versioncheck.Decide(versioncheck.JobMetadata, c.report, thisHost, c.policy)
			want := versioncheck.StateRefused
			if c.want == shown {
				want = versioncheck.StateShown
			}
			if d.State != want || d.Code != c.want {
				t.Fatalf("report %+v: got %s %s, want %s %s", c.report, d.State, d.Code, want, c.want)
			}
			checkDecision(t, d)
		})
	}
}

// checkDecision checks what holds for every decision.
func checkDecision(t tester, d versioncheck.Decision) {
	t.Helper()
	checkReason(t, d.Reason, d.State != versioncheck.StateShown && d.State != versioncheck.StateEmpty)
	texts := []string{d.Capability, d.ServerID}
	for _, n := range d.Notices {
		texts = append(texts, string(n.Code), n.Message)
	}
	checkTexts(t, texts...)
	if d.State == versioncheck.StateRefused && len(d.Notices) > 0 {
		t.Errorf("a refusal has notices: %+v", d)
	}
}

func checkReason(t tester, r versioncheck.Reason, explained bool) {
	t.Helper()
	for _, s := range []string{string(r.Code), r.Message, r.Remedy, r.DocsPath} {
		if (s != "") != explained {
			t.Errorf("explained = %t, reason %+v", explained, r)
		}
	}
	for _, s := range []string{r.Reported, r.Required, r.HostVersion} {
		if len(s) > 64 {
			t.Errorf("%q has %d characters, want at most 64", s, len(s))
		}
	}
	if r.Reported != "" && !strings.HasPrefix(r.Reported, `"`) {
		t.Errorf("reported %s is not quoted", r.Reported)
	}
	checkTexts(t, string(r.Code), r.Message, r.Remedy, r.DocsPath, r.Reported, r.Required, r.HostVersion)
}

func checkTexts(t tester, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if len(s) > versioncheck.MaxText {
			t.Errorf("text of %d bytes, want at most %d: %q", len(s), versioncheck.MaxText, s)
		}
		if !printable(s) {
			t.Errorf("%q is not printable ASCII", s)
		}
	}
}

func TestDecideNotices(t *testing.T) {
	for _, c := range []struct {
		name    string
		version string
		policy  versioncheck.Policy
		want    []versioncheck.Code
	}{
		{"Same", "0.15.0", noPolicy, nil},
		{"OlderMinor", "0.14.18", noPolicy, nil},
		{"NewerPatch", "0.15.9", noPolicy, nil},
		{"NewerMinor", "0.16.0", noPolicy, []versioncheck.Code{versioncheck.CodeNewerThanHost}},
		{"NewerMinorPrerelease", "0.16.0-rc1", noPolicy, []versioncheck.Code{versioncheck.CodeNewerThanHost}},
		{"Dev", "dev", allowDev, []versioncheck.Code{versioncheck.CodeDevVersionUnverified}},
		{"AllowedButNotDev", "0.15.0", allowDev, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := versioncheck.Decide(versioncheck.JobMetadata, reporting(c.version), thisHost, c.policy)
			var got []versioncheck.Code
			for _, n := range d.Notices {
				got = append(got, n.Code)
			}
			if d.State != versioncheck.StateShown || !slices.Equal(got, c.want) {
				t.Errorf("%s: got %s with %v, want SHOWN with %v", c.version, d.State, got, c.want)
			}
			checkDecision(t, d)
		})
	}
}

func TestDecideBaseline(t *testing.T) {
	for _, c := range []struct {
		name   string
		report versioncheck.Report
		want   versioncheck.Code
	}{
		{"Unimplemented", versioncheck.Report{}, ""},
		{"Garbage", reporting("latest"), ""},
		{"Dev", reporting("0.0.0"), ""},
		{"NeedsNewerHost", needing("0.15.0", "9.0.0"), ""},
		{"DeclaresNone", declaring("0.15.0"), ""},
		{"Oldest", reporting("0.14.0"), ""},
		{"NewerMinor", reporting("0.99.0"), ""},
		{"BelowOldest", reporting("0.13.99"), versioncheck.CodeProtocolTooOld},
		{"NewerMajor", reporting("1.0.0"), versioncheck.CodeNewerMajor},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range []string{versioncheck.ListJobs, versioncheck.LaunchRun, versioncheck.RunTags} {
				d := versioncheck.Decide(name, c.report, thisHost, noPolicy)
				if (d.State == versioncheck.StateShown) != (c.want == "") || d.Code != c.want {
					t.Errorf("%s: got %s %s, want code %q", name, d.State, d.Code, c.want)
				}
				checkDecision(t, d)
			}
		})
	}
}

func TestDecideUnknownCapability(t *testing.T) {
	for _, name := range []string{"", "alerts", "JOB_METADATA", "\x1b[31m" + strings.Repeat("x", 1000)} {
		d := versioncheck.Decide(name, declaring("0.15.0", everything...), thisHost, allowDev)
		if d.State != versioncheck.StateRefused || d.Code != versioncheck.CodeUnknownCapability {
			t.Errorf("Decide(%.40q) = %s %s, want a refusal", name, d.State, d.Code)
		}
		checkDecision(t, d)
	}
}

func TestDecideOnAnotherHost(t *testing.T) {
	for _, c := range []struct {
		name, host string
		want       versioncheck.Code
	}{
		{"NewEnough", "0.14.18", ""},
		{"Newer", "0.99.0", ""},
		{"BeforeMetadata", "0.14.17", versioncheck.CodeHostTooOld},
		{"PrereleaseOfMinimum", "0.14.18-rc1", versioncheck.CodeHostTooOld},
		{"Dev", "0.0.0", versioncheck.CodeHostTooOld},
		{"Nothing", "", versioncheck.CodeVersionUnparseable},
		{"Hostile", "\x1b[2J" + strings.Repeat("9", 500), versioncheck.CodeVersionUnparseable},
	} {
		t.Run(c.name, func(t *testing.T) {
			own := declaring(versioncheck.Protocol, everything...)
			d := versioncheck.Decide(versioncheck.JobMetadata, own, versioncheck.Host{Protocol: c.host}, noPolicy)
			if d.Code != c.want {
				t.Errorf("host %.40q: got %s %s, want code %q", c.host, d.State, d.Code, c.want)
			}
			checkDecision(t, d)
		})
	}
}

// A server that is content with an old host does not make the host new enough
// for the capability.
func TestDecideTakesTheHigherHostMinimum(t *testing.T) {
	for minHost, want := range map[string]string{"0.14.0": "0.14.18", "0.14.18": "0.14.18", "0.15": "0.15.0"} {
		d := versioncheck.Decide(versioncheck.JobMetadata, needing("0.15.0", minHost), versioncheck.Host{Protocol: "0.14.17"}, noPolicy)
		if d.Code != versioncheck.CodeHostTooOld || d.Required != want {
			t.Errorf("minimum host %s: got %s, required %s, want required %s", minHost, d.Code, d.Required, want)
		}
		checkDecision(t, d)
	}
}

func TestDecideSaysWhatTheyHaveAndNeed(t *testing.T) {
	t.Run("ServerTooOld", func(t *testing.T) {
		d := versioncheck.Decide(versioncheck.JobMetadata, reporting("0.14.17"), thisHost, noPolicy)
		want := versioncheck.Decision{
			State: versioncheck.StateRefused, Capability: "job_metadata", ServerID: "5f0c",
			Reason: versioncheck.Reason{
				Code: "SERVER_TOO_OLD", Reported: `"0.14.17"`, Required: "0.14.18", HostVersion: "0.15.0",
				Message:  `The server reports protocol "0.14.17"; job metadata needs 0.14.18 or newer.`,
				Remedy:   "Deploy the user code with an SDK whose protocol is 0.14.18 or newer.",
				DocsPath: "docs/versions.md#server_too_old",
			},
		}
		if d.Notices != nil || d.Reason != want.Reason || d.State != want.State || d.Capability != want.Capability || d.ServerID != want.ServerID {
			t.Errorf("got  %+v\nwant %+v", d, want)
		}
	})

	hostile := "1.0\x1b]0;owned\x07\r\n\u202e" + strings.Repeat("\U0001f600", 100)
	for _, c := range []struct {
		name   string
		report versioncheck.Report
		want   []string
	}{
		{"NamesTheVersionField", reporting("latest"), []string{"protocol_version", `"latest"`, "0.14.18"}},
		{"NamesTheMinHostField", needing("0.15.0", "soon"), []string{"min_host_protocol_version", `"soon"`}},
		{"EscapesAndCuts", reporting(hostile), []string{`"1.0\x1b]0;owned\a\r\n\u202e\U0001f600`, `"...`}},
		{"HostTooOldNamesBoth", needing("0.15.0", "0.16.1"), []string{"0.16.1", "0.15.0"}},
		{"Dev", reporting("(devel)"), []string{`"(devel)"`, "allow_dev_versions", "0.14.18"}},
		{"Prerelease", reporting("0.14.18rc1"), []string{`"0.14.18rc1"`, "pre-release of 0.14.18"}},
		{"Contradiction", declaring("0.14.17", metadata(true)), []string{`"0.14.17"`, "advertises job_metadata", "0.14.18"}},
		{"NotAdvertised", declaring("0.15.0"), []string{`"0.15.0"`, "does not advertise job_metadata"}},
		{"SwitchedOff", declaring("0.15.0", metadata(false)), []string{"switched off", "Switch on job_metadata"}},
		{"NotReported", versioncheck.Report{}, []string{"does not report", "0.14.18"}},
		{"NewerMajor", reporting("1.2.0"), []string{`"1.2.0"`, "0.15.0", "0.x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := versioncheck.Decide(versioncheck.JobMetadata, c.report, thisHost, noPolicy)
			for _, want := range c.want {
				if !strings.Contains(d.Message+" "+d.Remedy, want) {
					t.Errorf("message %q and remedy %q lack %q", d.Message, d.Remedy, want)
				}
			}
			checkDecision(t, d)
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	for name, r := range map[string]versioncheck.Report{
		"Shown":   declaring("0.15.0", everything...),
		"Refused": reporting("0.14.17"),
		"Hostile": reporting(strings.Repeat("\x00", 64<<10)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				versioncheck.Decide(versioncheck.JobMetadata, r, thisHost, noPolicy)
			}
		})
	}
}
