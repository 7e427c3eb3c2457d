package compat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

// TestRandomPlans does by chance what happens to locations and to a host, and compares after each step what is shown of
// every location with what the model says.
func TestRandomPlans(t *testing.T) {
	t.Parallel() // it waits a good part of the time
	s := seed(t)
	end := time.Now().Add(*forFlag)
	for n := uint64(0); n == 0 || time.Now().Before(end); n++ {
		newPlan(t, s+n).run(end)
		if t.Failed() {
			return
		}
	}
}

// plan is a host, its locations, and what must be shown of them.
type plan struct {
	t         *testing.T
	seed      uint64
	chance    Chance
	options   Options
	protocol  Numbers
	process   *Process
	locations []*planned
	steps     []string
	builds    int
}

// planned is a location as the model has it.
type planned struct {
	name     string
	peer     *hosttest.Peer
	up       bool
	allowDev bool
	// now is what the peer is, past what it was; known is what the host has of it, kept what its store has.
	now         deployed
	past        []deployed
	known, kept memory
	// replicas are set when the location has two; peer and past are not then.
	replicas *replicas
}

// address is where it is dialed.
func (l *planned) address() string {
	if l.replicas != nil {
		return l.replicas.balancer.Address()
	}
	return l.peer.Address()
}

// peers are its processes.
func (l *planned) peers() []*hosttest.Peer {
	if l.replicas != nil {
		return l.replicas.peers[:]
	}
	return []*hosttest.Peer{l.peer}
}

// memory is the build that a host could use last, nil when it never could.
type memory struct {
	*deployed

	// held says that its metadata is there, too.
	held bool
}

// deployed is a build of user code, in a process that reports something.
type deployed struct {
	report       Report
	behavior     hosttest.Behavior
	repositories []hosttest.Repository
}

func newPlan(t *testing.T, seed uint64) *plan {
	t.Helper()
	p := &plan{
		t: t, seed: seed, chance: NewChance(seed), protocol: current(), options: Options{Directory: t.TempDir(), Clock: clock{}, ProbeInterval: 10 * time.Millisecond},
	}
	for i := range 3 {
		l := &planned{name: fmt.Sprintf("l%d", i), up: true, now: p.deploy()}
		p.notef("%s is %+v", l.name, l.now.report)
		l.peer = hosttest.StartAt(t, hosttest.OwnAddress(), l.now.behavior)
		p.locations = append(p.locations, l)
	}
	p.locations = append(p.locations, p.newReplicas("replicas"))
	return p
}

// deploy is a build by chance.
func (p *plan) deploy() deployed {
	r := p.chance.Report()
	for _, v := range []*Version{&r.Version, &r.MinHost} {
		if !utf8.ValidString(v.Text) { // which no message can carry
			*v = Version{Text: "not a version", Kind: Unreadable}
		}
	}
	d := deployed{report: r, repositories: pick(p.chance, Fixture("text"), Redeployed("text"), Redeployed("other"), Fixture("text")[:1], WithoutMetadata())}
	d.behavior = hosttest.Behavior{
		Protocol: r.Version.Text, MinHostProtocol: r.MinHost.Text, Declared: r.Declared, Capabilities: p.chance.Capabilities(r),
		CodeVersion: "abc123", Repositories: d.repositories,
	}
	if r.Silent {
		d.behavior.Info = pick(p.chance, hosttest.Unimplemented, hosttest.Empty)
	}
	return d
}

// run does steps until a plan is long enough or time is up.
func (p *plan) run(end time.Time) {
	p.t.Helper()
	p.start()
	defer func() {
		if err := p.process.Stop(); err != nil {
			p.t.Error(err)
		}
		for _, l := range p.locations {
			for _, peer := range l.peers() {
				peer.Close()
			}
		}
		if p.t.Failed() {
			p.t.Logf("-seed=%d begins with this plan; its steps were:\n%s", p.seed, strings.Join(p.steps, "\n"))
		}
	}()
	p.settle()
	for n := 0; n < 25 && (n == 0 || time.Now().Before(end)) && !p.t.Failed(); n++ {
		p.step()
		p.settle()
	}
}

