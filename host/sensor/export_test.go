package sensor

import (
	"context"
	"time"
)

// Begin is Start without the loop.
func (w *Watcher) Begin(ctx context.Context) error { return w.begin(ctx) }

// RunOnce is one round of the loop, and waits for what it began.
func (w *Watcher) RunOnce(ctx context.Context) {
	w.runOnce(ctx, w.o.Clock.Now())
	w.looking.Wait()
}

// Rest is how long the loop would wait now.
func (w *Watcher) Rest() time.Duration { return w.rest(w.o.Clock.Now()) }

// KeepAfter is the constant of that name.
const KeepAfter = keepAfter
