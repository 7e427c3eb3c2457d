package workspace

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOverdue(systemClock{})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); o.run(ctx) }()
		began := time.Now()

		slow, slowCall := o.limit(t.Context(), "the slow call", 5*time.Second)
		quick, quickCall := o.limit(t.Context(), "the quick call", 2*time.Second)
		inTime, inTimeCall := o.limit(t.Context(), "the call in time", 3*time.Second)
		for _, c := range []struct {
			ctx   context.Context
			after time.Duration
			says  string
		}{
			{quick, 2 * time.Second, "the quick call took longer than 2s"},
			{slow, 5 * time.Second, "the slow call took longer than 5s"},
		} {
			<-c.ctx.Done()
			late, ok := errors.AsType[*timeoutError](context.Cause(c.ctx))
			if passed := time.Since(began); passed != c.after || !ok || late.Error() != c.says {
				t.Errorf("ended after %s with %v, want %q after %s", passed, context.Cause(c.ctx), c.says, c.after)
			}
			inTimeCall.end()
		}
		if !errors.Is(context.Cause(inTime), context.Canceled) {
			t.Errorf("a call that ended in time has the cause %v", context.Cause(inTime))
		}
		slowCall.end()
		quickCall.end()
		if len(o.calls) != 0 {
			t.Errorf("%d calls are left", len(o.calls))
		}
		stop()
		<-done
	})
}
