package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/penstock-run/penstock/host"
)

const maxHeader = 64 << 10

// contentPolicy lets the UI load what the host itself serves and nothing else. Styles may be inline, for its
// components set them so; scripts may not.
const contentPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"style-src 'self' 'unsafe-inline'; font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'"

// secure is what every request goes through before anything else looks at it.
func (s *Server) secure(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		deny(w, r, connect.CodePermissionDenied, http.StatusForbidden, &host.Error{
			Reason:  "CROSS_ORIGIN",
			Message: "a page of another origin may not change anything here",
			Remedy:  "open the UI at the address that the host answers at",
		})
	}))
	next = crossOrigin.Handler(s.authenticate(next))
	// Outermost, for what is refused unread is read to its end as well.
	return limitBody(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if !s.hosts.allow(r.Host) {
			deny(w, r, connect.CodePermissionDenied, http.StatusMisdirectedRequest, &host.Error{
				Reason:  "HOST_NOT_ALLOWED",
				Message: "this host does not answer to the name in the request's Host header",
				Remedy:  "use an address that it listens on or advertises, or start it with --allow-host NAME",
			})
			return
		}
		next.ServeHTTP(w, r)
	}), bodyWithin)
}

// deny answers a request that is not let in, in the form that its client reads.
func deny(w http.ResponseWriter, r *http.Request, code connect.Code, status int, e *host.Error) {
	if rpc := connecthttp.NewErrorWriter(); r.Method == http.MethodPost && rpc.IsSupported(r) {
		_ = rpc.Write(w, r, wireError(code, e)) // a client that is gone needs no answer
		return
	}
	http.Error(w, e.Message+"; "+e.Remedy, status)
}

// hostList are the names that the host answers to. A page that makes a browser resolve its own name to this host (DNS
// rebinding) comes with that name in the Host header, and fails here.
type hostList struct {
	names map[string]bool
	// anyIP is set when the host listens on all addresses of the machine. An address is safe: it cannot be rebound.
	anyIP bool
}

// newHostList allows loopback, the bound address, the advertised one and those in more; ports do not matter.
func newHostList(bound net.Addr, advertised string, more []string) hostList {
	l := hostList{names: map[string]bool{}}
	if ip, err := netip.ParseAddr(hostOf(bound.String())); err == nil && ip.IsUnspecified() {
		l.anyIP = true
	}
	if _, address, ok := strings.Cut(advertised, "://"); ok {
		advertised = address
	}
	for _, name := range append([]string{bound.String(), advertised}, more...) {
		l.names[hostOf(name)] = true
	}
	delete(l.names, "")
	return l
}

func (l hostList) allow(hostport string) bool {
	name := hostOf(hostport)
	if ip, err := netip.ParseAddr(name); err == nil && (ip.IsLoopback() || l.anyIP) {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || l.names[name]
}

// hostOf returns the host of "host:port" or "host", in one spelling.
func hostOf(hostport string) string {
	name := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
