package schedule_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

var errCrashed = errors.New("the host crashed")

// TestCrashesAtAnyCall crashes the host with each call that it makes of the store, before it does anything and before it is
// answered.
func TestCrashesAtAnyCall(t *testing.T) {
	t.Parallel()
	for _, answered := range []bool{false, true} {
		crashes := 0
		for at := int64(1); ; at++ {
			f := newFixture(t)
			f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
				return &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{RunKey: "a"}, {}}}, nil
			}
			f.code.deploy(t, "s", missing(evaluated("0 * * * *"), all, 3))
			f.begun()
			f.close()
			f.clock.Advance(5*time.Hour + time.Minute)
			f.open()
			var calls atomic.Int64
			count := func(string) error {
				if calls.Add(1) >= at {
					return errCrashed
				}
				return nil
			}
			if f.seam.before = count; answered {
				f.seam.before, f.seam.after = nil, count
			}
			if f.scheduler.Begin(t.Context()) == nil {
				f.scheduler.RunOnce(t.Context())
			}
			crashed := calls.Load() >= at
			f.restart(0)
			f.want("s", "22 12:00 SKIPPED late", "22 13:00 SUCCESS late 2", "22 14:00 SUCCESS late 1", "22 15:00 SUCCESS 1")
			if !crashed {
				break
			}
			crashes++
		}
		if crashes < 4 {
			t.Errorf("there were only %d crashes", crashes)
		}
	}
}

// TestStoreThatTakesNoWrites has a full disk, also while a deploy is taken in.
func TestStoreThatTakesNoWrites(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", fixed("0 * * * *"))
	f.begun().round()
	full := &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "the disk is full", Remedy: "make room"}
	f.seam.before = func(call string) error {
		if call == "Automations" {
			return nil
		}
		return full
	}
	f.code.deploy(t, "later", fixed("0 * * * *"))
	f.pass(2 * time.Hour)
	f.want("s")
	if s := f.standing("s"); s.Problem != "the disk is full" || s.Remedy != "make room" {
		t.Errorf("it stands as %+v", s)
	}
	f.seam.before = nil
	f.pass(time.Hour)
	f.want("s", "22 11:00 SKIPPED late", "22 12:00 SUCCESS 1", "22 13:00 SUCCESS 1")
	f.want("later", "22 13:00 SUCCESS 1")
}
