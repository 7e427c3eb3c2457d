package versioncheck_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/versioncheck"
)

// alerts is a gated capability of a host that is newer than this tree.
var alerts = versioncheck.Requirement{
	Name: "alerts", Label: "alerts", MinProtocol: "0.15.2", MinHostProtocol: "0.15.0", FixedProtocol: "0.15.5",
	Description: "Schedules of a later time.",
}

func codesOf(notices []versioncheck.Notice) (codes []versioncheck.Code) {
	for _, n := range notices {
		codes = append(codes, n.Code)
	}
	return codes
}

func TestRequirementDecide(t *testing.T) {
	with := func(change func(*versioncheck.Requirement)) versioncheck.Requirement {
		r := alerts
		change(&r)
		return r
	}
	oldRow := with(func(r *versioncheck.Requirement) { r.MinProtocol, r.FixedProtocol = "0.10.0", "" })
	baseline := with(func(r *versioncheck.Requirement) { r.Baseline = true })
	known, newer := []versioncheck.Code{versioncheck.CodeKnownBugs}, []versioncheck.Code{versioncheck.CodeNewerThanHost}
	for _, c := range []struct {
		name    string
		row     versioncheck.Requirement
		version string
		want    versioncheck.Code // empty: SHOWN
		notices []versioncheck.Code
	}{
		{"TooOld", alerts, "0.15.1", versioncheck.CodeServerTooOld, nil},
		{"Minimum", alerts, "0.15.2", "", known},
		{"JustBeforeTheFix", alerts, "0.15.4", "", known},
		{"PrereleaseOfTheFix", alerts, "0.15.5-rc1", "", known},
		{"Fixed", alerts, "0.15.5", "", nil},
		{"NewerMinor", alerts, "0.16.0", "", newer},
		{"NewerMinorWithBugs", with(func(r *versioncheck.Requirement) { r.FixedProtocol = "0.17.0" }), "0.16.0", "", append(newer, known...)},
		{"FixedBeforeTheMinimum", with(func(r *versioncheck.Requirement) { r.FixedProtocol = "0.1.0" }), "0.15.2", "", nil},
		{"NoFix", with(func(r *versioncheck.Requirement) { r.FixedProtocol = "" }), "0.15.2", "", nil},
		{"UnreadableFixIsSuspect", with(func(r *versioncheck.Requirement) { r.FixedProtocol = "soon" }), "0.15.9", "", known},
		{"BaselineBeforeTheFix", baseline, "0.14.0", "", known},
		{"BaselineFixed", baseline, "0.15.5", "", nil},
		{"BaselineDevHasNoBugs", baseline, "dev", "", nil},
		{"BaselineNotReported", baseline, "", "", nil},
		{"BaselineIncompatible", baseline, "0.13.0", versioncheck.CodeProtocolTooOld, nil},
		{"LessThanTheOldest", oldRow, "0.13.9", versioncheck.CodeProtocolTooOld, nil},
		{"LessThanTheOldestButNewEnough", oldRow, "0.14.0", "", nil},
		{"ErrMinimum", with(func(r *versioncheck.Requirement) { r.MinProtocol = "soon" }), "0.15.9", versioncheck.CodeVersionUnparseable, nil},
		{"ErrMinimumMissing", with(func(r *versioncheck.Requirement) { r.MinProtocol = "" }), "0.15.9", versioncheck.CodeVersionUnparseable, nil},
		{"ErrMinimumOfHost", with(func(r *versioncheck.Requirement) { r.MinHostProtocol = "1.0.0.0" }), "0.15.9", versioncheck.CodeVersionUnparseable, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := c.row.Decide(reporting(c.version), thisHost, noPolicy)
			want := versioncheck.StateRefused
			if c.want == "" {
				want = versioncheck.StateShown
			}
			if d.State != want || d.Code != c.want || !slices.Equal(codesOf(d.Notices), c.notices) || d.Capability != "alerts" {
				t.Errorf("got %s %s %v, want %s %s %v", d.State, d.Code, d.Notices, want, c.want, c.notices)
			}
			checkDecision(t, d)
		})
	}
}

func TestKnownBugsAreNamed(t *testing.T) {
	d := alerts.Decide(reporting("0.15.3"), thisHost, noPolicy)
	if len(d.Notices) != 1 || !strings.Contains(d.Notices[0].Message, `"0.15.3"; alerts have known bugs before 0.15.5`) {
		t.Errorf("got %+v", d.Notices)
	}
}

// The line of this tree's own table and the function answer alike.
func TestRequirementDecidesAsTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		report := reports().Draw(t, "report")
		host := versioncheck.Host{Protocol: rapid.OneOf(rapid.Just(versioncheck.Protocol), texts()).Draw(t, "host")}
		policy := versioncheck.Policy{AllowDevVersions: rapid.Bool().Draw(t, "allow dev")}
		for i, d := range (versioncheck.HostTable{Host: host, Requirements: versioncheck.Requirements()}).Decide(report, policy) {
			want := versioncheck.Decide(versioncheck.Requirements()[i].Name, report, host, policy)
			if !reflect.DeepEqual(d, want) {
				t.Fatalf("the line answers %+v, the function %+v", d, want)
			}
		}
	})
}

