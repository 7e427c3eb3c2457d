package versioncheck_test

import (
	"strings"
	"testing"

	"github.com/penstock-run/penstock/versioncheck"
)

func TestParse(t *testing.T) {
	digits := func(n int) string { return strings.Repeat("9", n) }
	accepted := map[string]string{
		"0.14.18":               "0.14.18",
		"v0.14.18":              "0.14.18",
		"1":                     "1.0.0",
		"v1.2":                  "1.2.0",
		"0":                     "0.0.0",
		"0.14.18-rc1":           "0.14.18-rc1",
		"0.14.18-rc.1.x-y":      "0.14.18-rc.1.x-y",
		"0.14.18--":             "0.14.18--",
		"0.14.18-0":             "0.14.18-0",
		"0.14.18rc1":            "0.14.18-rc1",
		"0.14.18a0":             "0.14.18-a0",
		"0.14.18b12":            "0.14.18-b12",
		"0.14.18.dev1":          "0.14.18-dev1",
		"0.15.dev7":             "0.15.0-dev7",
		"1rc2":                  "1.0.0-rc2",
		"0.14.18.post1":         "0.14.18",
		"0.14.17.post9":         "0.14.17",
		"0.14.18+abc.1":         "0.14.18+abc.1",
		"0.14.18-rc1+build-7":   "0.14.18-rc1+build-7",
		"0.14.18rc1+b":          "0.14.18-rc1+b",
		"0.14.18.post1+b":       "0.14.18+b",
		digits(9) + ".0.0":      digits(9) + ".0.0",
		"1.0.0-" + digits(122):  "1.0.0-" + digits(122),
		"1.0.0+-":               "1.0.0+-",
		"0.14.18-1":             "0.14.18-1",
		"0.14.18-Alpha.BETA.00": "0.14.18-Alpha.BETA.00",
	}
	for in, want := range accepted {
		v, err := versioncheck.Parse(in)
		if err != nil || v.String() != want {
			t.Errorf("Parse(%q) = %q, %v, want %q", in, v.String(), err, want)
		}
	}

	refused := []string{
		"", " ", "v", "V1.0.0", "vv1", "dev", "(devel)", "0+dev.", "1!0+dev", "latest", "unknown", "nil", "-1", "+1",
		" 0.14.18", "0.14.18 ", "0.14.18\n", "\t0.14.18", "0.14.18\x00", "0. 14.18",
		"0.14.18.0", "0.14.18.0-rc1", "0.14.18.1", "1.2.3.4.5",
		"00.14.18", "0.014.18", "0.14.018", "01", "1.2.3rc01",
		digits(10) + ".0.0", "1.0.0rc" + digits(10), "18446744073709551616.0.0",
		".14.18", "0..18", "0.14.", "0.14.18.", "0.14.18-", "0.14.18+", "0.14.18-+b", "0.14.18-a..b", "0.14.18-.a", "0.14.18-a.",
		"0.14.18+a+b", "0.14.18+a..b", "0.14.18-a_b", "0.14.18~rc1", "0.14.18-rc~1", "0.14.18_rc1",
		"0.14.18rc", "0.14.18RC1", "0.14.18c1", "0.14.18.rc1", "0.14.18.dev", "0.14.18dev1", "0.14.18post1", "0.14.18-post1x!",
		"0.14.18.post1.dev2", "0.14.18rc1.dev2", "0.14.18rc1-x", "0.14.18alpha", "0.14.x", "0.14.18,0.15.0", ">=0.14.18",
		"٠.١٤.١٨", "0.14.18\u200b", "０.14.18", "0.14.18\xff", "0x0e.1.1", "1e3", "-0.15.0",
		"1.0.0-" + digits(123), strings.Repeat("1", 1<<20),
	}
	for _, in := range refused {
		if v, err := versioncheck.Parse(in); err == nil {
			t.Errorf("Parse(%.80q) = %q, want an error", in, v.String())
		} else if len(err.Error()) > 200 || !printable(err.Error()) {
			t.Errorf("Parse(%.80q): error %.300q is not bounded printable text", in, err)
		}
	}
}

func TestParseErrorSaysWhatIsWrong(t *testing.T) {
	for in, want := range map[string]string{
		strings.Repeat("1", 200): "longer than 128 bytes",
		"0.14.x":                 `read version "0.14.x"`,
		"0.014.18":               "leading zeros",
		"1234567890.0":           "more than 9 digits",
		"0.14.18-":               "pre-release",
		"0.14.18+":               "build metadata",
		"0.14.18.0":              "not of the form",
		"latest":                 "a number is missing",
	} {
		if _, err := versioncheck.Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.80q): error %v, want it to contain %q", in, err, want)
		}
	}
}

func TestOlderThan(t *testing.T) {
	// Each is older than the next; pre-releases of one release are not here.
	ascending := []string{
		"0.0.0", "0.9.99", "0.14.0", "0.14.2", "0.14.17", "0.14.18-rc1", "0.14.18", "0.14.19.dev1", "0.14.19", "0.14.100",
		"0.15.0a1", "0.15.0", "0.100.0", "1.0.0-0", "1", "1.0.1", "2", "10", "999999999.999999999.999999999",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			if got, want := parse(t, a).OlderThan(parse(t, b)), i < j; got != want {
				t.Errorf("%s older than %s = %t, want %t", a, b, got, want)
			}
		}
	}

	for _, c := range []struct {
		name, a, b string
		want       bool
	}{
		{"BuildIsIgnored", "0.14.18+a", "0.14.18+b", false},
		{"BuildIsIgnoredOnOneSide", "0.14.18", "0.14.18+zzz", false},
		{"PostIsTheRelease", "0.14.18.post3", "0.14.18", false},
		{"SamePrerelease", "0.15.0rc1", "0.15.0-rc1+x", false},
		{"OtherPrereleaseOlder", "0.15.0-rc1", "0.15.0-rc2", true},
		{"OtherPrereleaseNewer", "0.15.0-rc2", "0.15.0-rc1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parse(t, c.a).OlderThan(parse(t, c.b)); got != c.want {
				t.Errorf("%s older than %s = %t, want %t", c.a, c.b, got, c.want)
			}
		})
	}

	t.Run("ZeroValueIsOlderThanAll", func(t *testing.T) {
		var none versioncheck.Version
		if !none.OlderThan(parse(t, "0.0.0")) || !none.OlderThan(none) || !parse(t, "9").OlderThan(none) {
			t.Error("a missing version satisfied a minimum")
		}
	})
}

// tester is what a *testing.T and a *rapid.T have in common here.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

func parse(t tester, s string) versioncheck.Version {
	t.Helper()
	v, err := versioncheck.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// printable reports whether s is ASCII without control characters.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
