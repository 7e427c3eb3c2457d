package launch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Cancel asks the location to end a worker. NotFound and Unavailable tell of the location.
func (l *Local) Cancel(ctx context.Context, location string, id host.RunID, attempt uint32, grace time.Duration, force bool) (host.WorkerState, error) {
	return l.ask(ctx, location, fmt.Sprintf("cancel run %s attempt %d", id, attempt), attemptKey{id, attempt},
		func(ctx context.Context, c usercodev1.UserCodeServiceClient) (host.WorkerState, error) {
			r, err := c.CancelRun(ctx, &usercodev1.CancelRunRequest{RunId: string(id), Attempt: attempt, Force: force, Grace: durationpb.New(grace)})
			return workerState(r.GetServerId(), r.GetAttempt()), err
		})
}

// Attempt asks the location what it knows of a worker. NotFound and Unavailable
// tell of the location; Unavailable with SERVER_UNREACHABLE that the server that
// accepted the worker cannot be asked, and that others answer, which cannot know.
func (l *Local) Attempt(ctx context.Context, location string, id host.RunID, attempt uint32) (host.WorkerState, error) {
	return l.ask(ctx, location, fmt.Sprintf("ask for run %s attempt %d", id, attempt), attemptKey{id, attempt},
		func(ctx context.Context, c usercodev1.UserCodeServiceClient) (host.WorkerState, error) {
			r, err := c.GetRunAttempt(ctx, &usercodev1.GetRunAttemptRequest{RunId: string(id), Attempt: attempt})
			return workerState(r.GetServerId(), r.GetAttempt()), err
		})
}

// question is asked of one server.
type question func(context.Context, usercodev1.UserCodeServiceClient) (host.WorkerState, error)

// ask asks about a worker: the server that accepted it, when that is known and
// can be reached, else all. Only one of them knows it, so the most definite
// answer counts, and "never heard of it" only when nobody else could know.
func (l *Local) ask(ctx context.Context, location, what string, key attemptKey, q question) (host.WorkerState, error) {
	conns, err := l.workspace.Conns(location)
	if err != nil {
		return host.WorkerState{}, fmt.Errorf("%s: %w", what, err)
	}
	defer releaseAll(conns)
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	at := l.servers.of(key)
	server := at.server
	for _, c := range conns {
		if server != "" && c.ServerID == server {
			state, err := q(ctx, c.Client)
			if err != nil {
				return host.WorkerState{}, callError(location, what, err, "")
			}
			return state, nil
		}
	}
	best, err := askAll(ctx, conns, q)
	several := at.among
	if server == "" || at.recalled { // of before this host's start
		several = several || len(conns) > 1 || l.mixed(location)
	}
	if best.Phase == host.WorkerUnknown && several {
		// Behind a balancer there may be servers that are not known.
		found, errFound := l.askFound(ctx, location, conns, server, q)
		if found.Phase != host.WorkerUnknown || found.ServerID == server && server != "" {
			return found, nil
		}
		if err == nil {
			err = errFound
		}
	}
	switch {
	case best.Phase != host.WorkerUnknown:
		return best, nil
	case err != nil:
		return host.WorkerState{}, callError(location, what, err, "")
	case server != "" && several:
		return host.WorkerState{}, &host.Error{
			Code: host.Unavailable, Reason: ReasonServerUnreachable,
			Message: fmt.Sprintf("%s at %s: server %s, which it was asked of, cannot be reached; the others cannot know", what, location, server),
			Remedy:  "Wait: the worker reports by itself if it lives.",
		}
	}
	return best, nil
}

// askAll asks several servers side by side, and returns the answer of most
// weight, and an error if one of them did not answer.
func askAll(ctx context.Context, conns []*workspace.Conn, q question) (best host.WorkerState, err error) {
	states, errs := make([]host.WorkerState, len(conns)), make([]error, len(conns))
	var asking sync.WaitGroup
	for i, c := range conns {
		asking.Go(func() { states[i], errs[i] = q(ctx, c.Client) })
	}
	asking.Wait()
	best.Phase = host.WorkerUnknown
	answered := false
	for i, s := range states {
		if errs[i] != nil {
			err = errs[i]
			continue
		}
		if !answered || definiteness[s.Phase] > definiteness[best.Phase] {
			best, answered = s, true
		}
	}
	return best, err
}

// definiteness orders what servers say of a worker. One that lives comes before one that ended: should a proxy have
// repeated a start at another server, only one of the two workers was granted the attempt, and the other one ends.
var definiteness = map[host.WorkerPhase]int{host.WorkerUnknown: 0, host.WorkerEnded: 1, host.WorkerStarting: 2, host.WorkerRunning: 3}

// askFound asks servers that answer new connections, until one knows, or is the wanted one.
func (l *Local) askFound(ctx context.Context, location string, asked []*workspace.Conn, wanted string, q question) (host.WorkerState, error) {
	known := map[string]bool{}
	for _, c := range asked {
		known[c.ServerID] = true
	}
	for n := range seekTries {
		c, err := l.workspace.Dial(ctx, location, n)
		if err != nil {
			continue // whoever cannot be reached says nothing, as those that are not found
		}
		if known[c.ServerID] {
			c.Release()
			continue
		}
		known[c.ServerID] = true
		state, err := q(ctx, c.Client)
		c.Release()
		if err != nil {
			return host.WorkerState{Phase: host.WorkerUnknown}, err
		}
		if state.Phase != host.WorkerUnknown || wanted != "" && c.ServerID == wanted {
			return state, nil
		}
	}
	return host.WorkerState{Phase: host.WorkerUnknown}, nil
}

// reach is a connection to a server process of a location: one that there is, or a new one.
func (l *Local) reach(ctx context.Context, location, server string) (*workspace.Conn, error) {
	for n := range seekTries {
		c, err := l.workspace.Dial(ctx, location, n)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			continue
		}
		if c.ServerID == server {
			return c, nil
		}
		c.Release()
	}
	conns, err := l.workspace.Conns(location)
	if err != nil {
		return nil, err
	}
	var found *workspace.Conn
	for _, c := range conns {
		if c.ServerID == server && found == nil {
			found = c
			continue
		}
		c.Release()
	}
	if found == nil {
		return nil, fmt.Errorf("server %s does not answer at %s", server, location)
	}
	return found, nil
}

// mixed says whether servers of a location differ, or are being replaced.
func (l *Local) mixed(location string) bool {
	at, err := l.workspace.Location(location)
	return err == nil && (at.Mixed || at.Draining)
}
