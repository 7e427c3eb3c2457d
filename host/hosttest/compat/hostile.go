package compat

import (
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

// hostilePeers break the contract, lie, or do not get to the end.
func hostilePeers() (peers []Peer) {
	current := declaring(versioncheck.Protocol)
	infos := map[hosttest.Trick]Want{
		hosttest.Hang:     faulty(failed, workspace.FaultNegotiation),
		hosttest.Garbage:  faulty(failed, workspace.FaultNegotiation),
		hosttest.Oversize: faulty(failed, workspace.FaultNegotiation),
		hosttest.Fail:     faulty(failed, workspace.FaultNegotiation),
		hosttest.Crash:    faulty(unavailable, workspace.FaultUnreachable),
	}
	for trick, want := range infos {
		peers = append(peers, Peer{Name: "server info: " + string(trick), Behavior: with(current, info(trick)), Want: want, Slow: slow(trick)})
	}
	negotiation, lie, large := faulty(failed, workspace.FaultNegotiation), faulty(failed, workspace.FaultDefinitions), faulty(failed, workspace.FaultTooLarge)
	for trick, want := range map[hosttest.Trick]Want{
		hosttest.Unimplemented:     faulty(failed, workspace.FaultNotUserCode),
		hosttest.Hang:              negotiation,
		hosttest.Garbage:           lie,
		hosttest.Oversize:          negotiation,
		hosttest.Fail:              negotiation,
		hosttest.HangAfterManifest: negotiation,
		hosttest.EndEarly:          negotiation,
		hosttest.Crash:             faulty(unavailable, workspace.FaultUnreachable),
		hosttest.FloodBodies:       large,
		hosttest.FloodFrames:       large,
		hosttest.FloodJobs:         large,
		hosttest.Bomb:              large,
		hosttest.Stall:             negotiation,
		hosttest.LieRoot:           lie,
		hosttest.LieClosing:        lie,
		hosttest.LieRepository:     lie,
		hosttest.LieBody:           lie,
		hosttest.LieCount:          lie,
		hosttest.LieUnchanged:      lie,
		hosttest.LieSame:           lie,
		hosttest.TwiceJob:          lie,
		hosttest.BadName:           lie,
		hosttest.ClosingTwice:      lie,
		hosttest.BodiesFirst:       lie,
		hosttest.BreakText:         lie,
		hosttest.ShortDigest:       lie,
		hosttest.SendUnwanted:      {State: ready},
		hosttest.NewFrames:         {State: ready},
		hosttest.EmptyOpening:      refused(versioncheck.CodeVersionNotReported),
		hosttest.OlderOpening:      refused(versioncheck.CodeContradictoryReport),
		hosttest.NewerMajorOpening: faulty(incompatible, string(versioncheck.CodeNewerMajor)),
	} {
		peers = append(peers, Peer{Name: "definitions: " + string(trick), Behavior: with(current, definitions(trick)), Want: want, Slow: slow(trick)})
	}
	return append(peers, Peer{
		Name: "drips", Behavior: with(current, func(b *hosttest.Behavior) { b.Drip = true }), Slow: true,
		Want: faulty(failed, workspace.FaultNegotiation),
	})
}

func slow(t hosttest.Trick) bool {
	return t == hosttest.Hang || t == hosttest.HangAfterManifest || t == hosttest.Stall
}
