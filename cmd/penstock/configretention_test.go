package main

import (
	"strings"
	"testing"
	"time"
)

func TestRetentionIsRead(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "p.yaml", `
retention:
  keep_last_per_job: 20
  rules:
    - {where: env=dev, keep: 3d}
    - {where: "status=failure and not meta:owner=\"data team\"", keep: 180d}
    - {where: tag:status=kept, keep: forever}
    - keep: 2w3d
`)
	c, err := readerOf(path).read()
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	p := c.Retention
	if p.KeepLast != 20 || len(p.Rules) != 4 {
		t.Fatalf("got %+v", p)
	}
	for i, want := range []struct {
		where string
		keep  time.Duration
	}{{"env=dev", 3 * day}, {`status=failure and not meta:owner="data team"`, 180 * day}, {"tag:status=kept", 0}, {"", 17 * day}} {
		if r := p.Rules[i]; r.Text != want.where || r.Keep != want.keep || (r.Where == nil) != (want.where == "") {
			t.Errorf("rule %d is %+v, want %+v", i, r, want)
		}
	}
}

func TestRetentionProblemsHavePlaces(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"ErrSelector", "retention:\n  rules:\n    - where: env=\n      keep: 3d\n", "p.yaml:3:14: rule 1 of retention: column 5 of the selector: "},
		{"ErrNoTime", "retention:\n  rules:\n    - where: env=dev\n", "p.yaml:3:7: rule 1 of retention: it is not said how long runs are kept"},
		{"ErrTime", "retention:\n  rules:\n    - keep: 3 days\n", `p.yaml:3:13: rule 1 of retention: "3 days" is not a time to keep runs`},
		{"ErrShort", "retention:\n  rules:\n    - keep: 3s\n", "p.yaml:3:13: retention: runs cannot be kept for 3s; the least is 1m"},
		{"ErrZero", "retention:\n  rules:\n    - keep: 0s\n", `p.yaml:3:13: rule 1 of retention: runs cannot be kept for "0s"`},
		{"ErrNothingLeft", "retention:\n  rules:\n    - keep: 3d\n    - {where: a=b, keep: 4d}\n", "p.yaml:4:15: retention: no run is left for this rule"},
		// A selector that was forgotten would make the rule one about all runs.
		{"ErrEmptySelector", "retention:\n  rules:\n    - where:\n      keep: 3d\n", "p.yaml:3:13: rule 1 of retention: the field has no value"},
		{"ErrEmptyText", "retention:\n  rules:\n    - where: \"\"\n      keep: 3d\n", "p.yaml:3:14: rule 1 of retention: the field has no value"},
		{"ErrBlankText", "retention:\n  rules:\n    - where: \"  \"\n      keep: 3d\n", "p.yaml:3:14: rule 1 of retention: the field has no value"},
		{"ErrKeepLast", "retention:\n  keep_last_per_job: -1\n", "p.yaml:2:22: retention: -1 runs cannot be kept of each job"},
		{"ErrUnknown", "retention:\n  rules:\n    - when: a\n", `p.yaml:3:7: unknown field "when"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readerOf(write(t, dir, "p.yaml", c.text)).read()
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "1m0s") {
				t.Errorf("got\n%v\nwithout %q", err, c.want)
			}
		})
	}
}
