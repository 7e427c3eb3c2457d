package automation

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// maxNamed is how many runs that cannot be planned the error of a tick names.
	maxNamed = 10
	// maxErrorBytes is the length of the longest error of a tick.
	maxErrorBytes = 16 << 10
)

// Maker makes ticks of what was evaluated. All fields are required.
type Maker struct {
	Store host.AutomationStore
	// Prepare plans a run: Queue.Prepare.
	Prepare func(context.Context, launch.Request) (host.NewRun, error)
	Clock   host.Clock
}

// Evaluated is what came of an evaluation.
type Evaluated struct {
	Name host.AutomationName
	// At is that of the tick; Late tells that its time was over.
	At   time.Time
	Late bool
	// StartedAt is when the evaluation began.
	StartedAt time.Time
	// Tags are those of the definition, Job is the job of a request that names none.
	Tags []tag.Tag
	Job  string
	// Outcome is what user code said.
	Outcome *usercodev1.Evaluation
	// Parts are what belongs to the runs of partitions, one for each request of Outcome; nil when the job's code is asked
	// where that has to be.
	Parts []host.PartitionRun
	// Automation is the record for which it was evaluated.
	Automation host.Automation
}

// Make plans all runs and returns the tick to store. Its Next has the Automation's fields as they were; the caller moves
// them, after a look at the tick's status. When a run cannot be planned, the tick has failed and makes none.
//
// An error tells that nothing can be said now: a location does not answer, or the store takes no writes. The tick is to
// be made again later.
func (m *Maker) Make(ctx context.Context, e *Evaluated) (host.NewTick, error) {
	n := host.NewTick{
		Tick: host.Tick{
			Name: e.Name, At: e.At, StartedAt: e.StartedAt, LogLines: e.Outcome.GetLogLines(), Cursor: e.Automation.Cursor, Count: 1, Late: e.Late,
		},
		Version: e.Automation.Version, Next: e.Automation,
	}
	err := m.plan(ctx, e, &n)
	if err != nil {
		return host.NewTick{}, err
	}
	n.Tick.EndedAt = m.Clock.Now()
	n.Tick.LastAt = n.Tick.EndedAt
	return n, nil
}

// plan fills in what becomes of the requests.
func (m *Maker) plan(ctx context.Context, e *Evaluated, n *host.NewTick) error {
	requests, problem := e.requests()
	if problem != "" {
		fail(n, problem)
		return nil
	}
	known, err := m.known(ctx, e)
	if err != nil {
		return err
	}
	var refused []string
	for i := range requests {
		asked := e.Outcome.GetRunRequests()[i]
		if key := asked.GetRunKey(); known[key] {
			n.Tick.KnownKeyCount++
			if len(n.Tick.KnownKeys) < host.MaxTickKnownKeys {
				n.Tick.KnownKeys = append(n.Tick.KnownKeys, key)
			}
			continue
		}
		run, err := m.Prepare(ctx, requests[i])
		switch {
		case err == nil:
			n.Runs = append(n.Runs, host.NewTickRun{NewRun: run, RunKey: asked.GetRunKey(), Partition: asked.GetPartition()})
		case ctx.Err() != nil:
			return ctx.Err()
		case passing(err):
			return err
		default:
			refused = append(refused, naming(i, len(requests), asked)+": "+Advised(err))
		}
	}
	switch {
	case len(refused) > 0:
		fail(n, refusal(refused, len(requests)))
		return nil
	case len(requests) == 0:
		n.Tick.Status = host.TickSkipped
		n.Tick.SkipReason = skipReason(e.Outcome)
	default:
		n.Tick.Status = host.TickSuccess
	}
	n.Keys = e.keys()
	return nil
}

// Put stores a tick with what it leaves of the Automation. One that the store refuses as it is has failed, and is stored
// so: its runs take too much room together, or there would be too many keys. before is the Automation as it was.
func (m *Maker) Put(ctx context.Context, n *host.NewTick, before *host.Automation) (tick host.Tick, created bool, err error) {
	tick, created, err = m.Store.CreateTick(ctx, *n)
	code := host.CodeOf(err)
	if err == nil || code != host.Invalid && code != host.Conflict || host.ReasonOf(err) == host.ReasonAutomationChanged {
		return tick, created, err
	}
	fail(n, Advised(err))
	n.Tick.Cursor, n.Next.Cursor = before.Cursor, before.Cursor
	return m.Store.CreateTick(ctx, *n)
}

// fail makes a tick of one that failed.
func fail(n *host.NewTick, problem string) {
	if len(problem) > maxErrorBytes {
		problem = strings.ToValidUTF8(problem[:maxErrorBytes], "") + "…"
	}
	n.Tick.Status, n.Tick.Error = host.TickFailure, problem
	n.Tick.SkipReason, n.Tick.KnownKeys, n.Tick.KnownKeyCount = "", nil, 0
	n.Runs, n.Keys = nil, nil
}

// passing tells of an error that it says nothing of the request: the same may be planned later.
func passing(err error) bool {
	code := host.CodeOf(err)
	return code == host.Unavailable || code == host.Internal || host.ReasonOf(err) == host.ReasonFull || host.ReasonOf(err) == launch.ReasonLocationGone
}

