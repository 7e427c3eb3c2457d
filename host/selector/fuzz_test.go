package selector_test

import (
	"errors"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host/selector"
)

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "team=etl and not env=dev and status=failure and started>-2h", "(a or b) and not (c, d)", `tag:"a b"!='c' or meta:x=~"y*"*`,
		"a in (b, c) or d not in (e)", "id=0198 and job=a/b", "created<2026-11-01T10:00Z and started>=-3d12.5h", "statuss=x", "a=\"\\", "é=\xff",
		"status=~*", "a=b c", "not not(a)", "in", "a=(", "\u200b",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := selector.Parse(text, runs, &selector.Options{KnownKeys: known})
		if err != nil {
			checkProblems(t, text, err)
			return
		}
		printed := e.String()
		if len(printed) > selector.MaxBytes {
			return
		}
		again, err := selector.Parse(printed, runs, nil)
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("Parse(%q) prints as %q, which is %v, %v", text, printed, again, err)
		}
		now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
		for _, s := range sources {
			if e.Bind(now).Matches(s) != again.Bind(now).Matches(s) {
				t.Errorf("%q and %q do not agree on %+v", text, printed, s)
			}
		}
	})
}

func checkProblems(t *testing.T, text string, err error) {
	t.Helper()
	e, ok := errors.AsType[*selector.Error](err)
	if !ok || len(e.Problems) == 0 || len(e.Problems) > selector.MaxProblems {
		t.Fatalf("Parse(%q): %#v", text, err)
	}
	last := 1
	for _, p := range e.Problems {
		if p.Message == "" || !utf8.ValidString(p.String()) || p.Column < last || p.Column > utf8.RuneCountInString(text)+1 {
			t.Errorf("Parse(%q): problem %+v", text, p)
		}
		last = p.Column
	}
}

// source is something that can be selected.
type source struct {
	tags, metadata map[string]string
	fields         map[string][]string
	times          map[string]time.Time
}

func (s source) Tag(key string) (string, bool)      { v, ok := s.tags[key]; return v, ok }
func (s source) Metadata(key string) (string, bool) { v, ok := s.metadata[key]; return v, ok }
func (s source) Field(name string) []string         { return s.fields[name] }
func (s source) Time(name string) time.Time         { return s.times[name] }

// sources are a few that most conditions tell apart.
var sources = []source{
	{},
	{
		tags: map[string]string{"a": "b", "team": "etl", "env": "dev", "odd key": "x y"}, metadata: map[string]string{"x": "y", "git hash": "abc"},
		fields: map[string][]string{"status": {"FAILURE"}, "job": {"load", "main/load", "etl/main/load"}, "location": {"etl"}, "id": {"0198a"}},
		times:  map[string]time.Time{"created": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), "started": time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)},
	},
	{
		tags: map[string]string{"a": "", "team": "e*", "env": "prod"}, metadata: map[string]string{"x": "z"},
		fields: map[string][]string{"status": {"QUEUED"}, "job": {"save", "main/save", "etl/main/save"}, "location": {"etl"}, "id": {"0199"}, "partition": {"2026-11-01"}},
		times:  map[string]time.Time{"created": time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)},
	},
}

func FuzzComplete(f *testing.F) {
	for _, text := range []string{"", "team=etl and (status in (a, b) or ", `meta:"git h`, "a not in (b", `a=~"x"*`, "started>-", "é=\xff", `a="\`} {
		f.Add(text, utf8.RuneCountInString(text))
	}
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		c := selector.Complete(text, cursor, runs)
		if c.From < 0 || c.To < c.From || c.To > utf8.RuneCountInString(text) || !utf8.ValidString(text) && c.Want != selector.WantNothing {
			t.Fatalf("Complete(%q, %d) = %+v", text, cursor, c)
		}
		if at := min(max(cursor, 0), utf8.RuneCountInString(text)); at < c.From || at > c.To {
			t.Fatalf("Complete(%q, %d) = %+v does not hold the cursor", text, cursor, c)
		}
	})
}
