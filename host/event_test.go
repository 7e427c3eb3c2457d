package host_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
)

func TestCursorSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := host.Cursor{
			Attempt: rapid.Uint32().Draw(t, "attempt"),
			Seq:     rapid.Uint64().Draw(t, "seq"),
			Note:    rapid.Uint32().Draw(t, "note"),
		}
		back, err := host.ParseCursor(c.String())
		if err != nil || back != c {
			t.Fatalf("ParseCursor(%q) = %v, %v", c.String(), back, err)
		}
	})
}

func TestParseCursorRefuses(t *testing.T) {
	for _, s := range []string{"1", "1.2", "1.2.3.4", "a.b.c", "-1.0.0", "1.2.99999999999"} {
		if _, err := host.ParseCursor(s); host.CodeOf(err) != host.Invalid {
			t.Errorf("ParseCursor(%q): %v, want Invalid", s, err)
		}
	}
	if c, err := host.ParseCursor(""); err != nil || c != (host.Cursor{}) {
		t.Errorf("ParseCursor(\"\") = %v, %v", c, err)
	}
}

func TestParseJobName(t *testing.T) {
	for s, want := range map[string]host.JobName{
		"j":     {Job: "j"},
		"r/j":   {Repository: "r", Job: "j"},
		"l/r/j": {Location: "l", Repository: "r", Job: "j"},
	} {
		if got, ok := host.ParseJobName(s); !ok || got != want {
			t.Errorf("ParseJobName(%q) = %v, %t", s, got, ok)
		}
	}
	for _, s := range []string{"", "/", "a/", "/a", "a//b", "a/b/c/d"} {
		if got, ok := host.ParseJobName(s); ok {
			t.Errorf("ParseJobName(%q) = %v, want none", s, got)
		}
	}
}
