package versioncheck_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/versioncheck"
)

func TestResolve(t *testing.T) {
	allowed := versioncheck.Decide(versioncheck.JobMetadata, reporting("0.16.0"), thisHost, noPolicy)
	for _, c := range []struct {
		name    string
		holding versioncheck.Holding
		want    versioncheck.State
		code    versioncheck.Code
	}{
		{"Shown", versioncheck.Holding{Entries: 3, BodyPresent: true, Answering: true}, versioncheck.StateShown, ""},
		{"Empty", versioncheck.Holding{BodyPresent: true, Answering: true}, versioncheck.StateEmpty, ""},
		{"EmptyNeedsNoBody", versioncheck.Holding{Answering: true}, versioncheck.StateEmpty, ""},
		{"StaleShown", versioncheck.Holding{Entries: 3, BodyPresent: true, Age: time.Minute}, versioncheck.StateStale, versioncheck.CodeLocationUnreachable},
		{"StaleEmpty", versioncheck.Holding{BodyPresent: true, Age: time.Minute}, versioncheck.StateStale, versioncheck.CodeLocationUnreachable},
		{"NeverFetched", versioncheck.Holding{Entries: 3}, versioncheck.StateUnavailable, versioncheck.CodeLocationUnreachable},
		{"NotYetFetched", versioncheck.Holding{Entries: 3, Answering: true}, versioncheck.StateUnavailable, versioncheck.CodeNotFetched},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := versioncheck.Resolve(allowed, c.holding)
			if got.State != c.want || got.Code != c.code {
				t.Errorf("%+v: got %s %s, want %s %s", c.holding, got.State, got.Code, c.want, c.code)
			}
			if !reflect.DeepEqual(got.Notices, allowed.Notices) || got.Reported != allowed.Reported || got.Required != allowed.Required {
				t.Errorf("%+v: the decision's facts changed: %+v", c.holding, got)
			}
			checkDecision(t, got)
		})
	}

	t.Run("RefusalStays", func(t *testing.T) {
		refused := versioncheck.Decide(versioncheck.JobMetadata, reporting("0.14.17"), thisHost, noPolicy)
		for _, h := range []versioncheck.Holding{{}, {Answering: true}, {Entries: 3, BodyPresent: true, Answering: true}, {Entries: 3, BodyPresent: true}} {
			if got := versioncheck.Resolve(refused, h); !reflect.DeepEqual(got, refused) {
				t.Errorf("%+v: got %+v, want the refusal", h, got)
			}
		}
	})
}

func TestResolveSaysTheAge(t *testing.T) {
	allowed := versioncheck.Decide(versioncheck.JobMetadata, reporting("0.15.0"), thisHost, noPolicy)
	for age, want := range map[time.Duration]string{
		-time.Hour:                      "0 seconds ago",
		0:                               "0 seconds ago",
		1500 * time.Millisecond:         "1 second ago",
		59 * time.Second:                "59 seconds ago",
		time.Minute:                     "1 minute ago",
		59*time.Minute + 59*time.Second: "59 minutes ago",
		time.Hour:                       "1 hour ago",
		47 * time.Hour:                  "47 hours ago",
		48 * time.Hour:                  "2 days ago",
		math.MaxInt64:                   "106751 days ago",
		math.MinInt64:                   "0 seconds ago",
	} {
		got := versioncheck.Resolve(allowed, versioncheck.Holding{Entries: 1, BodyPresent: true, Age: age})
		if !strings.Contains(got.Message, want) {
			t.Errorf("age %s: message %q lacks %q", age, got.Message, want)
		}
		checkDecision(t, got)
	}
}

func TestResolveSaysTheCount(t *testing.T) {
	allowed := versioncheck.Decide(versioncheck.JobMetadata, reporting("0.15.0"), thisHost, noPolicy)
	for n, want := range map[uint32]string{1: "1 entry", 2: "2 entries", math.MaxUint32: "4294967295 entries"} {
		for _, answering := range []bool{true, false} {
			got := versioncheck.Resolve(allowed, versioncheck.Holding{Entries: n, Answering: answering})
			if !strings.Contains(got.Message, want) {
				t.Errorf("%d entries: message %q lacks %q", n, got.Message, want)
			}
			checkDecision(t, got)
		}
	}
}