// tableText is a table as a host writes it.
func tableText(t tester, change func(map[string]any)) []byte {
	t.Helper()
	table := map[string]any{
		"hostVersion": "1.4.0", "protocolVersion": "0.16.1", "oldestProtocolVersion": "0.15.0", "later": map[string]any{"a": 1},
		"capabilities": []any{
			map[string]any{"name": "run_tags", "baseline": true, "minProtocolVersion": "0.14.0", "minHostProtocolVersion": "0.14.0", "later": []any{}},
			map[string]any{"name": "alerts", "label": "alerts", "minProtocolVersion": "0.16.0", "minHostProtocolVersion": "0.16.0", "fixedProtocolVersion": "0.16.1"},
		},
		"allowDevVersions": []any{"etl"},
	}
	if change != nil {
		change(table)
	}
	text, err := json.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReadHostTable(t *testing.T) {
	table, err := versioncheck.ReadHostTable(tableText(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := versioncheck.HostTable{
		HostVersion: "1.4.0", Host: versioncheck.Host{Protocol: "0.16.1", Oldest: "0.15.0"},
		Requirements: []versioncheck.Requirement{
			{Name: "run_tags", Baseline: true, MinProtocol: "0.14.0", MinHostProtocol: "0.14.0"},
			{Name: "alerts", Label: "alerts", MinProtocol: "0.16.0", MinHostProtocol: "0.16.0", FixedProtocol: "0.16.1"},
		},
		AllowDevVersions: []string{"etl"},
	}
	if !reflect.DeepEqual(table, want) {
		t.Errorf("got  %+v\nwant %+v", table, want)
	}
	if !table.Policy("etl").AllowDevVersions || table.Policy("another").AllowDevVersions || table.Policy("").AllowDevVersions {
		t.Errorf("policies are not those of %v", table.AllowDevVersions)
	}
	// What a build of this tree has there: the other host's rows and oldest protocol decide.
	for version, want := range map[string][]versioncheck.Code{
		"0.14.18": {versioncheck.CodeProtocolTooOld, versioncheck.CodeServerTooOld},
		"0.15.0":  {"", versioncheck.CodeServerTooOld},
		"0.16.1":  {"", ""},
	} {
		var got []versioncheck.Code
		for _, d := range table.Decide(reporting(version), noPolicy) {
			got = append(got, d.Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("protocol %s: got %q, want %q", version, got, want)
		}
	}
}

func TestReadHostTableSaysWhatIsWrong(t *testing.T) {
	row := func(name string) map[string]any { return map[string]any{"name": name} }
	many := make([]any, 1001)
	for i := range many {
		many[i] = row(strings.Repeat("x", i+1))
	}
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"Nothing":        {nil, "is not the JSON"},
		"NotJSON":        {[]byte("<html>\x1b[2J" + strings.Repeat("x", 1000)), "is not the JSON"},
		"List":           {[]byte("[]"), "is not the JSON"},
		"Empty":          {[]byte("{}"), "has no protocolVersion"},
		"BadProtocol":    {tableText(t, func(m map[string]any) { m["protocolVersion"] = "latest" }), `protocolVersion: read version "latest"`},
		"NoCapabilities": {tableText(t, func(m map[string]any) { delete(m, "capabilities") }), "has no capabilities"},
		"NoName":         {tableText(t, func(m map[string]any) { m["capabilities"] = []any{row("")} }), "capability 1 has no name"},
		"Twice":          {tableText(t, func(m map[string]any) { m["capabilities"] = []any{row("a"), row("a")} }), `capability 2 has no name, or that of another one: "a"`},
		"TooMany":        {tableText(t, func(m map[string]any) { m["capabilities"] = many }), "limit is 1000"},
		"TooLong":        {[]byte(strings.Repeat(" ", versioncheck.MaxTableBytes+1)), "longer than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := versioncheck.ReadHostTable(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			checkTexts(t, err.Error())
		})
	}
}

func TestOwnTable(t *testing.T) {
	own := versioncheck.OwnTable()
	for _, d := range own.Decide(declaring(versioncheck.Protocol, everything...), own.Policy("")) {
		if d.State != versioncheck.StateShown || len(d.Notices) > 0 {
			t.Errorf("a build of this tree has %+v on a host of this tree", d)
		}
	}
}

// FuzzHostTable reads any table and decides by each of its rows.
func FuzzHostTable(f *testing.F) {
	f.Add(tableText(f, nil), "0.15.0", "", "alerts", true, false)
	for i, s := range versions {
		text := tableText(f, func(m map[string]any) {
			m["oldestProtocolVersion"] = versions[(i+5)%len(versions)]
			m["capabilities"] = []any{map[string]any{
				"name": "x" + s, "label": s, "minProtocolVersion": s, "minHostProtocolVersion": versions[(i*7+3)%len(versions)],
				"fixedProtocolVersion": versions[(i*3+1)%len(versions)], "baseline": i%3 == 0,
			}}
		})
		f.Add(text, versions[(i*11+2)%len(versions)], s, "x"+s, i%2 == 0, i%4 == 0)
	}
	f.Fuzz(func(t *testing.T, text []byte, version, minHost, listed string, declared, allow bool) {
		table, err := versioncheck.ReadHostTable(text)
		if err != nil {
			checkTexts(t, err.Error())
			return
		}
		report := versioncheck.Report{
			Answered: true, ProtocolVersion: version, MinHostProtocolVersion: minHost, ServerID: listed,
			CapabilitiesDeclared: declared, Capabilities: []versioncheck.Capability{{Name: listed, Enabled: true}},
		}
		compatible := versioncheck.DecideLocation(report, table.Host)
		checkReason(t, compatible.Reason, !compatible.Compatible)
		for i, d := range table.Decide(report, versioncheck.Policy{AllowDevVersions: allow}) {
			checkDecision(t, d)
			if d.State == versioncheck.StateShown && !compatible.Compatible {
				t.Errorf("row %+v is shown, though the location is incompatible: %+v", table.Requirements[i], compatible)
			}
			if table.Requirements[i].Baseline && (d.State == versioncheck.StateShown) != compatible.Compatible {
				t.Errorf("baseline row %+v is %s on a location that is compatible: %t", table.Requirements[i], d.State, compatible.Compatible)
			}
		}
	})
}
