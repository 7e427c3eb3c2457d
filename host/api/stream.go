package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
)

// maxStreams is the most watches of clients at a time. Workers' streams do not count: a crowd of browsers must not
// keep a worker from reporting.
const maxStreams = 10_000

// maxPending is how many runs may change while the client of a watch takes its time; more, and it has to list again.
const maxPending = 1000

// streams are the calls that stay open until the client leaves or the host stops.
type streams struct {
	mu    sync.Mutex
	open  map[string]int // by procedure
	count int
	limit int
	// pending is maxPending, except in tests.
	pending int
}

func newStreams() *streams {
	return &streams{open: map[string]int{}, limit: maxStreams, pending: maxPending}
}

// enter counts a watch in. The caller calls leave when it ends.
func (s *streams) enter(procedure string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count >= s.limit {
		return nil, exhausted(&host.Error{
			Reason:  "TOO_MANY_STREAMS",
			Message: fmt.Sprintf("this host serves %d streams at a time and all are taken", s.limit),
			Remedy:  "close other windows or scripts that watch, then try again",
		})
	}
	s.count++
	s.open[procedure]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.count--
		s.open[procedure]--
	}, nil
}

// byProcedure returns how many watches are open.
func (s *streams) byProcedure() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.open)
}

// connKey is the context key of a call's *http.ResponseController.
type connKey struct{}

// withConn makes the deadlines of a call's connection reachable for its handler: a blocked read or write does not end
// with the context, only with its deadline.
func withConn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), connKey{}, http.NewResponseController(w))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// past is a deadline that has passed, which ends what is blocked.
var past = time.Unix(1, 0)

// endReads makes the call's reads fail from now on.
func endReads(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*http.ResponseController); ok {
		_ = c.SetReadDeadline(past) // a connection that is gone reads nothing anyway
	}
}

// endWrites makes the call's writes fail from now on.
func endWrites(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*http.ResponseController); ok {
		_ = c.SetWriteDeadline(past)
	}
}

// cutWrites ends blocked writes once ctx is over. The caller calls stop before its handler returns: nothing of a call
// may be touched after that.
func cutWrites(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		endWrites(ctx)
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}
