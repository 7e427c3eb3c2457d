package usercode_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

// connection notes what becomes of it.
type connection struct {
	name  string
	story *story
	fails error
}

func (c *connection) Close() error {
	c.story.add("close " + c.name)
	return c.fails
}

type story struct {
	mu    sync.Mutex
	lines []string
}

func (s *story) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *story) want(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.lines, want) {
		t.Errorf("got %q, want %q", s.lines, want)
	}
}

func opens(name string, s *story, opts ...usercode.ResourceOption) *usercode.Resource[*connection] {
	return usercode.NewResource(name, func(context.Context) (*connection, error) {
		s.add("open " + name)
		return &connection{name: name, story: s}, nil
	}, opts...)
}

func uses(name string, r *usercode.Resource[*connection]) usercode.Op[string] {
	return usercode.NewOp(name, func(ctx context.Context) (string, error) {
		c, err := r.From(ctx)
		if err != nil {
			return "", err
		}
		return c.name, nil
	}, r)
}

// changes is one line for each event of a resource.
func changes(r *usertest.Result) []string {
	var lines []string
	for _, c := range r.Resources {
		line := "opened " + c.Name + " for " + c.OpPath
		if c.Closed {
			line = "closed " + c.Name
		}
		if c.Failure != "" {
			line += ": " + c.Failure
		}
		lines = append(lines, line)
	}
	return lines
}

func wantChanges(t *testing.T, r *usertest.Result, want ...string) {
	t.Helper()
	if got := changes(r); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestResourceIsOpenedOnceAndClosedInReverse(t *testing.T) {
	var s story
	first, second, unused := opens("first", &s), opens("second", &s), opens("unused", &s)
	a, b, c := uses("a", first), uses("b", second), uses("c", first)
	d := usercode.NewTask("d", nothing, unused)
	job := usercode.NewJob("job", func(g *usercode.Graph) { d(g.After(c(g.After(b(g.After(a(g))))))) })
	r := run(t, job, nil)
	s.want(t, "open first", "open second", "close second", "close first")
	wantChanges(t, r, "opened first for a", "opened second for b", "closed second", "closed first")
	if got := output[string](t, r, "c"); got != "first" {
		t.Errorf("c got %q", got)
	}
}

func TestResourceIsOpenedOnceByManyAtATime(t *testing.T) {
	var opened atomic.Int32
	synctest.Test(t, func(t *testing.T) {
		slow := usercode.NewResource("slow", func(context.Context) (int, error) {
			<-time.After(time.Second) // in the bubble, so that all have asked
			return int(opened.Add(1)), nil
		})
		op := usercode.NewOp("op", func(ctx context.Context) (int, error) { return slow.From(ctx) }, slow)
		job := usercode.NewJob("job", func(g *usercode.Graph) {
			for i := range 8 {
				op(g.As(fmt.Sprint("op", i)))
			}
		}, usercode.MaxConcurrent(8))
		r := run(t, job, nil)
		for i := range 8 {
			if got := output[int](t, r, fmt.Sprint("op", i)); got != 1 {
				t.Errorf("op%d got opening %d", i, got)
			}
		}
		wantChanges(t, r, changes(r)[:1]...) // an int is not closed
	})
}

func TestResourceThatCannotBeOpenedIsTriedAgain(t *testing.T) {
	refused := errors.New("connection refused")
	tries := 0
	db := usercode.NewResource("db", func(context.Context) (string, error) {
		if tries++; tries < 3 {
			return "", refused
		}
		return "open", nil
	})
	op := usercode.NewOp("load", func(ctx context.Context) (string, error) {
		v, err := db.From(ctx)
		if err != nil {
			return "", fmt.Errorf("load: %w", err)
		}
		return v, nil
	}, db, usercode.Retry{Max: 2, When: func(err error) bool { return errors.Is(err, refused) }})
	r := run(t, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }), nil)
	const failure = "open resource db: connection refused"
	wantChanges(t, r, "opened db for load: "+failure, "opened db for load: "+failure, "opened db for load")
	got, _ := r.Op("load")
	if len(got.Attempts) != 3 || got.Attempts[0].Reason != "resource" || got.Attempts[0].Message != "load: "+failure {
		t.Errorf("attempts: %+v", got.Attempts)
	}
}

