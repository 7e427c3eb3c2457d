package launch

import (
	"crypto/sha256"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// described is a current server whose job plain has a description of its own,
// and so a digest.
func described(text string) hosttest.Behavior { return behavior(plainJob(text)) }

func plainJob(text string) *usercodev1.JobDefinition {
	plain := hosttest.OneOp("plain")
	plain.Description = text
	return plain
}

func plainDigest(t *testing.T, text string) host.Digest {
	t.Helper()
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(plainJob(text))
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(body)
}

// meetAll reloads until every peer is known.
func meetAll(t *testing.T, w *workspace.Workspace, peers ...*hosttest.Peer) {
	t.Helper()
	for range 50 {
		l, err := w.Reload(deadline(t), "etl")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(peers, func(p *hosttest.Peer) bool {
			return !slices.ContainsFunc(l.Replicas, func(r workspace.Replica) bool { return r.Server.GetServerId() == p.ServerID() })
		}) {
			return
		}
	}
	t.Fatal("not all servers are met")
}

// replicated is a workspace at rest over peers behind a balancer.
func replicated(t *testing.T, peers ...*hosttest.Peer) (*workspace.Workspace, *hosttest.Balancer) {
	t.Helper()
	balancer := hosttest.StartBalancer(t, peers...)
	w, err := workspace.New(workspace.Options{
		Locations: []host.LocationConfig{{Name: "etl", Address: balancer.Address()}}, Clock: systemClock{}, ProbeInterval: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	meetAll(t, w, peers...)
	return w, balancer
}

// startOf asks for a worker of the job plain with that description.
func startOf(t *testing.T, text string) host.StartRequest {
	t.Helper()
	return host.StartRequest{
		Run: "0192a3b4-0000-7000-8000-000000000000", Attempt: 1, Token: secret, Lease: time.Minute,
		Job: host.JobName{Location: "etl", Repository: "tutorial", Job: "plain"}, Definition: plainDigest(t, text),
	}
}

func TestStartFindsTheReplicaWithTheJob(t *testing.T) {
	old, recent := hosttest.Start(t, described("old")), hosttest.Start(t, described("new"))
	w, balancer := replicated(t, old, recent)
	l := NewLocal(w, nobody)
	for text, p := range map[string]*hosttest.Peer{"old": old, "new": recent} {
		r := startOf(t, text)
		r.Run = host.RunID("of-" + p.ServerID())
		out, err := l.Start(deadline(t), r)
		if err != nil || out.Refusal != nil || out.ServerID != p.ServerID() {
			t.Fatalf("got %+v, %v", out, err)
		}
		// Nobody else is asked about it, also when a new connection would lead elsewhere.
		balancer.Remove(p.Address())
		state, err := l.Attempt(deadline(t), "etl", r.Run, 1)
		if err != nil || state.Phase == host.WorkerUnknown || state.ServerID != p.ServerID() {
			t.Errorf("attempt: got %+v, %v", state, err)
		}
		if state, err = l.Cancel(deadline(t), "etl", r.Run, 1, 0, true); err != nil || state.Phase != host.WorkerEnded || state.ServerID != p.ServerID() {
			t.Errorf("cancel: got %+v, %v", state, err)
		}
		balancer.Add(p.Address())
	}
	// Another launcher, as after a restart of the host, finds it out.
	state, err := NewLocal(w, nobody).Attempt(deadline(t), "etl", host.RunID("of-"+old.ServerID()), 1)
	if err != nil || state.Phase != host.WorkerEnded || state.ServerID != old.ServerID() {
		t.Errorf("attempt: got %+v, %v", state, err)
	}
}

func TestStartLooksForAServerThatIsNotKnown(t *testing.T) {
	w, balancer := replicated(t, hosttest.Start(t, described("a")), hosttest.Start(t, described("b")))
	unknown := hosttest.Start(t, described("c"))
	balancer.Add(unknown.Address())
	l := NewLocal(w, nobody)
	r := startOf(t, "c")
	out, err := l.Start(deadline(t), r)
	if err != nil || out.Refusal != nil || out.ServerID != unknown.ServerID() {
		t.Fatalf("got %+v, %v", out, err)
	}
	balancer.Remove(unknown.Address())
	meetAll(t, w, unknown) // it is known since
	if state, err := l.Attempt(deadline(t), "etl", r.Run, 1); err != nil || state.ServerID != unknown.ServerID() {
		t.Errorf("got %+v, %v", state, err)
	}
}

func TestMostTellingRefusal(t *testing.T) {
	drains := described("a")
	drains.Draining = true
	full := described("b")
	full.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
		return &usercodev1.StartRefusal{Reason: usercodev1.StartRefusalReason_START_REFUSAL_REASON_OVERLOADED, Message: "full"}
	}
	without, changed := behavior(hosttest.OneOp("other")), described("c")
	peers := map[string]*hosttest.Peer{}
	for name, b := range map[string]hosttest.Behavior{"drains": drains, "full": full, "without": without, "changed": changed} {
		peers[name] = hosttest.Start(t, b)
	}
	for _, c := range []struct {
		among []string
		want  string
		says  string
	}{
		{[]string{"drains"}, "DRAINING", "stopping"},
		{[]string{"drains", "without"}, "DRAINING", "none of 2 servers"},
		{[]string{"without", "full", "drains"}, "OVERLOADED", "none of 3 servers"},
		{[]string{"full", "changed", "without", "drains"}, "DEFINITION_CHANGED", "none of 4 servers"},
	} {
		t.Run(strings.Join(c.among, "+"), func(t *testing.T) {
			var among []*hosttest.Peer
			for _, name := range c.among {
				among = append(among, peers[name])
			}
			w, _ := replicated(t, among...)
			r := startOf(t, "a")
			out, err := NewLocal(w, nobody).Start(deadline(t), r)
			if err != nil || out.Refusal == nil || out.Refusal.Reason != c.want || !strings.Contains(out.Refusal.Message, c.says) {
				t.Fatalf("got %+v, %v", out.Refusal, err)
			}
			if c.want == "DEFINITION_CHANGED" && out.Refusal.Definition != plainDigest(t, "c") {
				t.Error("the refusal does not say which definition there is")
			}
		})
	}
	if n := len(peers["drains"].Recorded().Starts); n != 0 {
		t.Errorf("a server that drains was asked %d times", n)
	}
}

// What keeps one server from starting anything need not keep the next one, and
// ends no run that another one may start later.
func TestTroubleOfOneServerIsNotThatOfAll(t *testing.T) {
	refusing := func(reason usercodev1.StartRefusalReason) *hosttest.Peer {
		b := described("a")
		b.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
			return &usercodev1.StartRefusal{Reason: reason}
		}
		return hosttest.Start(t, b)
	}
	cutOff := refusing(usercodev1.StartRefusalReason_START_REFUSAL_REASON_HOST_UNREACHABLE)
	stuck := refusing(usercodev1.StartRefusalReason_START_REFUSAL_REASON_SPAWN_FAILED)
	full := refusing(usercodev1.StartRefusalReason_START_REFUSAL_REASON_OVERLOADED)
	well := hosttest.Start(t, described("a"))
	for _, c := range []struct {
		name  string
		among []*hosttest.Peer
		want  string // of the refusal; empty: it starts
	}{
		{"AnotherIsWell", []*hosttest.Peer{cutOff, stuck, well}, ""},
		{"AnotherIsFull", []*hosttest.Peer{cutOff, full, stuck}, "OVERLOADED"},
		{"NoneCan", []*hosttest.Peer{stuck, cutOff}, "HOST_UNREACHABLE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := replicated(t, c.among...)
			r := startOf(t, "a")
			r.Run = host.RunID(c.name)
			out, err := NewLocal(w, nobody).Start(deadline(t), r)
			switch {
			case err != nil:
				t.Fatal(err)
			case c.want == "" && (out.Refusal != nil || out.ServerID != well.ServerID()):
				t.Errorf("got %+v, want it to be started by the server that can", out)
			case c.want != "" && (out.Refusal == nil || out.Refusal.Reason != c.want):
				t.Errorf("got %+v, want it to be refused: %s", out.Refusal, c.want)
			}
		})
	}
}

