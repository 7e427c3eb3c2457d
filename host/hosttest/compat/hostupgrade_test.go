package compat

import (
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// TestHostUpgrades stops a host and starts one of another protocol on its store and its address, upwards and downwards,
// while peers of all versions have a run under way and one that waits.
func TestHostUpgrades(t *testing.T) {
	t.Parallel() // as its subtests
	old, minimal, now, next := Numbers{0, 14, 17}, Numbers{0, 14, 18}, current(), Numbers{0, 16, 0}
	for _, c := range []struct{ from, to Numbers }{
		{old, now}, {now, old}, {minimal, next}, {next, minimal}, {now, next}, {next, now}, {old, minimal}, {minimal, old}, {now, now},
	} {
		t.Run(name(c.from.text(), " to ", c.to.text()), func(t *testing.T) {
			t.Parallel() // each has a store of its own
			moveHost(t, Model{Host: c.from}, Model{Host: c.to})
		})
	}
}

func (n Numbers) text() string {
	return name(n[0]) + "." + name(n[1]) + "." + name(n[2])
}

func moveHost(t *testing.T, from, to Model) {
	t.Helper()
	gate, directory, log := &Gate{}, t.TempDir(), &Log{}
	gate.Shut()
	defer gate.Open()
	var configs []host.LocationConfig
	var moves []*move
	for _, v := range versions() {
		m := &move{name: name("v", v.name), from: v, before: v.behavior("text")}
		m.before.Outlive, m.before.Work = true, gate.Pass
		m.peer = hosttest.StartAt(t, hosttest.OwnAddress(), m.before)
		moves, configs = append(moves, m), append(configs, host.LocationConfig{Name: m.name, Address: m.peer.Address()})
	}
	usable := 0
	for _, m := range moves {
		if from.Judge(m.from.report).Incompatible == "" {
			usable++
		}
	}
	options := Options{Directory: directory, Clock: clock{}, Locations: configs, Protocol: from.Host.text(), MaxInProgress: usable, Log: log}
	h := Start(t, options)
	for _, m := range moves {
		want := from.Judge(m.from.report)
		answersAs(t, h, m.name, m.peer, want)
		shownAs(t, h, m.name, m.before, want)
		if want.Incompatible == "" {
			m.running = submit(t, h, m.name+"/tutorial/"+JobEverything)
		}
	}
	for _, m := range moves {
		if m.running != "" {
			if err := h.Begun(patience(t), string(m.running)); err != nil {
				t.Fatal(err)
			}
			m.queued = submit(t, h, m.name+"/warehouse/"+JobSmall)
		}
	}
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}

	options.Address, options.Protocol = h.Address, to.Host.text()
	h = Start(t, options)
	gate.Open()
	for _, m := range moves {
		want := to.Judge(m.from.report)
		answersAs(t, h, m.name, m.peer, want)
		shownAs(t, h, m.name, m.before, want)
		if m.running == "" {
			continue
		}
		becomes(t, h, m.name+" the run under way", m.running, host.Success)
		granted(t, m.name+" the run under way", m.peer, m.running, 1, m.before.Protocol)
		if want.Incompatible == "" {
			becomes(t, h, m.name+" the queued run", m.queued, host.Success)
			granted(t, m.name+" the queued run", m.peer, m.queued, 1, m.before.Protocol)
		} else {
			becomes(t, h, m.name+" the queued run", m.queued, host.WaitingForCode)
		}
		m.asOfLaunch(t, h, from.Judge(m.from.report), want)
	}
}

// asOfLaunch checks a run's metadata, which was taken or refused by one host and is read by another: what that one
// refuses is refused; what only the first refused cannot be had any more, and must not look as if there were none.
func (m *move) asOfLaunch(t *testing.T, h *Process, was, is Verdict) {
	t.Helper()
	snapshot, err := h.Snapshot(patience(t), string(m.running))
	if err != nil {
		t.Fatal(err)
	}
	view := snapshot.GetMetadata()
	want := hostv1.FeatureState_FEATURE_STATE_SHOWN
	switch {
	case is.Refused != "":
		want = hostv1.FeatureState_FEATURE_STATE_REFUSED
		if got := view.GetRefusal().GetCode(); got != is.Refused {
			t.Errorf("%s: as of launch the metadata is refused with %q, want %q", m.name, got, is.Refused)
		}
	case was.Refused != "":
		want = hostv1.FeatureState_FEATURE_STATE_UNAVAILABLE
	}
	if view.GetState() != want || (view.GetShown() != nil) != (want == hostv1.FeatureState_FEATURE_STATE_SHOWN) {
		t.Errorf("%s: as of launch the metadata is %s, want %s", m.name, view.GetState(), want)
	}
}
