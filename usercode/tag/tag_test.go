package tag_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/penstock-run/penstock/usercode/tag"
)

func TestGet(t *testing.T) {
	l := tag.List{{Key: "a", Value: "1"}, {Key: "b"}}
	if v, ok := l.Get("a"); v != "1" || !ok {
		t.Errorf("a: got %q, %v", v, ok)
	}
	if v, ok := l.Get("b"); v != "" || !ok {
		t.Errorf("b: got %q, %v", v, ok)
	}
	if v, ok := l.Get("c"); v != "" || ok {
		t.Errorf("c: got %q, %v", v, ok)
	}
}

func TestWithOriginCopies(t *testing.T) {
	l := tag.List{{Key: "a", Origin: tag.OriginEdited, EditedBy: "ann", EditedAt: time.Unix(1, 0)}}
	if got := l.WithOrigin(tag.OriginLaunch); got[0] != (tag.Tag{Key: "a", Origin: tag.OriginLaunch}) || l[0].EditedBy != "ann" {
		t.Errorf("got %v, original %v", got, l)
	}
}

func TestPriority(t *testing.T) {
	for value, want := range map[string]int32{"7": 7, "-2147483648": -2147483648, "high": 0, "99999999999": 0} {
		if got := tag.Priority(tag.List{{Key: tag.KeyPriority, Value: value}}); got != want {
			t.Errorf("%q: got %d, want %d", value, got, want)
		}
	}
	if got := tag.Priority(nil); got != 0 {
		t.Errorf("absent: got %d", got)
	}
}

func TestSystemCleans(t *testing.T) {
	for in, want := range map[string]string{
		"v1.2-3-gabc+dirty": "v1.2-3-gabc+dirty",
		"a\nb\tc\r":         "a b c ",
		"\x1b[31m\x00":      "\ufffd[31m\ufffd",
		"a\xff\xfeb":        "a\ufffdb",
		"":                  "",
	} {
		if got := tag.System(tag.KeyCodeVersion, in); got != (tag.Tag{Key: tag.KeyCodeVersion, Value: want, Origin: tag.OriginSystem}) {
			t.Errorf("%q: got %+v", in, got)
		}
	}
	if got := tag.System("k", strings.Repeat("x", 4096)).Value; got != strings.Repeat("x", 4096) {
		t.Errorf("at the limit: got %d bytes", len(got))
	}
	if got := tag.System("k", strings.Repeat("é", 3000)).Value; len(got) > 4096 || len(got) < 4090 || !strings.HasSuffix(got, "é…") || !utf8.ValidString(got) {
		t.Errorf("over the limit: got %d bytes, ending %q", len(got), got[len(got)-8:])
	}
}

func FuzzSystem(f *testing.F) {
	f.Add("v1\xff\n", 5000)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n > 0 && len(s) > 0 {
			s = strings.Repeat(s, 1+n%(1+8192/len(s)))
		}
		got := tag.System("k", s).Value
		if len(got) > tag.MaxValueBytes || !utf8.ValidString(got) || strings.IndexFunc(got, unicode.IsControl) >= 0 {
			t.Errorf("%q became %q", s, got)
		}
		if again := tag.System("k", got).Value; again != got {
			t.Errorf("%q became %q, and then %q", s, got, again)
		}
	})
}

func TestNames(t *testing.T) {
	x63 := strings.Repeat("x", 63)
	for _, c := range []struct {
		name         string
		op, location string // what the error holds; empty: accepted
	}{
		{"my_op", "", ""}, {"_", "", ""}, {"A1", "", ""}, {x63, "", ""},
		{"", "the name is empty", "the name is empty"},
		{x63 + "x", "64 bytes; the limit is 63", "64 bytes; the limit is 63"},
		{"1a", `starts with '1'; start with a letter or _`, `starts with '1'`},
		{"a-b", `holds '-'; use letters, digits and _`, ""},
		{"a.b", `holds '.'`, ""},
		{"-a", `starts with '-'`, `starts with '-'`},
		{".", `starts with '.'`, `starts with '.'`},
		{"a b", `"a b" holds ' '`, `holds ' '; use letters, digits and _ - .`},
		{"a/b", `holds '/'`, `holds '/'`},
		{"é", `starts with 'é'`, `starts with 'é'`},
		{"a\x1b", `"a\x1b" holds '\x1b'`, `holds '\x1b'`},
		{"a\xff", `holds '�'`, `holds '�'`},
	} {
		for what, check := range map[string]struct {
			err  error
			want string
		}{"CheckName": {tag.CheckName(c.name), c.op}, "CheckLocationName": {tag.CheckLocationName(c.name), c.location}} {
			switch {
			case check.want == "" && check.err != nil:
				t.Errorf("%s(%q): got %v", what, c.name, check.err)
			case check.want != "" && (check.err == nil || !strings.Contains(check.err.Error(), check.want)):
				t.Errorf("%s(%q): got %v, want %q", what, c.name, check.err, check.want)
			}
		}
	}
}