// Two servers have a worker of one attempt, as when a proxy repeats a start. The
// one that lives may have the grant.
func TestWorkerThatLivesCountsBeforeOneThatEnded(t *testing.T) {
	one, other := hosttest.Start(t, described("a")), hosttest.Start(t, described("a"))
	w, _ := replicated(t, one, other)
	r := startOf(t, "a")
	silent, err := net.Listen("tcp", "127.0.0.1:0") // workers wait for its answer
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	conns, err := w.Conns("etl")
	if err != nil || len(conns) != 2 {
		t.Fatalf("got %d connections, %v", len(conns), err)
	}
	defer releaseAll(conns)
	for _, c := range conns {
		if _, err := c.Client.StartRun(deadline(t), &usercodev1.StartRunRequest{
			RunId: string(r.Run), Attempt: 1, HostAddress: "http://" + silent.Addr().String(), Token: secret,
			Repository: "tutorial", Job: "plain", DefinitionDigest: r.Definition[:],
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conns[0].Client.CancelRun(deadline(t), &usercodev1.CancelRunRequest{RunId: string(r.Run), Attempt: 1, Force: true}); err != nil {
		t.Fatal(err)
	}
	state, err := NewLocal(w, nobody).Attempt(deadline(t), "etl", r.Run, 1)
	if err != nil || state.ServerID != conns[1].ServerID || state.Phase == host.WorkerEnded {
		t.Errorf("got %+v, %v; want the worker that lives", state, err)
	}
}

// A refusal that this host does not know is about the start itself, and no matter of another server.
func TestFinalRefusalIsTheAnswer(t *testing.T) {
	b := described("a")
	b.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
		return &usercodev1.StartRefusal{Reason: 99}
	}
	one, other := hosttest.Start(t, b), hosttest.Start(t, b)
	w, _ := replicated(t, one, other)
	out, err := NewLocal(w, nobody).Start(deadline(t), startOf(t, "a"))
	if err != nil || out.Refusal == nil || out.Refusal.Reason != "REFUSED" {
		t.Fatalf("got %+v, %v", out.Refusal, err)
	}
	if n := len(one.Recorded().Starts) + len(other.Recorded().Starts); n != 1 {
		t.Errorf("%d servers were asked", n)
	}
}

// A server that ends while it is asked may have started a worker: no other one
// is asked, and none can tell.
func TestUnknownOutcomeIsNotTriedElsewhere(t *testing.T) {
	asked := make(chan string, 4)
	ends := func(name string, p **hosttest.Peer) hosttest.Behavior {
		b := described("same")
		b.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
			(*p).Stop()
			asked <- name
			return nil
		}
		return b
	}
	var one, other *hosttest.Peer
	one = hosttest.Start(t, ends("one", &one))
	other = hosttest.Start(t, ends("other", &other))
	w, _ := replicated(t, one, other)
	l := NewLocal(w, nobody)
	r := startOf(t, "same")
	out, err := l.Start(deadline(t), r)
	if err == nil {
		t.Fatalf("got %+v, want an unknown outcome", out)
	}
	<-asked // it has stopped
	if n := len(asked); n != 0 {
		t.Fatalf("%d more servers were asked", n)
	}
	if state, err := l.Attempt(deadline(t), "etl", r.Run, 1); err == nil && state.Phase == host.WorkerUnknown {
		t.Errorf("a server that was not asked says that there is no worker: %+v", state)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the error tells the token: %v", err)
	}
}

// TestRecalledServerAloneIsAsked has a launcher of a new host: of several servers only the one that accepted can tell.
func TestRecalledServerAloneIsAsked(t *testing.T) {
	one, other := hosttest.Start(t, described("same")), hosttest.Start(t, described("same"))
	w, balancer := replicated(t, one, other)
	r := startOf(t, "same")
	out, err := NewLocal(w, nobody).Start(deadline(t), r)
	if err != nil || out.Refusal != nil || !out.Among {
		t.Fatalf("got %+v, %v; want it accepted by one of several", out, err)
	}
	accepted, left := one, other
	if out.ServerID == other.ServerID() {
		accepted, left = other, one
	}
	recalled := func() *Local {
		l := NewLocal(w, nobody)
		l.Recall([]host.Run{
			{ID: r.Run, Attempt: 1, Status: host.Starting, Current: host.AttemptState{ServerID: out.ServerID}},
			{ID: "ended", Attempt: 1, Status: host.Success, Current: host.AttemptState{ServerID: left.ServerID()}},
			{ID: "queued", Status: host.Queued},
		})
		return l
	}
	if state, err := recalled().Attempt(deadline(t), "etl", r.Run, 1); err != nil || state.Phase == host.WorkerUnknown || state.ServerID != out.ServerID {
		t.Errorf("got %+v, %v; want what the server that accepted says", state, err)
	}
	// It is gone, and that the other one does not know of the worker says nothing.
	balancer.Remove(accepted.Address())
	accepted.Stop()
	meetAll(t, w, left)
	if state, err := recalled().Attempt(deadline(t), "etl", r.Run, 1); host.ReasonOf(err) != ReasonServerUnreachable {
		t.Errorf("got %+v, %v; want that it cannot be reached", state, err)
	}
}

// TestRecalledServerOfALocationWithOne has a location whose one server was replaced while the host was away.
func TestRecalledServerOfALocationWithOne(t *testing.T) {
	p := hosttest.Start(t, described("same"))
	l := NewLocal(openReady(t, p), nobody)
	r := startOf(t, "same")
	l.Recall([]host.Run{{ID: r.Run, Attempt: 1, Status: host.Started, Current: host.AttemptState{ServerID: "gone"}}})
	if state, err := l.Attempt(deadline(t), "etl", r.Run, 1); err != nil || state.Phase != host.WorkerUnknown {
		t.Errorf("got %+v, %v; want that nobody has a worker", state, err)
	}
	if out, err := l.Start(deadline(t), startOfRun(t, "same", "another")); err != nil || out.Among {
		t.Errorf("a start at the only server: got %+v, %v", out, err)
	}
}

// startOfRun is startOf for a run of that name.
func startOfRun(t *testing.T, text string, id host.RunID) host.StartRequest {
	t.Helper()
	r := startOf(t, text)
	r.Run = id
	return r
}
