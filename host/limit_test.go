package host_test

import (
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestNewLimit(t *testing.T) {
	run := &host.Run{Job: host.JobName{Location: "etl", Repository: "reports", Job: "daily"}, Tags: tag.List{{Key: "team", Value: "etl"}}}
	for _, c := range []struct {
		name, where, each string
		wantName          string
		counts            bool
	}{
		{"", "team=etl", "", "team=etl", true},
		{"warehouse", "team=etl and job=daily", "", "warehouse", true},
		{"", "team=web", "", "team=web", false},
		{"", "", "customer", "each customer", true},
		{"", "location=etl", "customer", "each customer of location=etl", true},
	} {
		l, problems := host.NewLimit(c.name, c.where, c.each, 3)
		if len(problems) > 0 || l.Name != c.wantName || l.AtMost != 3 || l.Each != c.each {
			t.Errorf("NewLimit(%q, %q, %q) = %+v, %v", c.name, c.where, c.each, l, problems)
			continue
		}
		if got := l.Where.Matches(host.RunSource{Run: run}); got != c.counts {
			t.Errorf("limit %q counts the run: %t, want %t", l.Name, got, c.counts)
		}
	}
}

func TestNewLimitRefuses(t *testing.T) {
	for _, c := range []struct {
		where, each string
		atMost      int
		field, want string
	}{
		{"", "", 1, "where", "which runs are counted"},
		{"team=", "", 1, "where", ""},
		{"team=etl and status=queued", "", 1, "where", "cannot go by status"},
		{"started>-2h", "", 1, "where", "cannot go by started"},
		{"meta:owner=x", "", 1, "where", "cannot go by meta:owner"},
		{"", "a key", 1, "each", ""},
		{"", "penstock/k8s", 1, "each", "not told apart"},
		{"team=etl", "", -1, "at_most", "0 lets none start"},
	} {
		_, problems := host.NewLimit("", c.where, c.each, c.atMost)
		if len(problems) != 1 || problems[0].Field != c.field || !strings.Contains(problems[0].Message, c.want) {
			t.Errorf("NewLimit(%q, %q, %d): %+v, want one of %s with %q", c.where, c.each, c.atMost, problems, c.field, c.want)
		}
	}
}
