package workspace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

var midnight = time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)

func TestEvaluate(t *testing.T) {
	p := hosttest.Start(t, automated(hosttest.Current()))
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	e, err := w.EvaluateSchedule(deadlineContext(t), scheduleName("nightly"), midnight)
	if err != nil || len(e.GetRunRequests()) != 1 || e.GetRunRequests()[0].GetRunKey() != "2026-11-23T00:00:00Z" {
		t.Errorf("got %v, %v", e, err)
	}
	s, err := w.EvaluateSensor(deadlineContext(t), sensorName("commits"), &usercodev1.EvaluateSensorRequest{
		Repository: "is set", Cursor: "41", EndedRun: &usercodev1.EndedRun{RunId: "r"},
	})
	if err != nil || s.GetCursor() != "42" {
		t.Errorf("got %v, %v", s, err)
	}
	asked := p.Recorded()
	if r := asked.Sensors[0]; r.GetRepository() != "tutorial" || r.GetSensor() != "commits" || r.GetEndedRun().GetRunId() != "r" {
		t.Errorf("got %v", r)
	}

	keys := make([]string, 2*maxPartitionRuns+1)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%03d", i)
	}
	keys[7] = "fail"
	runs, err := w.PartitionRuns(deadlineContext(t), host.JobName{Location: "etl", Repository: "tutorial", Job: "report"}, keys)
	if err != nil || len(runs) != len(keys) {
		t.Fatalf("got %d runs, %v", len(runs), err)
	}
	want := host.PartitionRun{ConfigYAML: "n: 4", Tags: []tag.Tag{{Key: "part", Value: "k200", Origin: tag.OriginPartition}}}
	if diff := cmp.Diff(want, runs[200]); diff != "" || runs[7].Err != "there is nothing for fail" {
		t.Errorf("got %s, %+v", diff, runs[7])
	}
	if n := len(p.Recorded().Partitions); n != 3 {
		t.Errorf("asked %d times", n)
	}
	for name, c := range map[string]struct {
		err  error
		code host.Code
	}{
		"job without partitions": {second(w.PartitionRuns(t.Context(), host.JobName{Location: "etl", Repository: "tutorial", Job: "plain"}, keys)), host.Invalid},
		"no such job":            {second(w.PartitionRuns(t.Context(), host.JobName{Location: "etl", Repository: "tutorial", Job: "x"}, keys)), host.NotFound},
		"no such schedule":       {second(w.EvaluateSchedule(t.Context(), scheduleName("x"), midnight)), host.NotFound},
		"no such sensor":         {second(w.EvaluateSensor(t.Context(), sensorName("x"), nil)), host.NotFound},
	} {
		if host.CodeOf(c.err) != c.code {
			t.Errorf("%s: got %v", name, c.err)
		}
	}

	p.Stop()
	awaitState(t, w, "etl", host.LocationStale)
	for name, err := range map[string]error{
		"schedule":   second(w.EvaluateSchedule(deadlineContext(t), scheduleName("nightly"), midnight)),
		"sensor":     second(w.EvaluateSensor(deadlineContext(t), sensorName("commits"), &usercodev1.EvaluateSensorRequest{})),
		"partitions": second(w.PartitionRuns(deadlineContext(t), host.JobName{Location: "etl", Repository: "tutorial", Job: "report"}, keys)),
	} {
		if host.CodeOf(err) != host.Unavailable {
			t.Errorf("%s of a location that does not answer: got %v", name, err)
		}
	}
}

