package workspace

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// load exchanges definitions with the server that answered, and puts them into use.
func (l *location) load(ctx context.Context, a *answer) *fault {
	r := a.report
	mine := l.places.take(ctx)
	defer l.places.give(mine)
	started := l.clock.Now()
	prior := l.definitions
	if prior != nil && (prior.lacking || !l.judgesSame(r)) {
		prior = nil // what may be had now may be more than what the host has
	}
	d, f := l.exchange(ctx, a.conn, r, prior)
	if ctx.Err() != nil {
		return f
	}
	took := l.clock.Now().Sub(started)
	l.metrics.loaded(l.name, took, f)
	if f != nil {
		return f
	}
	if d.report.key != r.key {
		// Another process sent the definitions than answered before. They count
		// when its report is the active one.
		l.news = true
		if l.see(d.report, l.clock.Now(), false); l.reports.active != d.report.key {
			l.recover()
			return nil
		}
	}
	if l.state == host.LocationReady && l.fault == nil && l.definitions == d {
		return nil // all is as before
	}
	if l.definitions == nil || l.definitions.root != d.root || l.definitions.allowed() != d.allowed() {
		l.logger.Info("definitions loaded", "location", l.name, "repositories", len(d.repositories), "jobs", len(d.jobs),
			"digest", d.root.String(), "took", took)
	}
	l.use(d)
	return nil
}

// exchange makes one exchange, or two if the gate opened meanwhile. prior is
// what the host has, nil to ask for everything.
func (l *location) exchange(ctx context.Context, conn *connection, r report, prior *definitions) (*definitions, *fault) {
	o, x, err := l.stream(ctx, conn, r, prior)
	if errors.Is(err, errReopen) {
		prior = nil
		o, x, err = l.stream(ctx, conn, r, prior)
	}
	if err != nil {
		var f *fault
		if !errors.As(err, &f) {
			f = negotiationFault(false, sameRemedy, "%s: %v", l.config.Address, err)
		}
		return nil, f
	}
	if x.discarded > 0 {
		l.logger.Warn("the server sent bodies that were not asked for; they were dropped", "location", l.name, "bodies", x.discarded)
	}
	judged, err := l.reportWith(r, o.opening)
	if err != nil {
		return nil, negotiationFault(false, sameRemedy, "%s sent a report that cannot be kept.", l.config.Address)
	}
	if prior != nil && o.same && prior.report.same(judged) && prior.policy == l.policy() {
		return prior, nil
	}
	loadedAt := l.clock.Now()
	if l.definitions != nil && l.definitions.root == o.root {
		loadedAt = l.definitions.loadedAt
	}
	return l.define(judged, o.root, assemble(o, l.definitions), loadedAt), nil
}

// stream runs one GetDefinitions stream.
func (l *location) stream(ctx context.Context, conn *connection, r report, prior *definitions) (*outcome, *exchange, error) {
	const what = "GetDefinitions"
	ctx, d := withDeadline(ctx, l.clock, what, callDeadline, exchangeDeadline)
	defer d.stop()
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{StreamName: what, ServerStreams: true, ClientStreams: true},
		usercodev1.UserCodeService_GetDefinitions_FullMethodName, grpc.ForceCodecV2(frameCodec{}))
	if err != nil {
		return nil, nil, faultOf(ctx, err, l.config, conn, what)
	}
	x := &exchange{
		turns:    grpcTurns{s},
		progress: func(what string) { d.next(what, frameDeadline) },
		gate: func(opening *usercodev1.ServerInfo) (bool, *fault) {
			judged, err := l.reportWith(r, opening)
			if err != nil {
				return false, negotiationFault(false, sameRemedy, "%s sent a report that cannot be kept.", l.config.Address)
			}
			if c := versioncheck.DecideLocation(judged.judged(), l.host); !c.Compatible {
				return false, incompatibleFault(c)
			}
			return l.decide(judged).State == versioncheck.StateShown, nil
		},
		names: l.config.Address,
		held:  l.definitions,
	}
	o, err := x.run(l.hostInfo, prior)
	if err != nil && !errors.Is(err, errReopen) {
		return nil, x, faultOf(ctx, err, l.config, conn, what)
	}
	return o, x, err
}

// reportWith is the report that definitions are judged by: the one that came
// with them, unless the server did not answer GetServerInfo with one. Then it
// has not reported, whatever else it says.
func (l *location) reportWith(asked report, opening *usercodev1.ServerInfo) (report, error) {
	if asked.info == nil {
		return report{}, nil
	}
	return newReport(opening)
}

// decide is the gate's answer for job metadata.
func (l *location) decide(r report) versioncheck.Decision {
	return versioncheck.Decide(versioncheck.JobMetadata, r.judged(), l.host, l.policy())
}

// define makes definitions that are judged by r.
func (l *location) define(r report, root host.Digest, repositories []*repository, loadedAt time.Time) *definitions {
	return newDefinitions(definitions{
		location: l, report: r, policy: l.policy(), decision: l.decide(r),
		root: root, repositories: repositories, loadedAt: loadedAt,
	})
}

// refresh takes note of a server with the active report, whose definitions are
// those in use. Another process of the same build changes nothing.
func (l *location) refresh(r report) {
	d := l.definitions
	if r.build != d.report.build && r.build == l.builds.active {
		d = l.define(r, d.root, d.repositories, d.loadedAt)
	} else if l.state == host.LocationReady {
		return
	}
	l.use(d)
}

// restore puts definitions into use that were kept from an earlier time, and
// were then sent by a server that answered last at answeredAt. Only before the
// location is run: until its first answer it goes on to be LOADING.
func (l *location) restore(d *definitions, answeredAt time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.definitions, l.reported, l.answeredAt = d, &d.report, answeredAt
}

// grpcTurns is an exchange over gRPC.
type grpcTurns struct{ stream grpc.ClientStream }

func (t grpcTurns) Send(m *usercodev1.GetDefinitionsRequest) error {
	err := t.stream.SendMsg(m)
	if errors.Is(err, io.EOF) {
		// The stream has ended; why is in what would be received.
		var ignored frame
		if cause := t.stream.RecvMsg(&ignored); cause != nil {
			return cause
		}
	}
	return err
}

func (t grpcTurns) Recv() (f frame, err error) {
	err = t.stream.RecvMsg(&f)
	return f, err
}

func (t grpcTurns) CloseSend() error { return t.stream.CloseSend() }
