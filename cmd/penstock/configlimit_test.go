package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestLimitsAreRead(t *testing.T) {
	path := write(t, t.TempDir(), "p.yaml", `
queue:
  max_in_progress: -1
  limits:
    - {where: env=prod and team=etl, at_most: 4}
    - {name: one at a time, each: customer, at_most: 1}
    - {where: location=etl, each: customer, at_most: 0}
`)
	c, err := readerOf(path).read()
	if err != nil {
		t.Fatal(err)
	}
	want := []host.Limit{
		{Name: "env=prod and team=etl", AtMost: 4}, {Name: "one at a time", Each: "customer", AtMost: 1},
		{Name: "each customer of location=etl", Each: "customer"},
	}
	for i, l := range c.Limits {
		if l.Name != want[i].Name || l.Each != want[i].Each || l.AtMost != want[i].AtMost || (l.Where == nil) != (i == 1) {
			t.Errorf("limit %d is %+v, want %+v", i, l, want[i])
		}
	}
	if len(c.Limits) != len(want) {
		t.Errorf("%d limits, want %d", len(c.Limits), len(want))
	}
}

func TestLimitProblemsHavePlaces(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"ErrSelector", "queue:\n  limits:\n    - where: env=\n      at_most: 3\n", "p.yaml:3:14: limit 1 of the queue: column 5 of the selector: "},
		{"ErrStatus", "queue:\n  limits:\n    - where: status=failure\n      at_most: 3\n", "p.yaml:3:14: limit 1 of the queue: a limit cannot go by status"},
		{"ErrNoNumber", "queue:\n  limits:\n    - where: env=dev\n", "p.yaml:3:7: limit 1 of the queue: at_most is missing"},
		{"ErrNegative", "queue:\n  limits:\n    - {where: env=dev, at_most: -1}\n", "p.yaml:3:33: limit 1 of the queue: -1 runs cannot be in progress"},
		{"ErrAll", "queue:\n  limits:\n    - {at_most: 1}\n", "limit 1 of the queue: it is not said which runs are counted"},
		{"ErrEmptySelector", "queue:\n  limits:\n    - {where: \"\", each: a, at_most: 1}\n", "p.yaml:3:15: limit 1 of the queue: the field has no value"},
		{"ErrEmptyKey", "queue:\n  limits:\n    - {where: a=b, each: \"\", at_most: 1}\n", "limit 1 of the queue: the field has no value"},
		{"ErrTwice", "queue:\n  limits:\n    - {each: a, at_most: 1}\n    - {each: a, at_most: 2}\n", `p.yaml:4:7: limit 2 of the queue: limit 1 is called "each a", too`},
		{"ErrUnknown", "queue:\n  limits:\n    - {tag: a}\n", `p.yaml:3:8: unknown field "tag"`},
		{"ErrMany", "queue:\n  limits:\n" + manyLimits(host.MaxLimits+1), "101 limits of the queue are too many; at most 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readerOf(write(t, dir, "p.yaml", c.text)).read()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwithout %q", err, c.want)
			}
		})
	}
	if _, err := readerOf(write(t, dir, "p.yaml", "queue:\n  limits:\n"+manyLimits(host.MaxLimits))).read(); err != nil {
		t.Errorf("as many limits as may be: %v", err)
	}
}

func manyLimits(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "    - {each: key%d, at_most: 1}\n", i)
	}
	return b.String()
}