func TestEvaluateRefused(t *testing.T) {
	w := openOne(t, hosttest.Start(t, automated(hosttest.Older("0.14.18"))))
	awaitState(t, w, "etl", host.LocationReady)
	for name, err := range map[string]error{
		"schedule":   second(w.EvaluateSchedule(deadlineContext(t), scheduleName("nightly"), midnight)),
		"sensor":     second(w.EvaluateSensor(deadlineContext(t), sensorName("commits"), &usercodev1.EvaluateSensorRequest{})),
		"partitions": second(w.PartitionRuns(deadlineContext(t), host.JobName{Location: "etl", Repository: "tutorial", Job: "report"}, []string{"x"})),
	} {
		if host.CodeOf(err) != host.Refused || host.ReasonOf(err) != "SERVER_TOO_OLD" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// What a hostile or broken server answers is refused as a whole, or cut.
func TestEvaluationsAreChecked(t *testing.T) {
	long := strings.Repeat("é", 100_000)
	ask := func(change func(*usercodev1.RunRequest)) *usercodev1.Evaluation {
		r := &usercodev1.RunRequest{RunKey: "k"}
		change(r)
		return &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{r}}
	}
	keys := func(dimension string, add ...string) *usercodev1.Evaluation {
		return &usercodev1.Evaluation{PartitionKeys: []*usercodev1.PartitionKeysChange{{Dimension: dimension, Add: add}}}
	}
	var many []*usercodev1.RunRequest
	for range host.MaxTickRuns + 1 {
		many = append(many, &usercodev1.RunRequest{})
	}
	for name, c := range map[string]struct {
		evaluation *usercodev1.Evaluation
		want       string // of the error; empty means that there is none
	}{
		"OK":            {ask(func(*usercodev1.RunRequest) {}), ""},
		"OKAtTheLimit":  {&usercodev1.Evaluation{RunRequests: many[1:]}, ""},
		"OKCut":         {&usercodev1.Evaluation{SkipReason: long, LogLines: []string{"one", long, "three"}}, ""},
		"OKFailed":      {&usercodev1.Evaluation{Error: long, RunRequests: many}, ""},
		"ErrNone":       {nil, "no evaluation"},
		"ErrMany":       {&usercodev1.Evaluation{RunRequests: many}, "1001 runs; the limit is 1000"},
		"ErrRunKey":     {ask(func(r *usercodev1.RunRequest) { r.RunKey = long }), "run request 1: its run key has"},
		"ErrControl":    {ask(func(r *usercodev1.RunRequest) { r.RunKey = "a\x1b[2J" }), "control character"},
		"ErrJob":        {ask(func(r *usercodev1.RunRequest) { r.Job = "a/b" }), "its job is called"},
		"ErrPartition":  {ask(func(r *usercodev1.RunRequest) { r.Partition = long }), "its partition"},
		"ErrConfig":     {ask(func(r *usercodev1.RunRequest) { r.ConfigYaml = strings.Repeat("x", maxRequestConfig+1) }), "its config has"},
		"ErrOps":        {ask(func(r *usercodev1.RunRequest) { r.OpSelection = long }), "its op selection has"},
		"ErrTags":       {ask(func(r *usercodev1.RunRequest) { r.Tags = []*tagv1.Tag{{Key: "penstock/run_id", Value: "x"}} }), "its tags"},
		"ErrDimension":  {keys("a b", "x"), "partition keys"},
		"ErrKey":        {keys("day", "a|b"), "partition key"},
		"ErrManyKeys":   {keys("day", strings.Split(strings.Repeat("x,", maxEvaluationKeys), ",")[:maxEvaluationKeys]...), ""},
		"ErrMoreKeys":   {keys("day", strings.Split(strings.Repeat("x,", maxEvaluationKeys)+"y", ",")...), "1001 partition keys"},
		"ErrElements":   {&usercodev1.Evaluation{LogLines: make([]string, maxElements+1)}, "more than 100000 elements"},
		"ErrTooLong":    {&usercodev1.Evaluation{LogLines: []string{strings.Repeat("x", maxFrameBytes)}}, "larger than 4 MiB"},
		"ErrEmptyKey":   {keys("day", ""), "is empty"},
		"OKRemoveThose": {&usercodev1.Evaluation{PartitionKeys: []*usercodev1.PartitionKeysChange{{Dimension: "day", Remove: []string{"a|b"}}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := automated(hosttest.Current())
			b.EvaluateSchedule = func(context.Context, *usercodev1.EvaluateScheduleRequest) *usercodev1.Evaluation { return c.evaluation }
			w := openOne(t, hosttest.Start(t, b))
			awaitState(t, w, "etl", host.LocationReady)
			e, err := w.EvaluateSchedule(deadlineContext(t), scheduleName("nightly"), midnight)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				lines := 0
				for _, line := range e.GetLogLines() {
					lines += len(line)
				}
				if len(e.GetSkipReason()) > maxSkipReason || len(e.GetError()) > maxEvaluationError || lines > maxEvaluationLog {
					t.Error("texts are not cut")
				}
				if e.GetError() != "" && len(e.GetRunRequests()) > 0 {
					t.Error("one that failed has runs")
				}
				return
			}
			if host.CodeOf(err) != host.Invalid || host.ReasonOf(err) != "EVALUATION_UNUSABLE" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPartitionRunsAreChecked(t *testing.T) {
	type runs = usercodev1.GetPartitionRunsResponse
	type run = usercodev1.GetPartitionRunsResponse_PartitionRun
	for name, c := range map[string]struct {
		answer *runs
		want   string
	}{
		"ErrFew":    {&runs{Runs: []*run{{}}}, "1 runs for 2 keys"},
		"ErrConfig": {&runs{Runs: []*run{{}, {ConfigYaml: strings.Repeat("x", maxRequestConfig+1)}}}, `partition "b": its config has`},
		"ErrTags":   {&runs{Runs: []*run{{Tags: []*tagv1.Tag{{Key: "a b"}}}, {}}}, `partition "a": its tags`},
	} {
		t.Run(name, func(t *testing.T) {
			b := automated(hosttest.Current())
			b.PartitionRuns = func(context.Context, *usercodev1.GetPartitionRunsRequest) *runs { return c.answer }
			w := openOne(t, hosttest.Start(t, b))
			awaitState(t, w, "etl", host.LocationReady)
			_, err := w.PartitionRuns(deadlineContext(t), host.JobName{Location: "etl", Repository: "tutorial", Job: "report"}, []string{"a", "b"})
			if host.CodeOf(err) != host.Invalid || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEvaluationOfBrokenServers(t *testing.T) {
	for trick, want := range map[hosttest.Trick]struct {
		code   host.Code
		reason string
	}{
		hosttest.Garbage:       {host.Invalid, "EVALUATION_UNUSABLE"},
		hosttest.Oversize:      {host.Invalid, "EVALUATION_UNUSABLE"},
		hosttest.Fail:          {host.Invalid, "EVALUATION_FAILED"},
		hosttest.Unimplemented: {host.Unavailable, "LOCATION_CALL"},
		hosttest.Crash:         {host.Unavailable, "LOCATION_CALL"},
	} {
		t.Run(string(trick), func(t *testing.T) {
			b := automated(hosttest.Current())
			b.Evaluation = trick
			w := openOne(t, hosttest.Start(t, b))
			awaitState(t, w, "etl", host.LocationReady)
			_, err := w.EvaluateSchedule(deadlineContext(t), scheduleName("nightly"), midnight)
			if host.CodeOf(err) != want.code || host.ReasonOf(err) != want.reason {
				t.Errorf("got %v", err)
			}
			if strings.ContainsFunc(fmt.Sprint(err), func(r rune) bool { return r < ' ' }) {
				t.Errorf("the message is not fit to print: %q", err)
			}
		})
	}
}

// User code that takes too long has failed, as long as its location answers; nobody waits longer than it may take.
func TestEvaluationTakesTooLong(t *testing.T) {
	b := automated(hosttest.Current())
	b.Repositories[0].Schedules[0].Makes = &usercodev1.ScheduleDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{Timeout: durationpb.New(time.Minute)}}
	entered := make(chan struct{}, 1)
	b.EvaluateSchedule = func(ctx context.Context, _ *usercodev1.EvaluateScheduleRequest) *usercodev1.Evaluation {
		entered <- struct{}{}
		<-ctx.Done()
		return nil
	}
	clock := &handClock{late: make(chan time.Time)}
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", hosttest.Start(t, b))}, Clock: clock})
	awaitState(t, w, "etl", host.LocationReady)
	type answer struct {
		e   *usercodev1.Evaluation
		err error
	}
	evaluate := func(ctx context.Context) chan answer {
		done := make(chan answer, 1)
		go func() {
			e, err := w.EvaluateSchedule(ctx, scheduleName("hourly"), midnight)
			done <- answer{e, err}
		}()
		<-entered
		return done
	}
	done := evaluate(t.Context())
	clock.late <- time.Now()
	if a := <-done; a.err != nil || a.e.GetError() != "it took longer than 1m0s" {
		t.Errorf("got %v, %v", a.e, a.err)
	}
	gone, leave := context.WithCancel(t.Context())
	done = evaluate(gone)
	leave()
	if a := <-done; !errors.Is(a.err, context.Canceled) {
		t.Errorf("got %v, %v", a.e, a.err)
	}
}

// handClock is the system's clock, but what is to come after longer than an exchange comes when it is told to.
type handClock struct {
	systemClock
	late chan time.Time
}

func (c *handClock) After(d time.Duration) <-chan time.Time {
	if d == time.Minute+evaluationGrace {
		return c.late
	}
	return c.systemClock.After(d)
}
