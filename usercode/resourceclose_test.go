package usercode_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

func TestResourceIsClosedWhateverHappens(t *testing.T) {
	for name, ends := range map[string]func(ctx context.Context, cancel func()) error{
		"Failure":  func(context.Context, func()) error { return errors.New("no luck") },
		"Panic":    func(context.Context, func()) error { panic("no luck") },
		"Canceled": func(ctx context.Context, cancel func()) error { cancel(); <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			closed := false
			r := usercode.NewResource("r", func(ctx context.Context) (*closesWith, error) {
				return &closesWith{func(closing context.Context) error {
					closed = true
					deadline, bounded := closing.Deadline()
					if closing.Err() != nil || !bounded || time.Until(deadline) > time.Minute {
						return fmt.Errorf("closed with a context that ends at %v: %w", deadline, closing.Err())
					}
					if ctx.Err() != nil {
						return errors.New("what it may have kept has ended before")
					}
					usercode.Log(closing).Info("closing", "run", usercode.RunFrom(closing).ID)
					return nil
				}}, nil
			})
			op := usercode.NewTask("op", func(ctx context.Context) error {
				if _, err := r.From(ctx); err != nil {
					return err
				}
				return ends(ctx, cancel)
			}, r)
			got, err := usertest.Run(ctx, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantChanges(t, got, "opened r for op", "closed r")
			if !closed || len(got.Logs) != 1 || got.Logs[0].OpPath != "" || got.Logs[0].Attrs["resource"] != "r" || got.Logs[0].Attrs["run"] != "test" {
				t.Errorf("closed %v, logs %+v", closed, got.Logs)
			}
		})
	}
}

type closesWith struct {
	f func(ctx context.Context) error
}

func (c *closesWith) Close(ctx context.Context) error { return c.f(ctx) }

type closesQuietly struct{ closed *bool }

func (c closesQuietly) Close() { *c.closed = true }

func TestResourceThatCannotBeClosed(t *testing.T) {
	for name, c := range map[string]struct {
		close func(release <-chan struct{}) error
		want  string
	}{
		"Error":  {func(<-chan struct{}) error { return errors.New("broken pipe") }, "close resource r: broken pipe"},
		"Panic":  {func(<-chan struct{}) error { panic("no driver") }, "close resource r: panic: no driver"},
		"Goexit": {func(<-chan struct{}) error { return goexit() }, "close resource r: it ended its goroutine with runtime.Goexit"},
		"Hangs":  {func(release <-chan struct{}) error { <-release; return nil }, "close resource r: not done within 30s, and left behind"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s story
				release := make(chan struct{}) // what is left behind
				defer synctest.Wait()
				defer close(release)
				r := usercode.NewResource("r", func(context.Context) (*closesWith, error) {
					return &closesWith{func(context.Context) error { return c.close(release) }}, nil
				})
				other := opens("other", &s)
				op := usercode.NewTask("op", func(ctx context.Context) error {
					_, err := other.From(ctx)
					if err == nil {
						_, err = r.From(ctx)
					}
					return err
				}, r, other)
				got := run(t, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }), nil) // it ends well
				wantChanges(t, got, "opened other for op", "opened r for op", "closed r: "+c.want, "closed other")
			})
		})
	}
}

func TestResourceIsClosedByAnyMethodCalledClose(t *testing.T) {
	closed := false
	r := usercode.NewResource("r", func(context.Context) (closesQuietly, error) { return closesQuietly{&closed}, nil })
	op := usercode.NewTask("op", func(ctx context.Context) error { _, err := r.From(ctx); return err }, r)
	wantChanges(t, run(t, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }), nil), "opened r for op", "closed r")
	if !closed {
		t.Error("it was not closed")
	}
}
