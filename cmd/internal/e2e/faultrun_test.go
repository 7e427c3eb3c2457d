package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// faultRun is a run that was launched, and what is known of it from outside.
type faultRun struct {
	id           string
	lines, bytes int
	pause        time.Duration
	items, value int
	size         int
	fails        string // the op that does
	cancels      bool   // faults may cancel it
	retried      bool   // it has a tag that asks for one retry
	killed       bool   // a fault has killed its worker: how it ends is open

	parent   *faultRun
	children []*faultRun
	known    bool // children are all that there are
	checked  bool // and then status is how it ended
	status   string
	seen     []string // events that somebody was shown, as JSON
	events   []faultEvent
}

// someRun chooses a run.
func (f *faultWorld) someRun() *faultRun {
	r := &faultRun{
		lines: 10 + f.random.IntN(60), bytes: f.random.IntN(300), pause: time.Duration(f.random.IntN(40)) * time.Millisecond,
		items: 2 + f.random.IntN(3), value: f.random.IntN(1000), size: f.random.IntN(100_000),
		cancels: f.random.IntN(8) == 0, retried: f.random.IntN(4) == 0,
	}
	if f.random.IntN(6) == 0 {
		r.fails = []string{"flaky", "beside", "weigh[b]", "last"}[f.random.IntN(4)]
	}
	return r
}

func (f *faultWorld) configOf(r *faultRun) string {
	f.t.Helper()
	config, err := json.Marshal(map[string]any{"config": map[string]any{"faulty": map[string]any{
		"witness": f.witness, "lines": r.lines, "bytes": r.bytes, "pause": r.pause.String(),
		"items": r.items, "value": r.value, "size": r.size, "fail": r.fails,
	}}})
	if err != nil {
		f.t.Fatal(err)
	}
	return string(config)
}

// hostTag is a tag as the host tells of it, and is told.
type hostTag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// hostRun is a run as the host tells of it.
type hostRun struct {
	ID           string    `json:"id"`
	Status       string    `json:"status"`
	StatusReason string    `json:"statusReason"` //nolint:tagliatelle // the JSON of protobuf
	RetryDue     bool      `json:"retryDue"`     //nolint:tagliatelle // the same
	Tags         []hostTag `json:"tags"`
}

func (r *hostRun) tag(key string) string {
	for _, t := range r.Tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// ended tells that nothing happens to the run any more.
func (r *hostRun) ended() bool {
	switch r.Status {
	case "SUCCESS", "CANCELED":
		return true
	default:
		return r.Status == "FAILURE" && !r.RetryDue
	}
}

// launchFaulty launches a run and repeats the request, the same one, until it is answered.
func (f *faultWorld) launchFaulty(r *faultRun) {
	f.t.Helper()
	request := map[string]any{"job": "faulty", "configYaml": f.configOf(r)}
	if r.retried {
		request["tags"] = []hostTag{{"penstock/max_retries", "1"}}
	}
	if err := f.launch(r, request); err != nil {
		f.t.Fatalf("a launch was refused: %v", err)
	}
}

// launch makes the request until it is answered. An error is a refusal.
func (f *faultWorld) launch(r *faultRun, request map[string]any) (err error) {
	f.t.Helper()
	f.launched++
	request["requestId"] = fmt.Sprintf("%s-%d", f.prefix, f.launched)
	eventually(f.t, fmt.Sprintf("the launch %s is answered", request["requestId"]), func() bool {
		var answer struct {
			Run hostRun `json:"run"`
		}
		err = f.ask("RunService/LaunchRun", request, &answer)
		r.id = answer.Run.ID
		return err == nil || isRefusal(err)
	})
	if err == nil {
		f.add(r)
	}
	return err
}

// add takes a run into the round.
func (f *faultWorld) add(r *faultRun) {
	f.t.Helper()
	if f.runs[r.id] != nil {
		f.t.Fatalf("two launches made the same run %s", r.id)
	}
	f.runs[r.id] = r
}

// get is a run. An error may also be that the host is away.
func (f *faultWorld) get(id string) (hostRun, error) {
	f.t.Helper()
	var answer struct {
		Run hostRun `json:"run"`
	}
	err := f.ask("RunService/GetRun", map[string]string{"id": id}, &answer)
	answer.Run.Status = strings.TrimPrefix(answer.Run.Status, "RUN_STATUS_")
	return answer.Run, err
}

// findChildren takes the children of a run into the round that nobody here launched: retries.
func (f *faultWorld) findChildren(r *faultRun) error {
	f.t.Helper()
	var answer struct {
		Runs []hostRun `json:"runs"`
	}
	filter := map[string]any{"tags": []hostTag{{"penstock/parent_run", r.id}}}
	if err := f.ask("RunService/ListRuns", map[string]any{"filter": filter, "pageSize": 100}, &answer); err != nil {
		return err
	}
	for _, c := range answer.Runs {
		if f.runs[c.ID] == nil {
			child := r.child(c.ID)
			f.add(child)
			r.children = append(r.children, child)
		}
	}
	r.known = true
	return nil
}

// child is a run that executes this one again. No fault is meant for it.
func (r *faultRun) child(id string) *faultRun {
	return &faultRun{id: id, parent: r, lines: r.lines, bytes: r.bytes, pause: r.pause, items: r.items, value: r.value, size: r.size, fails: r.fails}
}

// look remembers what a run's followers have been shown, if the host answers.
func (f *faultWorld) look(r *faultRun) {
	f.t.Helper()
	a := f.cli("run", "events", r.id, "--json", "--host", f.host)
	if a.code == 0 {
		f.compare(r, a.out)
	}
}

// compare tells whether what was shown once is still there, in its place, and remembers what is.
func (f *faultWorld) compare(r *faultRun, text string) {
	f.t.Helper()
	now := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range r.seen {
		if i >= len(now) || now[i] != line {
			f.t.Errorf("run %s: event %d was %s, and is now %s", r.id, i, line, strings.Join(now[min(i, len(now)):min(i+1, len(now))], ""))
			return
		}
	}
	r.seen = now
}
