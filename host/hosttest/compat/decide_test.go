package compat

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Tests by chance print their seed when they fail: -seed repeats one, -for makes them longer.
var (
	seedFlag = flag.Uint64("seed", 0, "seed of the tests by chance; 0 picks one")
	forFlag  = flag.Duration("for", 8*time.Second, "how long the tests by chance go on, together with hosts")
)

func seed(t *testing.T) uint64 {
	t.Helper()
	s := *seedFlag
	if s == 0 {
		s = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat this: go test -run '^%s$' ./host/hosttest/compat -seed=%d", t.Name(), s)
		}
	})
	return s
}

// The model and package versioncheck, which were written apart, agree on every report.
func TestRandomReports(t *testing.T) {
	c := NewChance(seed(t))
	seen := map[string]int{}
	for range 20_000 {
		r := c.Report()
		m := Model{Host: current(), AllowDev: c.IntN(2) == 0}
		host := versioncheck.Protocol
		if c.IntN(3) == 0 {
			h := c.release()
			m.Host, host = h.Numbers, h.Text
		}
		report := versioncheck.Report{
			Answered: !r.Silent, ProtocolVersion: r.Version.Text, MinHostProtocolVersion: r.MinHost.Text,
			CapabilitiesDeclared: r.Declared, Capabilities: plainCapabilities(c.Capabilities(r)),
		}
		want := m.Judge(r)
		d := versioncheck.Decide(versioncheck.JobMetadata, report, versioncheck.Host{Protocol: host}, versioncheck.Policy{AllowDevVersions: m.AllowDev})
		got := Verdict{Refused: string(d.Code)}
		if (d.State == versioncheck.StateShown) != (d.Code == "") {
			t.Fatalf("%s with code %q", d.State, d.Code)
		}
		for _, n := range d.Notices {
			got.Newer = got.Newer || n.Code == versioncheck.CodeNewerThanHost
			got.Unverified = got.Unverified || n.Code == versioncheck.CodeDevVersionUnverified
		}
		l := versioncheck.DecideLocation(report, versioncheck.Host{Protocol: host})
		got.Incompatible = string(l.Code)
		if l.Compatible != (l.Code == "") {
			t.Fatalf("compatible: %t with code %q", l.Compatible, l.Code)
		}
		if got != want {
			t.Fatalf("host %q, allow dev %t, report %+v:\nversioncheck says %+v,\nthe model      %+v", host, m.AllowDev, report, got, want)
		}
		seen[want.Refused]++
		seen["location "+want.Incompatible]++
	}
	// Chance must have come by every answer.
	for _, code := range []string{
		"", "VERSION_NOT_REPORTED", "DEV_VERSION_UNVERIFIED", "VERSION_UNPARSEABLE", "HOST_TOO_OLD", "PRERELEASE_OF_MINIMUM",
		"CONTRADICTORY_REPORT", "SERVER_TOO_OLD", "CAPABILITY_NOT_ADVERTISED", "NEWER_MAJOR_PROTOCOL",
		"location ", "location PROTOCOL_TOO_OLD", "location NEWER_MAJOR_PROTOCOL",
	} {
		if seen[code] < 20 {
			t.Errorf("%q came %d times: the reports are not what they should be", code, seen[code])
		}
	}
}

func plainCapabilities(list []*usercodev1.Capability) (plain []versioncheck.Capability) {
	for _, c := range list {
		plain = append(plain, versioncheck.Capability{Name: c.GetName(), Revision: c.GetRevision(), Enabled: c.GetEnabled()})
	}
	return slices.Clip(plain)
}