func TestResourceWhoseOpeningPanics(t *testing.T) {
	for name, c := range map[string]struct {
		open  func(context.Context) (int, error)
		want  string
		stack string
	}{
		"Panic":  {func(context.Context) (int, error) { return panics() }, "open resource bad: panic: no driver", "usercode_test.panics"},
		"Error":  {func(context.Context) (int, error) { panic(errors.New("no driver")) }, "open resource bad: panic: no driver", "usercode_test."},
		"Goexit": {func(context.Context) (int, error) { return 0, goexit() }, "open resource bad: it ended its goroutine with runtime.Goexit", ""},
	} {
		t.Run(name, func(t *testing.T) {
			bad := usercode.NewResource("bad", c.open)
			op := usercode.NewOp("op", func(ctx context.Context) (int, error) { return bad.From(ctx) }, bad)
			r := run(t, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }), nil)
			got, _ := r.Op("op")
			if got.Reason != "resource" || got.Message != c.want || !strings.Contains(got.Stack, c.stack) {
				t.Errorf("got %+v", got)
			}
			if strings.Contains(got.Stack, "internal/engine") || c.stack != "" && got.Stack == "" {
				t.Errorf("stack:\n%s", got.Stack)
			}
		})
	}
}

func panics() (int, error) { panic("no driver") }

func goexit() error {
	runtime.Goexit()
	return nil
}

func TestResourceHasWhatItsOptionsSay(t *testing.T) {
	var s story
	settings := usercode.NewConfig("settings", struct{ Name string }{"default"})
	other := usercode.NewConfig("other", struct{ A int }{})
	db := opens("db", &s)
	repo := usercode.NewResource("repo", func(ctx context.Context) (*connection, error) {
		inner, err := db.From(ctx)
		if err != nil {
			return nil, err
		}
		usercode.Log(ctx).Info("opening")
		return &connection{name: settings.From(ctx).Name + " on " + inner.name, story: &s}, nil
	}, db, settings, usercode.Description("Where it is"))
	wrong := usercode.NewResource("wrong", func(ctx context.Context) (int, error) { return other.From(ctx).A, nil })
	direct := usercode.NewTask("direct", func(ctx context.Context) error { _, err := db.From(ctx); return err }, repo)
	reads := usercode.NewOp("reads", func(ctx context.Context) (int, error) { return wrong.From(ctx) }, wrong, other)
	op := uses("op", repo)
	job := usercode.NewJob("job", func(g *usercode.Graph) { op(g); direct(g); reads(g) }, usercode.MaxConcurrent(1))
	r := run(t, job, &usertest.Options{Config: map[string]any{"settings": map[string]string{"Name": "mine"}}})
	if got := output[string](t, r, "op"); got != "mine on db" {
		t.Errorf("got %q", got)
	}
	if len(r.Logs) != 1 || r.Logs[0].OpPath != "op" || r.Logs[0].Attrs["resource"] != "repo" {
		t.Errorf("logs: %+v", r.Logs)
	}
	s.want(t, "open db", "close mine on db", "close db")
	if got, _ := r.Op("direct"); got.Reason != "panic" || !strings.Contains(got.Message, `op "direct" uses resource "db" without having it as an option`) {
		t.Errorf("got %+v", got)
	}
	if got, _ := r.Op("reads"); got.Reason != "resource" || !strings.Contains(got.Message, `reads config "other" without having it as an option`) {
		t.Errorf("got %+v", got)
	}
}

