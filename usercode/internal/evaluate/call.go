package evaluate

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// returned is what a function ended with.
type returned[T any] struct {
	value T
	err   error
}

// call calls the author's function, whatever it does to its goroutine. One that does not return when its time is over is
// left behind: Go has no means to end it. Then nobody calls it again before it has returned, so that there is one such
// goroutine at most for each function. What names the function.
func call[T any](ctx context.Context, e *Evaluator, what string, limit time.Duration, lines *lines, f func(context.Context) (T, error)) (value T, err error) {
	if began, busy := e.isLeft(what); busy {
		return value, fmt.Errorf("the call that began at %s has not returned, although its time is over; the function has to pass its context on to all that takes long",
			began.UTC().Format(time.RFC3339))
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return value, ctx.Err()
	}
	defer func() { <-e.slots }()

	began := e.opts.Now()
	limit, grace := timesOf(ctx, began, limit)
	inner, cancel := context.WithTimeout(e.asked(ctx, lines), limit)
	defer cancel()
	ended := make(chan returned[T], 1)
	go func() {
		// This stays when the function neither returns nor panics.
		r := returned[T]{err: errors.New("it ended its goroutine with runtime.Goexit")}
		defer func() {
			if p := recover(); p != nil {
				r.err = panicked(p, lines)
			}
			ended <- r
			e.comeBack(what, began)
		}()
		r.value, r.err = f(inner)
	}()

	select {
	case r := <-ended:
		return r.value, late(inner, limit, r.err)
	case <-inner.Done():
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case r := <-ended:
		return r.value, late(inner, limit, r.err)
	case <-patience.C:
	}
	e.leave(what, began)
	select {
	case r := <-ended: // it may have come back before it was left
		e.comeBack(what, began)
		return r.value, late(inner, limit, r.err)
	default:
		return value, fmt.Errorf("it did not return within %s and was left behind; the function has to pass its context on to all that takes long", limit)
	}
}

// timesOf is how long a function may take, and how long it may take to return after that, so that a caller with a
// deadline gets an answer before it.
func timesOf(ctx context.Context, now time.Time, limit time.Duration) (whole, grace time.Duration) {
	if limit <= 0 {
		limit = DefaultTimeout
	}
	grace = returnGrace
	if deadline, ok := ctx.Deadline(); ok {
		rest := deadline.Sub(now)
		grace = min(grace, rest/10)
		limit = min(limit, rest-2*grace)
	}
	return max(limit, 0), max(grace, 0)
}

// late says of an error that it came because the time was over.
func late(ctx context.Context, limit time.Duration, err error) error {
	if err == nil || errors.Is(err, spec.ErrSkip) || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("it did not end within %s: %w", limit, err)
}

// panicked is the error of a panic, whose stack goes to the lines.
func panicked(p any, lines *lines) error {
	lines.stack(debug.Stack())
	return fmt.Errorf("it panicked: %v", p)
}

func (e *Evaluator) isLeft(what string) (began time.Time, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	began, ok = e.left[what]
	return began, ok
}

func (e *Evaluator) leave(what string, began time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.left[what] = began
}

func (e *Evaluator) comeBack(what string, began time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left[what].Equal(began) {
		delete(e.left, what)
	}
}
