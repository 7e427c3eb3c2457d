package workspace

import (
	"log/slog"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Location is what is known of a code location. The message in it is shared: do not change it.
type Location struct {
	Name, Address string
	State         host.LocationState
	// Fault says what is wrong; nil when all is well.
	Fault *host.LocationFault
	// Server is what the server reported last; nil when it never did.
	Server *usercodev1.ServerInfo
	// Capabilities has a decision for each capability that the host asks for,
	// sorted by name; nil while no server has answered.
	Capabilities []versioncheck.Decision
	// Repositories of the definitions in use, sorted by name.
	Repositories []Repository
	// LoadedAt is when the definitions in use were loaded, AnsweredAt when the
	// server answered last; zero when it has not happened.
	LoadedAt, AnsweredAt time.Time
	// RefuseStaleLaunches and WaitForCode are what is configured for its runs.
	RefuseStaleLaunches bool
	WaitForCode         time.Duration
}

// Repository counts the jobs of a repository.
type Repository struct {
	Name string
	Jobs int
}

// Jobs is the number of jobs in the definitions in use.
func (l *Location) Jobs() (n int) {
	for _, r := range l.Repositories {
		n += r.Jobs
	}
	return n
}

// location keeps one code location current. One goroutine runs it and alone
// writes; readers get what mu guards.
type location struct {
	name      string
	clock     host.Clock
	logger    *slog.Logger
	jitter    func() float64
	interval  time.Duration
	metrics   *Metrics
	feed      *feed
	host      versioncheck.Host
	hostInfo  *usercodev1.HostInfo
	userAgent string
	requests  chan request
	gone      chan struct{} // closed when it was removed

	halt func() // ends and waits for the goroutine; guarded by the workspace's mu

	// Of the goroutine.
	failures int // probes in a row without an answer
	// rejected is the report of definitions that could not be used, until when
	// they are left alone.
	rejected      *report
	rejectedUntil time.Time
	decided       map[string]versioncheck.Code // by capability, as logged last
	logged        string                       // code of the fault that was logged last

	mu          sync.RWMutex
	config      host.LocationConfig
	state       host.LocationState
	fault       *fault
	since       time.Time // of the fault
	reported    *report   // last report; nil before the first answer
	definitions *definitions
	active      *connection // to the server that answered last; nil when none does
	answeredAt  time.Time
}

// request asks the goroutine to look at the server now. done gets whether it
// did, which it did not when it ended first; one value fits.
type request struct{ done chan bool }

// configured is the configuration in use.
func (l *location) configured() host.LocationConfig {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.config
}

// snapshot is the location as people see it.
func (l *location) snapshot() Location {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := Location{
		Name: l.name, Address: l.config.Address, State: l.state, AnsweredAt: l.answeredAt,
		RefuseStaleLaunches: l.config.RefuseStaleLaunches, WaitForCode: l.config.WaitForCode,
	}
	if l.fault != nil {
		s.Fault = &host.LocationFault{Code: l.fault.code, Message: l.fault.message, Remedy: l.fault.remedy, Since: l.since}
	}
	if l.reported != nil {
		s.Server = l.reported.info
		holding := versioncheck.Holding{Entries: 1, BodyPresent: true, Answering: l.state == host.LocationReady, Age: l.clock.Now().Sub(l.answeredAt)}
		for _, d := range l.decisions() {
			if l.state == host.LocationReady || l.state == host.LocationStale {
				d = versioncheck.Resolve(d, holding)
			}
			s.Capabilities = append(s.Capabilities, d)
		}
	}
	if l.definitions != nil {
		s.LoadedAt = l.definitions.loadedAt
		for _, r := range l.definitions.repositories {
			s.Repositories = append(s.Repositories, Repository{r.name, len(r.jobs)})
		}
	}
	return s
}

// decisions are those of the gate on the last report. mu must be held.
func (l *location) decisions() []versioncheck.Decision {
	policy := versioncheck.Policy{AllowDevVersions: l.config.AllowDevVersions}
	judged := l.reported.judged()
	var decisions []versioncheck.Decision
	for _, r := range versioncheck.Requirements() {
		decisions = append(decisions, versioncheck.Decide(r.Name, judged, l.host, policy))
	}
	return decisions
}

// current is the definitions in use; nil when there are none.
func (l *location) current() *definitions {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.definitions
}

func (l *location) answering() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.state == host.LocationReady
}

// unusable says that the server answers, but with something of no use.
func (l *location) unusable() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.fault != nil && !l.fault.silent
}

// age is how long ago the server answered last.
func (l *location) age() time.Duration {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.clock.Now().Sub(l.answeredAt)
}

// usable is a hold on the connection to the server that answered last.
func (l *location) usable() (*Conn, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.active == nil || l.fault != nil && l.fault.incompatible {
		return nil, l.unavailable()
	}
	l.active.hold()
	return &Conn{Client: l.active.client, ServerID: l.reported.info.GetServerId(), connection: l.active}, nil
}

// unavailable says why nothing can be asked of the location. mu must be held.
func (l *location) unavailable() error {
	e := &host.Error{Code: host.Unavailable, Reason: FaultUnreachable, Message: "code location " + l.name + " has not answered yet", Remedy: "Try again in a moment."}
	if l.fault != nil {
		e.Reason, e.Remedy = l.fault.code, l.fault.remedy
		e.Message = "code location " + l.name + " cannot be used now: " + l.fault.message
	}
	return e
}