func TestResourceDefinitions(t *testing.T) {
	var s story
	open := func(context.Context) (int, error) { return 0, nil }
	one := usercode.NewResource("same", open)
	two := usercode.NewResource("same", open)
	nested := usercode.NewResource("bad name", open, two, two, nil, (*usercode.Resource[string])(nil), usercode.Description(strings.Repeat("x", 1<<17)))
	nilOpen := usercode.NewResource[int]("nil_open", nil)
	op := usercode.NewTask("op", nothing, one, one, nested, nilOpen, (*usercode.Resource[int])(nil), opens("good", &s))
	err := usercode.Validate(usercode.NewRepository("r", usercode.NewJob("job", func(g *usercode.Graph) { op(g) })))
	for _, want := range []string{
		`resource "same": there is another resource of this name in the job, made at `, `op "op": resource "same" is given twice`,
		`op "op": its resource is nil`, `resource "bad name": the resource that it uses is nil`, `resource "bad name": resource "same" is given twice`,
		`resource "bad name": the description has 131072 bytes`, `resource "nil_open": its function is nil`, `bad name`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in\n%v", want, err)
		}
	}
}

func TestResourceOutsideOfARun(t *testing.T) {
	var s story
	r := opens("db", &s)
	if _, err := r.From(t.Context()); err == nil || !strings.Contains(err.Error(), "open resource db: there is no run here; a test gives one to the context with usertest.WithResource") {
		t.Errorf("got %v", err)
	}
	fake := &connection{name: "fake"}
	if got, err := r.From(usertest.WithResource(t.Context(), r, fake)); err != nil || got != fake {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := r.From(usertest.WithResource(t.Context(), r, nil)); err != nil || got != nil {
		t.Errorf("a nil fake: got %v, %v", got, err)
	}
}

func TestResourceReplaced(t *testing.T) {
	var s story
	db := opens("db", &s)
	repo := usercode.NewResource("repo", func(ctx context.Context) (string, error) { c, err := db.From(ctx); return c.name, err }, db)
	op := usercode.NewOp("op", func(ctx context.Context) (string, error) { return repo.From(ctx) }, repo)
	job := usercode.NewJob("job", func(g *usercode.Graph) { op(g) })
	fake := usertest.Replace(db, &connection{name: "fake", story: &s})
	r := run(t, job, &usertest.Options{Resources: []usertest.Replacement{fake}})
	if got := output[string](t, r, "op"); got != "fake" {
		t.Errorf("got %q", got)
	}
	s.want(t)
	wantChanges(t, r, "opened repo for op")
	_, err := usertest.Run(t.Context(), job, &usertest.Options{Resources: []usertest.Replacement{fake, fake, {}, usertest.Replace(opens("x", &s), nil)}})
	for _, want := range []string{`"db" is replaced twice`, `no op of this job uses the resource "x" that is replaced`, "was not made by Replace"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in %v", want, err)
		}
	}
}

// TestResourceIsOpenedOnAfterAnOpGaveUp: an op whose time is over while it waits leaves the opening to the next attempt.
func TestResourceIsOpenedOnAfterAnOpGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := usercode.NewResource("slow", func(ctx context.Context) (string, error) {
			select {
			case <-time.After(5 * time.Second):
				return "open", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		})
		op := usercode.NewOp("op", func(ctx context.Context) (string, error) { return slow.From(ctx) }, slow, usercode.Timeout(3*time.Second), usercode.Retry{Max: 1})
		r := run(t, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }), nil)
		got, _ := r.Op("op")
		if len(got.Attempts) != 2 || got.Attempts[0].Reason != "timeout" {
			t.Errorf("got %+v", got)
		}
		wantChanges(t, r, "opened slow for op")
	})
}

// TestCancelEndsAnOpening: the op returns at once, and the run when the opening has ended.
func TestCancelEndsAnOpening(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r := usercode.NewResource("r", func(ctx context.Context) (int, error) {
		cancel(errors.New("canceled by ada"))
		<-ctx.Done()
		return 0, context.Cause(ctx)
	})
	op := usercode.NewTask("op", func(ctx context.Context) error { _, err := r.From(ctx); return err }, r)
	got, err := usertest.Run(ctx, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }), nil)
	if err != nil || got.Outcome != usertest.Canceled {
		t.Fatalf("got %+v, %v", got, err)
	}
	wantChanges(t, got, "opened r for op: open resource r: canceled by ada")
}
