package schedule_test

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
	"github.com/penstock-run/penstock/host/schedule"
	"github.com/penstock-run/penstock/host/store/boltstore"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// killDir names the store of a process that is killed, killEpoch when its clock began, in its environment.
const killDir, killEpoch = "SCHEDULE_KILL_DIR", "SCHEDULE_KILL_EPOCH"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		fmt.Fprintln(os.Stdout, "error", tickOn(dir, os.Getenv(killEpoch)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// fastClock is a clock on which a minute takes a tenth of a second, the same one in all processes.
type fastClock struct{ epoch time.Time }

const fast = 600

func (c fastClock) Now() time.Time {
	return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).Add(time.Since(c.epoch) * fast)
}

func (c fastClock) After(d time.Duration) <-chan time.Time { return time.After(d / fast) }

// killed are the schedules of the processes that are killed: each of its own kind.
func killed() (*code, error) {
	c := newCode()
	c.evaluate = func(_ string, at time.Time) (*usercodev1.Evaluation, error) {
		fmt.Fprintln(os.Stdout, "step evaluated")
		e := &usercodev1.Evaluation{}
		for i := range at.Minute()%3 + 1 {
			e.RunRequests = append(e.RunRequests, &usercodev1.RunRequest{RunKey: fmt.Sprint(at.Unix(), " ", i)})
		}
		return e, nil
	}
	return c, errors.Join(
		c.put("fixed", missing(fixed("* * * * *"), all, 100)), c.put("evaluated", missing(evaluated("* * * * *"), all, 100)),
		c.put("latest", missing(fixed("* * * * *"), latest, 0)), c.put("skip", missing(evaluated("*/2 * * * *"), skip, 0)),
	)
}

// tickOn makes ticks in a store until it is killed, and says on standard output what it does.
func tickOn(dir, epoch string) error {
	nanos, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return err
	}
	clock := fastClock{time.Unix(0, nanos)}
	store, err := boltstore.Open(dir, &boltstore.Options{Clock: clock})
	if err != nil {
		return err
	}
	metrics, err := automation.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	said := func(text string) func(string) error {
		return func(call string) error {
			fmt.Fprintln(os.Stdout, "step", text, call)
			return nil
		}
	}
	c, err := killed()
	if err != nil {
		return err
	}
	s := schedule.New(schedule.Options{
		Store: &seam{Store: store, before: said("before"), after: said("after")}, Code: c, CodeChanged: c.changed,
		Prepare: func(_ context.Context, r launch.Request) (host.NewRun, error) { return newRun(r, clock.Now()), nil },
		Turns:   automation.NewTurns(), Feed: &automation.Feed{}, Metrics: metrics, Clock: clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err := s.Start(context.Background()); err != nil {
		return err
	}
	select {}
}

// TestKill kills the process of a Scheduler again and again, at each step of a tick, and then looks at what is there.
func TestKill(t *testing.T) {
	t.Parallel()
	const kills = 35
	f := newFixture(t)
	f.close()
	epoch := strconv.FormatInt(time.Now().UnixNano(), 10)
	began := time.Now()
	steps := map[string]int{}
	for range kills {
		last := f.killOnce(t, epoch)
		steps[last]++
	}
	f.open()
	t.Logf("killed %d times in %s, after %v", kills, time.Since(began).Round(time.Millisecond), steps)
	f.bijection()
	for name, cron := range map[string]string{"fixed": "* * * * *", "evaluated": "* * * * *", "latest": "* * * * *", "skip": "*/2 * * * *"} {
		f.gapless(name, cron)
	}
}

// killOnce starts a process, and kills it some steps later. It returns the last one that was told.
func (f *fixture) killOnce(t *testing.T, epoch string) (last string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killDir+"="+f.path, killEpoch+"="+epoch)
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

// gapless checks that the ticks of a schedule are at each instant of its cron, each once, and that where some are missing
// the tick before the next one tells of them.
func (f *fixture) gapless(name, cron string) {
	f.t.Helper()
	cal, err := calendar.New("", cron)
	if err != nil {
		f.t.Fatal(err)
	}
	ticks := f.ticks(name)
	if len(ticks) < 10 {
		f.t.Errorf("%s has only %d ticks", name, len(ticks))
	}
	for i := range ticks {
		tick := &ticks[i]
		if !cal.Has(tick.At) {
			f.t.Errorf("%s has a tick at %s", name, tick.At)
		}
		told := tick.Status == host.TickSkipped && strings.Contains(tick.SkipReason, "missed")
		if i > 0 && !told {
			if before, _ := cal.Prev(tick.At); !before.Equal(ticks[i-1].At) {
				f.t.Errorf("%s has ticks at %s and %s, and nothing tells of those between", name, ticks[i-1].At, tick.At)
			}
		}
		want := 1
		if name == "evaluated" || name == "skip" {
			want = tick.At.Minute()%3 + 1
		}
		if told {
			want = 0
		}
		if len(tick.Runs) != want {
			f.t.Errorf("%s has %d runs at %s, want %d", name, len(tick.Runs), tick.At, want)
		}
	}
}
