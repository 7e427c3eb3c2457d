package versioncheck

import (
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"Empty", "", `""`},
		{"Plain", "0.14.17", `"0.14.17"`},
		{"Quotes", `a"b\c`, `"a\"b\\c"`},
		{"Control", "a\x00\x1b[2J\r\n\x7f", `"a\x00\x1b[2J\r\n\x7f"`},
		{"C1Control", "\u009b31m", `"\u009b31m"`},
		{"BidiOverride", "\u202e", `"\u202e"`},
		{"InvalidUTF8", "a\xff\xfe", `"a\xff\xfe"`},
		{"JustFits", strings.Repeat("x", 62), `"` + strings.Repeat("x", 62) + `"`},
		{"JustTooLong", strings.Repeat("x", 63), `"` + strings.Repeat("x", 59) + `"...`},
		{"EscapesGrow", strings.Repeat("\x00", 16), `"` + strings.Repeat(`\x00`, 14) + `"...`},
		{"NeverCutsAnEscape", strings.Repeat("x", 58) + strings.Repeat("\n", 10), `"` + strings.Repeat("x", 58) + `"...`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := quote(c.in)
			if got != c.want || len(got) > maxQuoted {
				t.Errorf("quote(%q) = %s (%d characters), want %s", c.in, got, len(got), c.want)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"0.15.0-rc1+b_2":        "0.15.0-rc1+b_2",
		"a b":                   `"a b"`,
		"<b>":                   `"<b>"`,
		"é":                     `"\u00e9"`,
		strings.Repeat("f", 64): strings.Repeat("f", 64),
		strings.Repeat("f", 65): `"` + strings.Repeat("f", 59) + `"...`,
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %s, want %s", in, got, want)
		}
	}
}
