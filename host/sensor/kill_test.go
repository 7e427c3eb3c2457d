package sensor_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/sensor"
	"github.com/penstock-run/penstock/host/store/boltstore"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// killDir names the store of a process that is killed, in its environment.
const killDir = "SENSOR_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		fmt.Fprintln(os.Stdout, "error", watchOn(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// fastClock is a clock on which a second takes a hundredth of one.
type fastClock struct{}

const fast = 100

// Now is so that the clock of a process goes on from that of the one before.
func (fastClock) Now() time.Time {
	began := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	return began.Add(time.Since(began) % (365 * 24 * time.Hour) * fast)
}

func (fastClock) After(d time.Duration) <-chan time.Time { return time.After(d / fast) }

// told is a store that says what is asked of it.
type told struct{ *boltstore.Store }

func (s told) CreateTick(ctx context.Context, n host.NewTick) (host.Tick, bool, error) {
	fmt.Fprintln(os.Stdout, "step before CreateTick", n.Tick.Name.Name)
	tick, created, err := s.Store.CreateTick(ctx, n)
	fmt.Fprintln(os.Stdout, "step after CreateTick", n.Tick.Name.Name)
	return tick, created, err
}

// killed are the sensors of the processes that are killed: one counts by its cursor, and one looks at the runs of that.
func killed() (*code, error) {
	c := newCode()
	c.evaluate = func(_ context.Context, name string, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		fmt.Fprintln(os.Stdout, "step evaluated", name)
		if name == "ended" {
			return &usercodev1.EvaluateSensorResponse{Evaluation: &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{}, {Job: "k"}}}}, nil
		}
		n, err := strconv.Atoi(r.GetCursor())
		if err != nil && r.GetCursor() != "" {
			return nil, err
		}
		next := found(strconv.Itoa(n+2), "", "")
		for i, q := range next.GetEvaluation().GetRunRequests() {
			q.Job = "counted"
			q.Tags = nil
			q.ConfigYaml = fmt.Sprintf("n: %d", n+i)
		}
		return next, nil
	}
	return c, errors.Join(c.put("counts", every(time.Second)), c.put("ended", after("job=counted", false)))
}

// watchOn evaluates sensors of a store until it is killed, ends the runs of one, and says on standard output what it does.
func watchOn(dir string) error {
	feed := &host.Feed{}
	ends := feed.Subscribe(1 << 16)
	store, err := boltstore.Open(dir, &boltstore.Options{Clock: fastClock{}, OnChange: feed.Publish})
	if err != nil {
		return err
	}
	metrics, err := automation.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	c, err := killed()
	if err != nil {
		return err
	}
	w := sensor.New(sensor.Options{
		Store: told{store}, Runs: feed, Code: c, CodeChanged: c.changed,
		Prepare: func(_ context.Context, r launch.Request) (host.NewRun, error) {
			n := newRun(r.RequestID, r.Job, fastClock{}.Now())
			n.Run.ConfigYAML = r.ConfigYAML
			return n, nil
		},
		Turns: automation.NewTurns(), Feed: &automation.Feed{}, Metrics: metrics, Clock: fastClock{}, Logger: slog.New(slog.DiscardHandler),
		Jitter: rand.Float64,
	})
	ctx := context.Background()
	if err := w.Start(ctx); err != nil {
		return err
	}
	open, err := store.OpenRuns(ctx)
	for i := 0; err == nil; i = 0 {
		for ; i < len(open) && err == nil; i++ {
			if run := &open[i]; run.Job.Job == "counted" && run.Status == host.Queued {
				_, err = store.UpdateRun(ctx, run.ID, func(r *host.Run) ([][]byte, error) {
					return nil, r.Become(host.Canceled, "", fastClock{}.Now())
				})
			}
		}
		<-ends.Ready()
		changes, _ := ends.Take()
		open = nil
		for i := range changes {
			open = append(open, changes[i].Run)
		}
	}
	return err
}

// TestKill kills the process of a Watcher again and again, at each step of a tick, and then looks at what is there.
func TestKill(t *testing.T) {
	t.Parallel()
	const kills = 35
	f := newFixture(t)
	f.close()
	began, steps := time.Now(), map[string]int{}
	for range kills {
		steps[f.killOnce(t)]++
	}
	f.open()
	t.Logf("killed %d times in %s, after %v", kills, time.Since(began).Round(time.Millisecond), steps)
	page, err := f.store.Runs(t.Context(), nil, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	// Each number was launched once, in order, and each run that ended, in the order in which they did, made two.
	numbers, made := 0, map[host.RunID]bool{}
	for _, tick := range f.ticks("counts") {
		for _, r := range tick.Runs {
			made[r.Run] = true
			run, err := f.store.Run(t.Context(), r.Run)
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("n: %d", numbers); run.ConfigYAML != want {
				t.Errorf("run %s has the config %q, want %q", r.Run, run.ConfigYAML, want)
			}
			numbers++
		}
	}
	ended, err := f.store.EndedRuns(t.Context(), 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	ticks := f.ticks("ended")
	for i, tick := range ticks {
		want := []string{string(ended[i].Run) + " canceled 1", string(ended[i].Run) + " canceled 2"}
		if len(tick.Runs) != 2 || tick.Runs[0].RunKey != want[0] || tick.Runs[1].RunKey != want[1] {
			t.Fatalf("tick %d of the one that looks at runs made %+v, want %q", i, tick.Runs, want)
		}
		made[tick.Runs[0].Run], made[tick.Runs[1].Run] = true, true
	}
	if len(made) != len(page.Runs) || len(made) != numbers+2*len(ticks) || len(ticks) < 20 || numbers < 20 {
		t.Errorf("there are %d runs, and ticks name %d, of which one made %d and the other one 2 for each of %d", len(page.Runs), len(made), numbers, len(ticks))
	}
}

// killOnce starts a process, and kills it some steps later. It returns the last one that was told.
func (f *fixture) killOnce(t *testing.T) (last string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killDir+"="+f.path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, left := bufio.NewScanner(out), 1+rand.IntN(25)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "error") {
			t.Fatal(lines.Text())
		}
		if left--; left == 0 {
			last = lines.Text()
			// At once, or somewhere in what comes next.
			time.AfterFunc(time.Duration(rand.IntN(2)*rand.IntN(3000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		}
	}
	_ = cmd.Wait() // it was killed
	return last
}

// TestStartAndStop starts and stops, also twice, before it started, and by several at once while sensors are evaluated.
func TestStartAndStop(t *testing.T) {
	f := newFixture(t)
	f.watcher.Stop()
	f.code.deploy(t, "s", every(time.Second))
	f.code.deploy(t, "ended", after("", false))
	for range 10 {
		f.watcher = f.another()
		if err := f.watcher.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.ended("l/r/j", host.Success)
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.watcher.Stop()
		}()
		f.clock.Advance(2 * time.Second)
		f.watcher.Poke()
		if _, err := f.watcher.Switch(t.Context(), named("s"), host.SwitchOn, ""); err != nil {
			t.Error(err)
		}
		f.watcher.Standing(named("s"))
		<-done
		f.watcher.Stop()
	}
	f.restart(time.Minute)
	total := uint64(0)
	for _, tick := range f.ticks("ended") {
		total += uint64(tick.Count)
	}
	if last, err := f.store.LastEnded(t.Context()); err != nil || total != last {
		t.Errorf("it looked at %d runs of %d, %v", total, last, err)
	}
}
