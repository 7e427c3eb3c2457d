package workspace

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Resolver looks up names, as *net.Resolver does. All methods may be called concurrently.
type Resolver interface {
	// LookupNetIP returns the addresses of a name; network is "ip".
	LookupNetIP(ctx context.Context, network, name string) ([]netip.Addr, error)
}

// target is one address that a location's configured one stands for. Of the
// location's goroutine, but for what ask says.
type target struct {
	ip      netip.Addr // not valid when nothing had to be looked up
	address string
	// conn is the last connection made to it, held; nil when it broke.
	conn *connection
	// freshAt is when conn was made; head is how much older the first one counts.
	freshAt time.Time
	head    time.Duration
	// fault is why no new connection could be made the last time; until notBefore none is tried while others answer.
	fault     *fault
	notBefore time.Time
}

// lose lets the connection go.
func (t *target) lose() {
	if t.conn != nil {
		t.conn.release()
		t.conn = nil
	}
}

// resolve brings the targets up to date: what the configured name stands for
// now, or the address itself. When the name server fails, those from before stay.
func (l *location) resolve(ctx context.Context) *fault {
	name, port, err := net.SplitHostPort(l.config.Address)
	if err != nil {
		return dialFault(l.config, err)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		if len(l.targets) == 0 {
			l.targets = []*target{{address: l.config.Address, head: l.head}}
		}
		return nil
	}
	ctx, d := withDeadline(ctx, l.clock, "looking up its name", callDeadline, 0)
	defer d.stop()
	ips, err := l.resolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return dialFault(l.config, err)
	}
	if len(ips) == 0 {
		return dialFault(l.config, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true})
	}
	l.targetsAre(ips, port)
	return nil
}

// targetsAre replaces the targets. Those that stay keep what they have.
func (l *location) targetsAre(ips []netip.Addr, port string) {
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	if !slices.ContainsFunc(ips, func(ip netip.Addr) bool { return ip.Is4() == l.by4 }) || len(l.targets) == 0 {
		l.by4 = ips[0].Is4()
	}
	// The family in use comes first: it is not to fall victim to the limit.
	slices.SortFunc(ips, func(a, b netip.Addr) int {
		if a.Is4() != b.Is4() {
			if a.Is4() == l.by4 {
				return -1
			}
			return 1
		}
		return a.Compare(b)
	})
	ips = slices.Compact(ips)
	before := l.targets
	l.targets = nil
	for _, ip := range ips[:min(len(ips), maxAddresses)] {
		i := slices.IndexFunc(before, func(t *target) bool { return t.ip == ip })
		if i >= 0 {
			l.targets = append(l.targets, before[i])
			before = slices.Delete(before, i, i+1)
			continue
		}
		l.targets = append(l.targets, &target{ip: ip, address: net.JoinHostPort(ip.String(), port), head: l.head})
	}
	for _, t := range before {
		t.lose()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	first, _ := l.preferred()
	l.addresses = nil
	for _, t := range first {
		l.addresses = append(l.addresses, t.address)
	}
}

// preferred are the targets to ask first: those of one address family, since
// both of a name usually lead to the same servers, and one often to nothing.
func (l *location) preferred() (first, rest []*target) {
	if len(l.targets) == 1 {
		return l.targets, nil
	}
	for _, t := range l.targets {
		if !t.ip.IsValid() || t.ip.Is4() == l.by4 {
			first = append(first, t)
		} else {
			rest = append(rest, t)
		}
	}
	return first, rest
}