// naming says which request it is.
func naming(i, of int, r *usercodev1.RunRequest) string {
	text := "the run"
	if of > 1 {
		text = fmt.Sprintf("run %d of %d", i+1, of)
	}
	for _, part := range []struct{ what, value string }{{"job", r.GetJob()}, {"run key", r.GetRunKey()}, {"partition", r.GetPartition()}} {
		if part.value != "" {
			text += fmt.Sprintf(", %s %.80q", part.what, part.value)
		}
	}
	return text
}

// refusal is the error of a tick some of whose runs cannot be made.
func refusal(refused []string, of int) string {
	text := strings.Join(refused[:min(len(refused), maxNamed)], "\n")
	if more := len(refused) - maxNamed; more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	if of > 1 {
		text += fmt.Sprintf("\nNone of the %d runs was made.", of)
	}
	return text
}

// known are the run keys of the requests for which there were runs before. Those need not be planned; that two ticks at a
// time use one key is for the store to see.
func (m *Maker) known(ctx context.Context, e *Evaluated) (map[string]bool, error) {
	var keys []string
	for _, r := range e.Outcome.GetRunRequests() {
		if r.GetRunKey() != "" {
			keys = append(keys, r.GetRunKey())
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return m.Store.RunKeyUsed(ctx, e.Name, keys)
}

// requests are the launches that were asked for, or why there are none that could be.
func (e *Evaluated) requests() (requests []launch.Request, problem string) {
	if problem = e.Outcome.GetError(); problem != "" {
		return nil, problem
	}
	asked := e.Outcome.GetRunRequests()
	if len(asked) > host.MaxTickRuns {
		return nil, fmt.Sprintf("it asks for %d runs; a tick makes at most %d. Ask for fewer at a time, or begin a backfill.", len(asked), host.MaxTickRuns)
	}
	keys := e.keys()
	for i, r := range asked {
		job := host.JobName{Location: e.Name.Location, Repository: e.Name.Repository, Job: cmp.Or(r.GetJob(), e.Job)}
		q := launch.Request{
			RequestID: requestID(e, i), Job: job.String(), ConfigYAML: r.GetConfigYaml(), Tags: TagsOf(r.GetTags()), OpSelection: r.GetOpSelection(),
			Partition: r.GetPartition(), Source: e.source(r, keys),
		}
		if e.Parts != nil {
			q.PartitionRun = &e.Parts[i]
		}
		requests = append(requests, q)
	}
	return requests, ""
}

func (e *Evaluated) source(r *usercodev1.RunRequest, keys []host.PartitionKeysChange) *launch.Source {
	s := &launch.Source{Tick: TickID(e.At), RunKey: r.GetRunKey(), Tags: e.Tags, Keys: keys}
	if e.Name.Kind == host.ScheduleKind {
		s.Schedule = e.Name.Name
	} else {
		s.Sensor = e.Name.Name
	}
	return s
}

// keys are the changes of dynamic partitions.
func (e *Evaluated) keys() (changes []host.PartitionKeysChange) {
	for _, c := range e.Outcome.GetPartitionKeys() {
		changes = append(changes, host.PartitionKeysChange{
			Name: host.DynamicName{Location: e.Name.Location, Repository: e.Name.Repository, Dimension: c.GetDimension()},
			Add:  c.GetAdd(), Remove: c.GetRemove(),
		})
	}
	return changes
}

// TickID is the id of a tick as people and tags have it.
func TickID(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// TagsOf are tags as they are sent.
func TagsOf(sent []*tagv1.Tag) (tags []tag.Tag) {
	for _, t := range sent {
		tags = append(tags, tag.Tag{Key: t.GetKey(), Value: t.GetValue()})
	}
	return tags
}

// requestID is the same each time for a run of a tick. Sensors have another one after each change of what they remember.
func requestID(e *Evaluated, index int) string {
	text := fmt.Sprintf("%s\x00%s\x00%s\x00%d", e.Name.Kind, e.Name, TickID(e.At), index)
	if e.Name.Kind == host.SensorKind {
		text += fmt.Sprintf("\x00%d", e.Automation.Version)
	}
	sum := sha256.Sum256([]byte(text))
	return "tick-" + hex.EncodeToString(sum[:24])
}

// Advised is an error with what to do, for people.
func Advised(err error) string {
	problem, remedy := Trouble(err)
	if remedy != "" {
		problem += "\n" + (&host.Error{Remedy: remedy}).Advice()
	}
	return problem
}

// Test says what a tick would be, of what was evaluated for it. Nothing is planned, so that all runs can be looked at.
func (m *Maker) Test(ctx context.Context, e *Evaluated) (*Tested, error) {
	t := &Tested{
		Status: host.TickSuccess, Cursor: e.Automation.Cursor, LogLines: e.Outcome.GetLogLines(), Took: m.Clock.Now().Sub(e.StartedAt),
		Keys: e.Outcome.GetPartitionKeys(),
	}
	requests, problem := e.requests()
	if problem != "" {
		t.Status, t.Error = host.TickFailure, problem
		return t, nil
	}
	known, err := m.known(ctx, e)
	if err != nil {
		return nil, err
	}
	for i := range requests {
		asked := e.Outcome.GetRunRequests()[i]
		t.Runs = append(t.Runs, TestedRun{Request: asked, Launch: requests[i], Known: known[asked.GetRunKey()]})
	}
	if len(requests) == 0 {
		t.Status, t.SkipReason = host.TickSkipped, skipReason(e.Outcome)
	}
	return t, nil
}

// skipReason is why a tick makes no runs.
func skipReason(o *usercodev1.Evaluation) string {
	return cmp.Or(o.GetSkipReason(), "it asked for no run")
}
