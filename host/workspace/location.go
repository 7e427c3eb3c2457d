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
	// Age is how long ago the server answered last; 0 when it never did.
	Age time.Duration
	// Digest is that of the definitions in use; zero when there are none.
	Digest host.Digest
	// Replicas are the server processes that are known, those with the report in use first.
	Replicas []Replica
	// Mixed tells that servers with different definitions, versions or capabilities answered lately: a deploy is under way.
	Mixed bool
	// Draining tells that every server of the location drains: it answers, and starts nothing.
	Draining bool
	// Notices are what people should know though nothing fails.
	Notices []string
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
	interval  time.Duration
	slots     slots
	slot      int
	head      time.Duration // how much older its first connections count, so that a host's are not all replaced at once
	places    *places
	late      *overdue
	resolver  Resolver
	metrics   *Metrics
	feed      *feed
	crowd     *crowd
	host      versioncheck.Host
	hostInfo  *usercodev1.HostInfo
	question  frame // the encoded GetServerInfoRequest
	userAgent string
	requests  chan request
	met       chan answer   // servers that others met; their connections are held
	gone      chan struct{} // closed when it was removed

	halt func() // ends and waits for the goroutine; guarded by the workspace's mu

	// Of the goroutine.
	failures int // probes in a row without an answer
	rejected *rejection
	// reports decides which report is active, builds which build of it is shown.
	reports, builds reports
	targets         []*target
	by4             bool   // the address family in use
	unresolved      *fault // why it could not be, the last time
	explore         int    // how many probes more take new connections: servers came or went, and there may be more
	news            bool   // somebody else answered, or in another way, since tell
	told            told
	decided         map[string]versioncheck.Code // by capability, as logged last
	settled         host.LocationState           // as told last
	logged          string                       // code of the fault that was logged last
	keeper          *keeper
	keeping         keeping

	mu          sync.RWMutex
	config      host.LocationConfig
	era         int // grows when all that was learnt of servers is dropped
	state       host.LocationState
	fault       *fault
	since       time.Time // of the fault
	reported    *report   // last report; nil before the first answer
	definitions *definitions
	replicas    []*replica
	addresses   []string // of targets, when the name stands for several
	mixed       bool
	draining    bool
	notices     []string
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

// currentPolicy is the policy for those who are not the location's goroutine.
func (l *location) currentPolicy() versioncheck.Policy {
	return versioncheck.Policy{AllowDevVersions: l.configured().AllowDevVersions}
}

// snapshot is the location as people see it.
func (l *location) snapshot() Location {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := Location{
		Name: l.name, Address: l.config.Address, State: l.state, AnsweredAt: l.answeredAt,
		RefuseStaleLaunches: l.config.RefuseStaleLaunches, WaitForCode: l.config.WaitForCode,
	}
	if !l.answeredAt.IsZero() {
		s.Age = max(l.clock.Now().Sub(l.answeredAt), 0)
	}
	s.Replicas, s.Mixed, s.Draining, s.Notices = l.listed(), l.mixed, l.draining, l.noticed()
	if l.fault != nil {
		s.Fault = &host.LocationFault{Code: l.fault.code, Message: l.fault.message, Remedy: l.fault.remedy, Since: l.since}
	}
	if l.reported != nil {
		s.Server = l.server()
		holding := versioncheck.Holding{Entries: 1, BodyPresent: true, Answering: l.state == host.LocationReady, Age: l.clock.Now().Sub(l.answeredAt)}
		holding.Loading = l.state == host.LocationLoading
		for _, d := range l.decisions() {
			if l.state == host.LocationReady || l.state == host.LocationStale || holding.Loading && l.definitions != nil {
				d = versioncheck.Resolve(d, holding)
			}
			s.Capabilities = append(s.Capabilities, d)
		}
	}
	if l.definitions != nil {
		s.LoadedAt, s.Digest = l.definitions.loadedAt, l.definitions.root
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

// loading says that the host did not hear from the location yet since its start.
func (l *location) loading() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.state == host.LocationLoading
}

// problem is the location's fault; nil when there is none.
func (l *location) problem() *fault {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.fault
}

// age is how long ago the server answered last.
func (l *location) age() time.Duration {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.clock.Now().Sub(l.answeredAt)
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
