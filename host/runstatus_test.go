package host_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
)

func TestBecome(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, from := range host.RunStatuses {
		for _, to := range host.RunStatuses {
			run := host.Run{ID: "r", Status: from}
			err := run.Become(to, "why", now)
			if from.CanBecome(to) != (err == nil) {
				t.Errorf("%s to %s: error %v, but the table says %t", from, to, err, from.CanBecome(to))
			}
			if err != nil && (host.CodeOf(err) != host.Conflict || run.Status != from || run.StatusReason != "") {
				t.Errorf("%s to %s was refused with %v and left %+v", from, to, err, run)
			}
			if err == nil && to.Final() != (run.EndedAt.Equal(now)) {
				t.Errorf("%s to %s: ended at %v", from, to, run.EndedAt)
			}
		}
	}
}

func TestFinalIsFinal(t *testing.T) {
	for _, s := range host.RunStatuses {
		for _, next := range host.RunStatuses {
			if s.Final() && s.CanBecome(next) {
				t.Errorf("%s can become %s", s, next)
			}
		}
		if !s.Valid() {
			t.Errorf("%s is not valid", s)
		}
	}
	if host.RunStatus("PAUSED").Valid() {
		t.Error("PAUSED is valid")
	}
}

func TestBecomeCleansReason(t *testing.T) {
	run := host.Run{Status: host.Started}
	if err := run.Become(host.Failure, "bad \xff byte "+strings.Repeat("é", 4000), time.Now()); err != nil {
		t.Fatal(err)
	}
	if !utf8.ValidString(run.StatusReason) || len(run.StatusReason) > 2100 {
		t.Errorf("reason has %d bytes, valid %t", len(run.StatusReason), utf8.ValidString(run.StatusReason))
	}
}
