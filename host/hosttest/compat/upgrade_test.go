package compat

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// move is a location whose peer becomes another in mid-run.
type move struct {
	name     string
	from, to version
	// deploy says that the jobs change, too.
	deploy bool
	before hosttest.Behavior
	after  hosttest.Behavior
	peer   *hosttest.Peer
	// running and queued are runs from before; empty when the peer was of no use then.
	running, queued host.RunID
}

// TestUpgrades moves a peer from every version to every other, with the same jobs and with other ones, while a run is
// under way and another one is queued. All moves happen in one host, at once.
func TestUpgrades(t *testing.T) {
	t.Parallel() // it waits a good part of the time
	model, gate := Model{Host: current()}, &Gate{}
	var moves []*move
	var configs []host.LocationConfig
	usable := 0
	for _, from := range versions() {
		for _, to := range versions() {
			for _, deploy := range []bool{false, true} {
				if deploy && (!from.matters || !to.matters) {
					continue // what differs is seen among those that matter
				}
				m := &move{name: name("from ", from.name, " to ", to.name), from: from, to: to, deploy: deploy}
				if deploy {
					m.name += "_deployed"
				}
				m.before, m.after = from.behavior("text"), to.behavior("text")
				if deploy {
					m.after.Repositories = Redeployed("text")
				}
				for _, b := range []*hosttest.Behavior{&m.before, &m.after} {
					b.Outlive, b.Work = true, gate.Pass
				}
				m.peer = hosttest.StartAt(t, hosttest.OwnAddress(), m.before)
				moves, configs = append(moves, m), append(configs, host.LocationConfig{Name: m.name, Address: m.peer.Address()})
				if model.Judge(from.report).Incompatible == "" {
					usable++
				}
			}
		}
	}
	h := Start(t, Options{
		Directory: t.TempDir(), Clock: clock{}, Locations: configs, ProbeInterval: 500 * time.Millisecond,
		MaxInProgress: usable, // so that each first run starts, and no second one
	})
	gate.Shut()
	defer gate.Open()
	for _, m := range moves {
		answersAs(t, h, m.name, m.peer, model.Judge(m.from.report))
		shownAs(t, h, m.name, m.before, model.Judge(m.from.report))
	}
	for _, second := range []bool{false, true} {
		for _, m := range moves {
			switch {
			case model.Judge(m.from.report).Incompatible != "":
			case second:
				m.queued = submit(t, h, m.name+"/tutorial/"+JobEverything)
			default:
				m.running = submit(t, h, m.name+"/tutorial/"+JobEverything)
			}
		}
		for _, m := range moves {
			if m.running != "" && !second {
				if err := h.Begun(patience(t), string(m.running)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}

	for _, m := range moves {
		if err := m.peer.Become(m.after); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range moves {
		want := model.Judge(m.to.report)
		answersAs(t, h, m.name, m.peer, want)
		shownAs(t, h, m.name, m.after, want)
		if m.running != "" {
			becomes(t, h, m.name+" the run under way", m.running, host.Started)
			becomes(t, h, m.name+" the queued run", m.queued, host.Queued)
		}
	}
	gate.Open()
	for _, m := range moves {
		if m.running != "" {
			m.ended(t, h, model)
		}
		if model.Judge(m.to.report).Incompatible == "" { // and what comes after is as ever
			becomes(t, h, m.name+" a run from afterwards", submit(t, h, m.name+"/warehouse/"+JobSmall), host.Success)
		}
	}
}

// ended checks what became of the runs from before.
func (m *move) ended(t *testing.T, h *Process, model Model) {
	t.Helper()
	was, is := model.Judge(m.from.report), model.Judge(m.to.report)
	becomes(t, h, m.name+" the run under way", m.running, host.Success)
	granted(t, m.name+" the run under way", m.peer, m.running, 1, m.before.Protocol)
	if is.Incompatible != "" {
		becomes(t, h, m.name+" the queued run", m.queued, host.WaitingForCode)
		granted(t, m.name+" the queued run", m.peer, m.queued, 0, "")
		return
	}
	run := becomes(t, h, m.name+" the queued run", m.queued, host.Success)
	granted(t, m.name+" the queued run", m.peer, m.queued, 1, m.after.Protocol)

	// It ran on the code of then, and keeps the job of its launch beside it.
	j, err := h.Workspace.FindJob(m.name + "/tutorial/" + JobEverything)
	if err != nil {
		t.Fatal(err)
	}
	if run.StartedFrom.Definition != j.DefinitionDigest {
		t.Errorf("%s: the queued run started from another job than there is", m.name)
	}
	changed := m.deploy || m.before.Future != m.after.Future // whose bodies have fields of their own
	if (run.Launched.Definition != run.StartedFrom.Definition) != changed {
		t.Errorf("%s: launched from %s, started from %s; the job changed: %t", m.name, run.Launched.Definition, run.StartedFrom.Definition, changed)
	}
	snapshot, err := h.Snapshot(patience(t), string(m.queued))
	if err != nil {
		t.Fatal(err)
	}
	wanted, _ := definitionOf(m.before.Repositories, "tutorial", JobEverything)
	if diff := difference(snapshot.GetDefinition(), launched(wanted)); diff != "" {
		t.Errorf("%s: as of launch the job is another: %s", m.name, diff)
	}
	view := snapshot.GetMetadata()
	if got := view.GetRefusal().GetCode(); got != was.Refused || (view.GetShown() != nil) != (was.Refused == "") {
		t.Errorf("%s: as of launch the metadata is %s %s, want code %q", m.name, view.GetState(), got, was.Refused)
	}
}