func (p *plan) start() {
	p.t.Helper()
	p.options.Locations, p.options.Protocol = p.configs(), p.protocol.text()
	h, err := Open(p.options)
	if err != nil {
		p.t.Fatal(err)
	}
	p.process = h
	p.options.Address = h.Address
}

func (p *plan) configs() (configs []host.LocationConfig) {
	for _, l := range p.locations {
		configs = append(configs, host.LocationConfig{Name: l.name, Address: l.address(), AllowDevVersions: l.allowDev})
	}
	return configs
}

// step does one thing by chance.
func (p *plan) step() {
	p.t.Helper()
	l := pick(p.chance, p.locations...)
	if l.replicas != nil && p.chance.IntN(3) > 0 {
		p.roll(l)
		return
	}
	choice := p.chance.IntN(10)
	if l.replicas != nil {
		choice = 7 + p.chance.IntN(2) // the policy, a reload
	}
	switch choice {
	case 0, 1, 2, 3:
		l.past = append(l.past, l.now)
		p.become(l, p.deploy())
	case 4:
		if len(l.past) > 0 {
			before := l.peer.Recorded().InfoCalls
			p.become(l, l.past[p.chance.IntN(len(l.past))])
			// A report that was seen before counts again once it has answered ten times in a row.
			if err := l.peer.Await(patience(p.t), func(r hosttest.Recorded) bool { return r.InfoCalls >= before+12 }); err != nil {
				p.t.Fatalf("a peer is not asked: %v", err)
			}
		}
	case 5:
		p.notef("%s does not answer any more", l.name)
		l.peer.Stop()
		l.up = false
	case 6:
		p.become(l, l.now)
	case 7:
		l.allowDev = !l.allowDev
		p.judge(l)
		p.notef("%s allows dev versions: %t", l.name, l.allowDev)
		if err := p.process.Workspace.Configure(p.configs()); err != nil {
			p.t.Fatal(err)
		}
	case 8:
		p.notef("%s is reloaded", l.name)
		if _, err := p.process.Workspace.Reload(patience(p.t), l.name); err != nil {
			p.t.Fatal(err)
		}
	default:
		p.protocol = pick(p.chance, current(), current(), Numbers{0, 14, 17}, Numbers{0, 14, 18}, Numbers{0, 16, 0})
		p.notef("the host is restarted with protocol %s", p.protocol.text())
		for _, l := range p.locations {
			if l.replicas != nil && l.replicas.mixed { // which of two it would see first is anybody's guess
				p.replace(l, 1-l.replicas.active, l.now)
				l.replicas.mixed = false
				p.look(l)
			}
		}
		if err := p.process.Stop(); err != nil {
			p.t.Fatal(err)
		}
		for _, l := range p.locations {
			l.known = l.kept
			p.judge(l)
			if l.known.deployed != nil && p.model(l).Judge(l.known.report).Incompatible != "" {
				l.known = memory{}
			}
		}
		p.start()
	}
}

// model decides for a location.
func (p *plan) model(l *planned) Model { return Model{Host: p.protocol, AllowDev: l.allowDev} }

// judge drops what a host does not hold under another policy.
func (p *plan) judge(l *planned) {
	if l.known.deployed != nil && p.model(l).Judge(l.known.report).Refused != "" {
		l.known.held = false
	}
}

func (p *plan) notef(format string, args ...any) {
	p.steps = append(p.steps, fmt.Sprintf(format, args...))
}

func (p *plan) become(l *planned, d deployed) {
	p.t.Helper()
	p.notef("%s becomes %+v with %d repositories", l.name, d.report, len(d.repositories))
	if err := l.peer.Become(d.behavior); err != nil {
		p.t.Fatal(err)
	}
	l.now, l.up = d, true
}

