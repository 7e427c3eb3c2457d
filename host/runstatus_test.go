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

func TestWaitingAddsUp(t *testing.T) {
	at := func(hours int) time.Time { return time.Date(2026, 11, 22, hours, 0, 0, 0, time.UTC) }
	r := host.Run{Status: host.Queued}
	become := func(s host.RunStatus, hour int) {
		t.Helper()
		if err := r.Become(s, "", at(hour)); err != nil {
			t.Fatal(err)
		}
	}
	if !r.WaitsUntil(time.Hour).IsZero() {
		t.Error("a run that does not wait waits until some time")
	}
	become(host.WaitingForCode, 1)
	if got := r.WaitsUntil(10 * time.Hour); !got.Equal(at(11)) || !r.WaitsUntil(0).IsZero() {
		t.Errorf("from 1 o'clock it waits for 10 h until %s, for ever until %s", got, r.WaitsUntil(0))
	}
	become(host.Queued, 3)
	if !r.WaitingSince.IsZero() || r.Waited != 2*time.Hour {
		t.Errorf("it waits since %s, waited %s", r.WaitingSince, r.Waited)
	}
	become(host.Starting, 5)
	become(host.WaitingForCode, 6)
	if got := r.WaitsUntil(10 * time.Hour); !got.Equal(at(14)) {
		t.Errorf("having waited 2 h it waits from 6 until %s", got)
	}
	become(host.Queued, 5) // the clock went back
	if r.Waited != 2*time.Hour {
		t.Errorf("it waited %s", r.Waited)
	}
	become(host.WaitingForCode, 7)
	if r.Explain("another\xff reason"); r.StatusReason != "another\uFFFD reason" || !r.WaitingSince.Equal(at(7)) {
		t.Errorf("it waits since %s because of %q", r.WaitingSince, r.StatusReason)
	}
}
