package compat

import (
	"fmt"

	"github.com/penstock-run/penstock/host/hosttest"
)

// replicas are two processes behind one address, of which now is the build that counts: the one seen last for the first
// time, while it is there.
type replicas struct {
	balancer *hosttest.Balancer
	peers    [2]*hosttest.Peer
	builds   [2]deployed
	// active is the one of the two that has the build that counts; both when they are the same.
	active int
	mixed  bool
}

// newReplicas is a location of two replicas of one build.
func (p *plan) newReplicas(name string) *planned {
	p.t.Helper()
	r := &replicas{}
	d := p.unique()
	for i := range r.peers {
		r.peers[i], r.builds[i] = hosttest.StartAt(p.t, hosttest.OwnAddress(), d.behavior), d
	}
	r.balancer = hosttest.StartBalancer(p.t, r.peers[0], r.peers[1])
	p.notef("%s is two replicas of %+v", name, d.report)
	return &planned{name: name, up: true, now: d, replicas: r}
}

// unique is a build with a report that was never seen: what a server does not report cannot be told from the build before.
func (p *plan) unique() deployed {
	d := p.deploy()
	for d.report.Silent {
		d = p.deploy()
	}
	p.builds++
	for _, r := range d.repositories {
		for _, j := range r.Jobs {
			j.Definition.Description += fmt.Sprintf("\n\nBuild %d.", p.builds)
		}
	}
	return d
}

// roll does one step of a deploy.
func (p *plan) roll(l *planned) {
	p.t.Helper()
	r := l.replicas
	switch {
	case !r.mixed || p.chance.IntN(3) == 0: // another build comes, in place of one of the two
		i := p.chance.IntN(2)
		l.now = p.unique()
		p.replace(l, i, l.now)
		r.active, r.mixed = i, true
	case p.chance.IntN(2) == 0:
		p.notef("%s: the deploy is finished", l.name)
		p.replace(l, 1-r.active, l.now)
		r.mixed = false
	default:
		p.notef("%s: the deploy is taken back", l.name)
		l.now = r.builds[1-r.active]
		p.replace(l, r.active, l.now)
		r.mixed = false
	}
	p.look(l)
}

// look lets the host see both replicas now; by itself it looks for others within half a minute.
func (p *plan) look(l *planned) {
	p.t.Helper()
	for range l.replicas.peers {
		if _, err := p.process.Workspace.Reload(patience(p.t), l.name); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *plan) replace(l *planned, i int, d deployed) {
	p.t.Helper()
	p.notef("%s: replica %d becomes %+v with %d repositories", l.name, i, d.report, len(d.repositories))
	if err := l.replicas.peers[i].Become(d.behavior); err != nil {
		p.t.Fatal(err)
	}
	l.replicas.builds[i] = d
}