// settle waits until everything is shown as the model says, and stays so.
func (p *plan) settle() {
	p.t.Helper()
	ctx := patience(p.t)
	for _, l := range p.locations {
		if v := p.model(l).Judge(l.now.report); l.up && v.Incompatible == "" {
			now := l.now
			l.known = memory{&now, v.Refused == ""}
			l.kept = l.known
		}
	}
	p.await(ctx, p.asked(ctx, 1))
	p.await(ctx, p.asked(ctx, 2))
}

// asked waits until every peer that is up was asked so many times more.
func (p *plan) asked(ctx context.Context, times int) error {
	var errs []error
	for _, l := range p.locations {
		if l.up && l.replicas == nil {
			before := l.peer.Recorded().InfoCalls
			errs = append(errs, l.peer.Await(ctx, func(r hosttest.Recorded) bool { return r.InfoCalls >= before+times }))
		}
	}
	return errors.Join(errs...)
}

func (p *plan) await(ctx context.Context, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("a peer is not asked: %v", err)
	}
	changes := p.process.Workspace.Watch()
	defer changes.Close()
	for {
		got, want := p.shown(), p.wanted()
		if slices.Equal(got, want) {
			return
		}
		select {
		case <-changes.Ready():
			changes.Take()
		case <-ctx.Done():
			p.t.Fatalf("shown is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// wanted is what must be shown, by the model.
func (p *plan) wanted() (lines []string) {
	for _, l := range p.locations {
		m, answering := p.model(l), false
		switch v := m.Judge(l.now.report); {
		case l.up && v.Incompatible != "":
			lines = append(lines, fmt.Sprint(l.name, " INCOMPATIBLE ", v.Incompatible))
		case l.up:
			answering = true
			lines = append(lines, l.name+" READY ")
		case l.known.deployed != nil:
			lines = append(lines, fmt.Sprint(l.name, " STALE ", workspace.FaultUnreachable))
		default:
			lines = append(lines, fmt.Sprint(l.name, " UNAVAILABLE ", workspace.FaultUnreachable))
		}
		if l.known.deployed == nil {
			continue
		}
		refused := m.Judge(l.known.report).Refused
		for _, r := range l.known.repositories {
			for _, j := range r.Jobs {
				line := fmt.Sprintf("  %s/%s/%s %x ", l.name, r.Name, j.Definition.GetName(), digest(j))
				entries := len(j.Metadata)
				switch {
				case refused != "":
					line += fmt.Sprintf("REFUSED %s, %d withheld", refused, entries)
				case entries > 0 && !l.known.held:
					line += "UNAVAILABLE"
				case !answering:
					line += fmt.Sprintf("STALE with %d", entries)
				case entries == 0:
					line += "EMPTY with 0"
				default:
					line += fmt.Sprintf("SHOWN with %d", entries)
				}
				lines = append(lines, line)
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// shown is what the workspace shows, in the same words.
func (p *plan) shown() (lines []string) {
	for _, l := range p.process.Workspace.Locations() {
		code := ""
		if l.Fault != nil {
			code = l.Fault.Code
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", l.Name, l.State, code))
	}
	for _, j := range p.process.Workspace.Jobs() {
		v := j.Metadata()
		line := fmt.Sprintf("  %s %x %s", j.Name, j.DefinitionDigest[:], v.State)
		switch v.State {
		case versioncheck.StateRefused:
			line += fmt.Sprintf(" %s, %d withheld", v.Refusal.Code, v.Refusal.Withheld)
		case versioncheck.StateUnavailable:
		default:
			line += fmt.Sprintf(" with %d", len(v.Entries))
		}
		if (v.Entries == nil) != (v.Refusal != nil) {
			line += fmt.Sprintf(", entries %v beside refusal %v", v.Entries, v.Refusal)
		}
		if err := j.Err(); err != nil {
			line += ", " + err.Error()
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}
