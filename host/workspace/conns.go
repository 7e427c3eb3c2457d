package workspace

import (
	"context"
	"fmt"
	"sync"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Conn is a connection to a server process of a location, for starting and
// ending workers. Release it; it outlives a replacement until then.
type Conn struct {
	Client usercodev1.UserCodeServiceClient
	// ServerID is the server process that answers over it; empty when it does not say.
	ServerID string
	// InUse tells that its report is that of the definitions in use.
	InUse bool
	// Draining tells that it starts nothing any more.
	Draining bool

	connection *connection
	report     report
	once       sync.Once
}

// Release lets the connection go. It may be called twice.
func (c *Conn) Release() { c.once.Do(c.connection.release) }

// Conns are connections to the server processes of a location that are known
// and that this host can work with, best first: those with the report in use
// before others, draining ones after others of their kind, the newest answer
// first. Release each. NotFound, or Unavailable with the location's fault when
// there are none.
func (w *Workspace) Conns(name string) ([]*Conn, error) {
	l, err := w.location(name)
	if err != nil {
		return nil, err
	}
	return l.conns()
}

func (l *location) conns() ([]*Conn, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var all []*Conn
	for _, r := range l.best() {
		if r.conn == nil || !r.conn.alive() || !versioncheck.DecideLocation(r.report.judged(), l.host).Compatible {
			continue
		}
		r.conn.hold()
		all = append(all, l.conn(r.conn, r.report))
	}
	if len(all) == 0 {
		return nil, l.unavailable()
	}
	return all, nil
}

// conn wraps a connection over which r was reported. mu must be held.
func (l *location) conn(c *connection, r report) *Conn {
	return &Conn{Client: c.client, ServerID: r.info.GetServerId(), InUse: l.inUse(r), Draining: r.info.GetDraining(), connection: c, report: r}
}

// Dial makes a new connection to the location and learns who answers: behind a
// balancer it may be a server that Conns does not know yet. Where the address
// stands for several, try picks one of them in turn. Release it. NotFound, or
// Unavailable when nobody answers within ctx and the deadline of such calls, or
// one that this host cannot work with.
func (w *Workspace) Dial(ctx context.Context, name string, try int) (*Conn, error) {
	l, err := w.location(name)
	if err != nil {
		return nil, err
	}
	l.mu.RLock()
	cfg, addresses, era := l.config, l.addresses, l.era
	l.mu.RUnlock()
	address := cfg.Address
	if len(addresses) > 0 {
		address = addresses[try%len(addresses)]
	}
	if !mayDial(cfg) {
		return nil, dialError(name, insecureFault(cfg).message)
	}
	c, err := dial(cfg, address, l.userAgent, w.o.Clock.Now())
	if err != nil {
		return nil, dialError(name, err.Error())
	}
	ctx, d := withDeadline(ctx, w.o.Clock, "GetServerInfo", callDeadline, 0)
	defer d.stop()
	reply, err := c.client.GetServerInfo(ctx, &usercodev1.GetServerInfoRequest{Host: l.hostInfo})
	if err != nil {
		f := faultOf(ctx, err, cfg, c, "GetServerInfo")
		c.release()
		return nil, dialError(name, f.message)
	}
	r, err := newReport(reply.GetServer())
	if compatible := versioncheck.DecideLocation(r.judged(), l.host); err != nil || !compatible.Compatible {
		c.release()
		return nil, dialError(name, compatible.Message)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.era != era {
		c.release()
		return nil, dialError(name, "the location was configured anew meanwhile")
	}
	l.introduce(answer{conn: c, report: r, lingering: true, era: era})
	return l.conn(c, r), nil
}

// introduce hands over somebody whom not the location's goroutine met. mu must be held.
func (l *location) introduce(a answer) {
	a.conn.hold()
	select {
	case l.met <- a:
	default: // many are met at once; they are found again
		a.conn.release()
	}
}

// greet takes in those that others met over a connection of their own, unless
// what they know of the location is history.
func (l *location) greet() {
	for {
		select {
		case a := <-l.met:
			if a.era == l.era {
				l.meet(&a)
				l.news = true
			}
			a.conn.release()
		default:
			return
		}
	}
}

func dialError(name, why string) error {
	return &host.Error{Code: host.Unavailable, Reason: FaultUnreachable, Message: fmt.Sprintf("a new connection to code location %s cannot be used: %s", name, why)}
}
