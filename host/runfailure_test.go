package host_test

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestFail(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	retries := func(most, number string) (tags []tag.Tag) {
		if most != "" {
			tags = append(tags, tag.Tag{Key: tag.KeyMaxRetries, Value: most, Origin: tag.OriginLaunch})
		}
		if number != "" {
			tags = append(tags, tag.System(tag.KeyRetryNumber, number))
		}
		return tags
	}
	for name, c := range map[string]struct {
		run    host.Run
		reason string
		due    bool
	}{
		"NotAsked":        {host.Run{Status: host.Started}, host.FailureOp, false},
		"NoneAllowed":     {host.Run{Status: host.Started, Tags: retries("0", "")}, host.FailureOp, false},
		"First":           {host.Run{Status: host.Started, Tags: retries("2", "")}, host.FailureOp, true},
		"Last":            {host.Run{Status: host.Started, Tags: retries("2", "1")}, host.FailureOp, true},
		"NoMore":          {host.Run{Status: host.Started, Tags: retries("2", "2")}, host.FailureOp, false},
		"WorkerLost":      {host.Run{Status: host.Started, Tags: retries("1", "")}, host.FailureWorkerLost, true},
		"NoResult":        {host.Run{Status: host.Started, Tags: retries("1", "")}, host.FailureNoResult, true},
		"Interrupted":     {host.Run{Status: host.Started, Tags: retries("1", "")}, host.FailureInterrupted, true},
		"StartTimeout":    {host.Run{Status: host.Starting, Tags: retries("1", "")}, host.FailureStartTimeout, true},
		"OfNewerWorker":   {host.Run{Status: host.Started, Tags: retries("1", "")}, "eclipse", true},
		"Rejected":        {host.Run{Status: host.Starting, Tags: retries("1", "")}, host.FailureRejected, false},
		"WaitExpired":     {host.Run{Status: host.WaitingForCode, Tags: retries("1", "")}, host.FailureWaitExpired, false},
		"Config":          {host.Run{Status: host.Started, Tags: retries("1", "")}, "config", false},
		"WhileCanceled":   {host.Run{Status: host.Canceling, Tags: retries("1", "")}, host.FailureOp, false},
		"OverItsRuntime":  {host.Run{Status: host.Canceling, Tags: retries("1", ""), Current: host.AttemptState{OverRuntime: true}}, host.FailureMaxRuntime, true},
		"BadTagOfOldHost": {host.Run{Status: host.Started, Tags: retries("many", "")}, host.FailureOp, false},
	} {
		t.Run(name, func(t *testing.T) {
			run := c.run
			if err := run.Fail(c.reason, "because", now); err != nil {
				t.Fatal(err)
			}
			if reason, _ := run.Tag(tag.KeyFailureReason); run.Status != host.Failure || reason != c.reason || !run.EndedAt.Equal(now) {
				t.Errorf("it is %s for %q at %s", run.Status, reason, run.EndedAt)
			}
			if run.RetryDue != c.due {
				t.Errorf("a retry is due: %t, want %t", run.RetryDue, c.due)
			}
		})
	}
	t.Run("ErrFinal", func(t *testing.T) {
		run := host.Run{Status: host.Success, Tags: retries("1", "")}
		if err := run.Fail(host.FailureOp, "", now); host.CodeOf(err) != host.Conflict || run.Status != host.Success || run.RetryDue || len(run.Tags) != 1 {
			t.Errorf("Fail of a run that is final = %v, and it is %+v", err, run)
		}
	})
}

func TestRetryNumberIsTheSystems(t *testing.T) {
	run := host.Run{Tags: []tag.Tag{{Key: tag.KeyRetryNumber, Value: "7", Origin: tag.OriginLaunch}}}
	if n := run.RetryNumber(); n != 0 {
		t.Errorf("a tag that is not of the system makes it retry %d", n)
	}
	run.Tags[0].Origin = tag.OriginSystem
	if n := run.RetryNumber(); n != 7 {
		t.Errorf("it is retry %d, want 7", n)
	}
}
