package launch

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// callDeadline is how long a code location may take to answer about a worker. A
// start takes up to 2 s there, to check that this host can be reached.
const callDeadline = 10 * time.Second

// Local starts each worker where the code location of its job runs: a
// user-code server of it does that. It is a host.Launcher.
type Local struct {
	workspace *workspace.Workspace
	address   string
	servers   whereabouts
}

var _ host.Launcher = (*Local)(nil)

// NewLocal returns a launcher whose workers reach the host at address, see AdvertisedAddress.
func NewLocal(w *workspace.Workspace, address string) *Local {
	return &Local{workspace: w, address: address}
}

// Start asks the servers of the job's location for a worker, one after the
// other, until one accepts: a refusal says that this server will never start it
// by this request. What an answer that was lost said is not known, and then no
// other server is asked. When all refuse, the most telling refusal is the answer.
func (l *Local) Start(ctx context.Context, r host.StartRequest) (host.StartOutcome, error) {
	outcome, err := l.start(ctx, r)
	at := l.servers.of(attemptKey{r.Run, r.Attempt})
	if err != nil {
		outcome = host.StartOutcome{ServerID: at.server}
	}
	outcome.Among = at.among
	return outcome, err
}

func (l *Local) start(ctx context.Context, r host.StartRequest) (host.StartOutcome, error) {
	what := fmt.Sprintf("start run %s attempt %d", r.Run, r.Attempt)
	conns, err := l.workspace.Conns(r.Job.Location)
	if err != nil {
		return host.StartOutcome{}, fmt.Errorf("%s: %w", what, err)
	}
	defer releaseAll(conns)
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	s := &starting{
		Local: l, what: what, request: r, key: attemptKey{r.Run, r.Attempt}, asked: map[string]bool{},
		among: len(conns) > 1 || l.mixed(r.Job.Location),
		message: &usercodev1.StartRunRequest{
			RunId:            string(r.Run),
			Attempt:          r.Attempt,
			HostAddress:      l.address,
			Token:            r.Token,
			Repository:       r.Job.Repository,
			Job:              r.Job.Job,
			DefinitionDigest: r.Definition[:],
			StartLease:       durationpb.New(r.Lease),
		},
	}
	if at := l.servers.of(s.key); at.server != "" {
		return s.again(ctx, at.server)
	}
	for _, c := range conns {
		if done, err := s.try(ctx, c); done || err != nil {
			return s.outcome, err
		}
	}
	if l.mixed(r.Job.Location) {
		// A new connection may lead to a server that is not known and accepts: one
		// of another deploy, or the successor of one that stops.
		for n := range seekTries {
			if done, err := s.seek(ctx, n); done || err != nil {
				return s.outcome, err
			}
		}
	}
	return s.refused(), nil
}

// starting is one start, at several servers.
type starting struct {
	*Local

	what    string
	request host.StartRequest
	message *usercodev1.StartRunRequest
	key     attemptKey
	// among tells that the location has several servers.
	among bool
	// asked are the servers that refused, by their ids.
	asked map[string]bool
	// outcome is the acceptance, or the most telling refusal so far.
	outcome host.StartOutcome
}

// try asks one server. done says that no other one is to be asked.
func (s *starting) try(ctx context.Context, c *workspace.Conn) (done bool, err error) {
	if c.Draining {
		s.keep(host.StartOutcome{ServerID: c.ServerID, Refusal: &host.StartRefusal{
			Reason: drainingReason, Message: "the server is stopping and starts nothing any more",
		}})
		s.asked[c.ServerID] = true
		return false, nil
	}
	if ctx.Err() != nil && s.outcome.Refusal != nil {
		return true, nil // nobody was asked but those that refused
	}
	outcome, err := s.send(ctx, c, "")
	if err != nil {
		s.outcome = host.StartOutcome{}
		return true, err
	}
	s.asked[outcome.ServerID], s.asked[c.ServerID] = true, true
	if outcome.Refusal == nil || tellingness[outcome.Refusal.Reason] == 0 {
		s.outcome = outcome
		return true, nil
	}
	s.keep(outcome)
	return false, nil
}

// send sends the request. A connection that breaks is no answer, so it is sent
// again, but only to the same process: another one does not know whether there
// is a worker already.
func (s *starting) send(ctx context.Context, c *workspace.Conn, expected string) (host.StartOutcome, error) {
	location := s.request.Job.Location
	s.message.ExpectedServerId = expected
	response, err := c.Client.StartRun(ctx, s.message)
	if err != nil {
		s.servers.put(s.key, whereabout{server: c.ServerID, among: s.among})
		if expected == "" && status.Code(err) == codes.Unavailable && c.ServerID != "" && ctx.Err() == nil {
			return s.again(ctx, c.ServerID)
		}
		return host.StartOutcome{}, callError(location, s.what, err, s.request.Token)
	}
	outcome, err := startOutcome(response, s.request.Token)
	if err != nil {
		s.servers.put(s.key, whereabout{server: c.ServerID, among: s.among})
		return host.StartOutcome{}, fmt.Errorf("%s at %s: %w", s.what, location, err)
	}
	if outcome.Refusal == nil {
		s.servers.put(s.key, whereabout{server: outcome.ServerID, among: s.among})
	}
	return outcome, nil
}

// again repeats the start at the server that may have accepted it before.
func (s *starting) again(ctx context.Context, server string) (host.StartOutcome, error) {
	location := s.request.Job.Location
	c, err := s.reach(ctx, location, server)
	if err != nil {
		return host.StartOutcome{}, fmt.Errorf("%s at %s: the server that was asked first cannot be reached, and whether it started a worker is not known: %w", s.what, location, err)
	}
	defer c.Release()
	outcome, err := s.send(ctx, c, server)
	if err == nil && outcome.Refusal != nil && outcome.Refusal.Reason == wrongServerReason {
		return host.StartOutcome{}, fmt.Errorf("%s at %s: the server that was asked first is gone, and whether it started a worker is not known", s.what, location)
	}
	return outcome, err
}

// seek asks whoever answers a new connection, unless it was asked before.
func (s *starting) seek(ctx context.Context, n int) (done bool, err error) {
	c, err := s.workspace.Dial(ctx, s.request.Job.Location, n)
	if err != nil {
		return false, nil // nobody was found; the refusals so far are the answer
	}
	defer c.Release()
	if s.asked[c.ServerID] {
		return false, nil
	}
	return s.try(ctx, c)
}

const (
	drainingReason    = "DRAINING"
	wrongServerReason = "WRONG_SERVER"
)

// tellingness orders the refusals after which another server is asked. The one
// that says most about the run is what people see. Last are those that tell of
// the server's own trouble and would end the run: they count when no server may
// start it later.
var tellingness = map[string]int{
	"DEFINITION_CHANGED": 7, "OVERLOADED": 6, drainingReason: 5, "NOT_FOUND": 4, wrongServerReason: 3, "HOST_UNREACHABLE": 2, "SPAWN_FAILED": 1,
}

// keep keeps a refusal if it is more telling than those before.
func (s *starting) keep(o host.StartOutcome) {
	if s.outcome.Refusal == nil || tellingness[o.Refusal.Reason] > tellingness[s.outcome.Refusal.Reason] {
		s.outcome = o
	}
}

// refused is the answer when all refused.
func (s *starting) refused() host.StartOutcome {
	if n := len(s.asked); n > 1 {
		s.outcome.Refusal.Message += fmt.Sprintf(" (none of %d servers started it)", n)
	}
	return s.outcome
}

func releaseAll(conns []*workspace.Conn) {
	for _, c := range conns {
		c.Release()
	}
}
