package schedule_test

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestTest(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = func(_ string, at time.Time) (*usercodev1.Evaluation, error) {
		return &usercodev1.Evaluation{
			RunRequests: []*usercodev1.RunRequest{{RunKey: "known"}, {RunKey: at.Format("02 15:04"), Job: "other"}}, LogLines: []string{"hello"},
			PartitionKeys: []*usercodev1.PartitionKeysChange{{Dimension: "d", Add: []string{"x"}}},
		}, nil
	}
	f.code.deploy(t, "s", evaluated("0 * * * *"))
	f.begun()
	f.pass(time.Hour)
	got, err := f.scheduler.Test(t.Context(), named("s"), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != host.TickSuccess || len(got.Runs) != 2 || !got.Runs[0].Known || got.Runs[1].Known || len(got.LogLines) != 1 || len(got.Keys) != 1 {
		t.Errorf("Test = %+v", got)
	}
	if q := got.Runs[1].Launch; q.Job != "l/r/other" || q.Source.RunKey != "22 12:00" || q.Source.Tick != "2026-11-22T12:00:00Z" {
		t.Errorf("the second run is %+v, of %+v", q, q.Source)
	}
	if got, err = f.scheduler.Test(t.Context(), named("s"), at(t, "01 00:00")); err != nil || got.Runs[1].Launch.Source.RunKey != "01 00:00" {
		t.Errorf("Test = %+v, %v", got, err)
	}
	f.want("s", "22 11:00 SUCCESS 2")

	f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
		return &usercodev1.Evaluation{Error: "it broke"}, nil
	}
	if got, err = f.scheduler.Test(t.Context(), named("s"), time.Time{}); err != nil || got.Status != host.TickFailure || got.Error != "it broke" {
		t.Errorf("Test = %+v, %v", got, err)
	}
	f.code.evaluate = nil
	if got, err = f.scheduler.Test(t.Context(), named("s"), time.Time{}); err != nil || got.Status != host.TickSkipped || got.SkipReason != "nothing to do" {
		t.Errorf("Test = %+v, %v", got, err)
	}
	f.code.state = host.LocationStale
	if _, err = f.scheduler.Test(t.Context(), named("s"), time.Time{}); host.CodeOf(err) != host.Unavailable {
		t.Errorf("the error is %v", err)
	}
	if _, err = f.scheduler.Test(t.Context(), named("no"), time.Time{}); host.CodeOf(err) != host.NotFound {
		t.Errorf("the error is %v", err)
	}
}
