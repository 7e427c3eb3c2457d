package versioncheck_test

import (
	"strings"
	"testing"

	"github.com/penstock-run/penstock/versioncheck"
)

func TestDecideLocation(t *testing.T) {
	for _, c := range []struct {
		name   string
		report versioncheck.Report
		want   versioncheck.Code
	}{
		{"OKSame", reporting("0.15.0"), ""},
		{"OKOldest", reporting("0.14.0"), ""},
		{"OKOldestShort", reporting("0.14"), ""},
		{"OKNewerMinor", reporting("0.999.0"), ""},
		{"OKUnimplemented", versioncheck.Report{}, ""},
		{"OKUnimplementedWithLeftovers", versioncheck.Report{ProtocolVersion: "9.0.0"}, ""},
		{"OKEmpty", reporting(""), ""},
		{"OKUnreadable", reporting("9.0.0.0"), ""},
		{"OKNeedsNewerHost", needing("0.15.0", "9.0.0"), ""},
		{"OKDev", reporting("dev"), ""},
		{"OKDevCoreZero", reporting("0.0.0"), ""},
		{"OKDevPseudoVersion", reporting("v0.0.0-20261122101010-abcdefabcdef"), ""},
		{"ErrBelowOldest", reporting("0.13.99"), versioncheck.CodeProtocolTooOld},
		{"ErrPrereleaseOfOldest", reporting("0.14.0-rc1"), versioncheck.CodeProtocolTooOld},
		{"ErrSmallest", reporting("0.0.1"), versioncheck.CodeProtocolTooOld},
		{"ErrNewerMajor", reporting("1"), versioncheck.CodeNewerMajor},
		{"ErrPrereleaseOfNewerMajor", reporting("1.0.0-rc1"), versioncheck.CodeNewerMajor},
		{"ErrMuchNewerMajor", reporting("999999999.0.0"), versioncheck.CodeNewerMajor},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := versioncheck.DecideLocation(c.report, thisHost)
			if got.Compatible != (c.want == "") || got.Code != c.want {
				t.Errorf("%+v: got compatible %t %s, want code %q", c.report, got.Compatible, got.Code, c.want)
			}
			checkReason(t, got.Reason, !got.Compatible)
		})
	}
}

func TestDecideLocationOnUnreadableHost(t *testing.T) {
	for _, host := range []string{"", "garbage"} {
		for version, want := range map[string]bool{"1.0.0": true, "0.13.0": false} {
			got := versioncheck.DecideLocation(reporting(version), versioncheck.Host{Protocol: host})
			if got.Compatible != want {
				t.Errorf("host %q, server %s: compatible %t, want %t", host, version, got.Compatible, want)
			}
		}
		d := versioncheck.Decide(versioncheck.JobMetadata, reporting("1.0.0"), versioncheck.Host{Protocol: host}, noPolicy)
		if d.State != versioncheck.StateRefused {
			t.Errorf("host %q: a gated capability is %s, want REFUSED", host, d.State)
		}
	}
}

func TestCheckHost(t *testing.T) {
	for _, c := range []struct {
		name, minimum, host string
		want                versioncheck.Code
	}{
		{"OKSame", "0.15.0", "0.15.0", ""},
		{"OKNewer", "0.14.18", "0.15.0", ""},
		{"OKNewerMajor", "0.14.18", "1.0.0", ""},
		{"OKNewerPrerelease", "0.14.18", "0.15.0-rc1", ""},
		{"OKAnyHost", "", "0.14.0", ""},
		{"OKAnyHostUnknown", "", "", ""},
		{"OKAnyHostGarbage", "", "\x00", ""},
		{"ErrOlder", "0.15.0", "0.14.18", versioncheck.CodeHostTooOld},
		{"ErrPrereleaseOfMinimum", "0.15.0", "0.15.0-rc1", versioncheck.CodeHostTooOld},
		{"ErrNotReported", "0.15.0", "", versioncheck.CodeVersionNotReported},
		{"ErrDev", "0.15.0", "dev", versioncheck.CodeDevVersionUnverified},
		{"ErrDevCoreZero", "0.15.0", "0.0.0", versioncheck.CodeDevVersionUnverified},
		{"ErrUnparseable", "0.15.0", "\x1b[2J" + strings.Repeat("z", 1000), versioncheck.CodeVersionUnparseable},
		{"ErrMinimumUnparseable", "newest\n" + strings.Repeat("z", 1000), "0.15.0", versioncheck.CodeVersionUnparseable},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := versioncheck.CheckHost(c.minimum, versioncheck.Host{Protocol: c.host})
			if got.Compatible != (c.want == "") || got.Code != c.want {
				t.Errorf("minimum %.40q, host %.40q: got compatible %t %s, want code %q", c.minimum, c.host, got.Compatible, got.Code, c.want)
			}
			checkReason(t, got.Reason, !got.Compatible)
		})
	}

	t.Run("SaysWhatTheyHaveAndNeed", func(t *testing.T) {
		got := versioncheck.CheckHost("v0.16", versioncheck.Host{Protocol: "0.15.0"})
		const message = `The host reports protocol "0.15.0"; this user code requires host protocol 0.16.0 or newer.`
		const remedy = "Upgrade the host to protocol 0.16.0 or newer, or build the user code with an SDK that requires less."
		if got.Message != message || got.Remedy != remedy || got.Required != "0.16.0" {
			t.Errorf("got %+v", got)
		}
	})
}
