package worker

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// said is slots in a few words.
func said(slots *workerv1.Slots) string {
	var all []string
	for _, s := range slots.GetSlots() {
		what := "wants"
		if s.GetHeld() {
			what = "has"
		}
		all = append(all, fmt.Sprintf("%s %d %s %s", s.GetOpPath(), s.GetOpAttempt(), what, s.GetPool()))
	}
	return strings.Join(all, ", ")
}

func grantAll(s *hostStream, slots *workerv1.Slots) error {
	grants := &workerv1.SlotGrants{}
	for _, slot := range slots.GetSlots() {
		grants.Grants = append(grants.Grants, &workerv1.SlotGrants_Grant{OpPath: slot.GetOpPath(), OpAttempt: slot.GetOpAttempt()})
	}
	return s.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_SlotGrants{SlotGrants: grants}})
}

// TestSlotsSurviveBrokenStreams breaks the stream when the worker wants its first slot: it asks again at its next attach.
func TestSlotsSurviveBrokenStreams(t *testing.T) {
	h := newHost(t, "pooled")
	h.welcome.GrantsSlots = true
	var heard []string
	h.attach = func(n int, s *hostStream) (bool, error) {
		if n > 1 {
			heard = append(heard, "hello: "+said(s.hello.GetSlots()))
		}
		return false, nil
	}
	h.slots = func(n int, s *hostStream, slots *workerv1.Slots) error {
		heard = append(heard, said(slots))
		if n == 1 {
			return errBroken
		}
		return grantAll(s, slots)
	}
	h.answered = func(s *hostStream) error { return grantAll(s, s.hello.GetSlots()) }
	start(t, h.listen().assignment()).wantExit(t, ExitDelivered)
	h.wantEnd(success)
	if len(heard) < 3 || heard[0] != "one 1 wants db" || heard[1] != "hello: one 1 wants db" || !slices.Contains(heard, "two 1 has db") {
		t.Errorf("the host heard %q", heard)
	}
	if last := heard[len(heard)-1]; strings.Contains(last, "one") {
		t.Errorf("in the end the worker says %q", last)
	}
}

func TestAnOldHostGrantsNoSlots(t *testing.T) {
	h := newHost(t, "pooled").listen()
	start(t, h.assignment()).wantExit(t, ExitDelivered)
	failure := h.wantEnd(workerv1.Outcome_OUTCOME_FAILURE).GetFailure()
	if !strings.Contains(failure.GetMessage(), "this host is too old to grant any") {
		t.Errorf("failure: got %v", failure)
	}
}
