package workspace

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/versioncheck"
)

// Codes of a location's fault. INCOMPATIBLE locations have those of package
// versioncheck instead.
const (
	// FaultUnreachable: nothing answers at the address.
	FaultUnreachable = string(versioncheck.CodeLocationUnreachable)
	// FaultNegotiation: the address accepted, but the first exchange timed out,
	// broke or exceeded a limit.
	FaultNegotiation = string(versioncheck.CodeNegotiationFailed)
	// FaultTLS: the two sides do not agree on TLS.
	FaultTLS = "TLS_FAILED"
	// FaultIdentity: the server proved to be another one than the location is pinned to.
	FaultIdentity = "IDENTITY_MISMATCH"
	// FaultClientCertificate: the server wants this host's certificate, and the location has none.
	FaultClientCertificate = "CLIENT_CERTIFICATE_REQUIRED"
	// FaultToken: the server does not accept this host's token.
	FaultToken = "TOKEN_REJECTED"
	// FaultNotUserCode: something else than a user-code server answers.
	FaultNotUserCode = "NOT_A_USERCODE_SERVER"
	// FaultDefinitions: the definitions contradict themselves or their digests.
	FaultDefinitions = "DEFINITIONS_INVALID"
	// FaultTooLarge: the definitions exceed a limit.
	FaultTooLarge = "DEFINITIONS_TOO_LARGE"
	// FaultInsecure: the configuration would send everything across a network in the clear.
	FaultInsecure = "INSECURE_LOCATION"
)

// fault is why a location cannot be used as it is now. It is an error.
type fault struct {
	code, message, remedy string
	// silent says that the server does not answer, rather than that its answer
	// is of no use: the last good definitions then count as the latest known.
	silent bool
	// incompatible says that the protocol versions cannot work together.
	incompatible bool
}

func (f *fault) Error() string { return f.message }

// rejected says that the definitions themselves are of no use; asking the same
// process again would answer the same.
func (f *fault) rejected() bool { return f.code == FaultDefinitions || f.code == FaultTooLarge }

// state is the location's state with this fault. known says that there are
// definitions from before.
func (f *fault) state(known bool) host.LocationState {
	switch {
	case f.incompatible:
		return host.LocationIncompatible
	case f.silent && known:
		return host.LocationStale
	case f.code == FaultUnreachable:
		return host.LocationUnavailable
	}
	return host.LocationError
}

func incompatibleFault(c versioncheck.Compatibility) *fault {
	return &fault{code: string(c.Code), message: c.Message, remedy: c.Remedy, incompatible: true}
}

func insecureFault(c host.LocationConfig) *fault {
	return &fault{
		code:    FaultInsecure,
		message: fmt.Sprintf("%s is not on this machine, and no TLS is configured for it; code, tags and the token would cross the network in the clear.", c.Address),
		remedy:  "Serve the user code with --tls-cert and --tls-key and configure tls for this location, or set insecure for it if the network is trusted.",
	}
}

// negotiationFault says that the exchange with a server that was reached failed.
func negotiationFault(silent bool, remedy, format string, args ...any) *fault {
	return &fault{code: FaultNegotiation, message: fmt.Sprintf(format, args...), remedy: remedy, silent: silent}
}

// faultOf explains why a call failed. what names the call in a sentence.
func faultOf(ctx context.Context, err error, c host.LocationConfig, conn *connection, what string) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	connected, dialErr, tlsErr := conn.seen()
	if late, ok := errors.AsType[*timeoutError](context.Cause(ctx)); ok {
		return timeoutFault(c, late, connected, tlsErr)
	}
	st, _ := status.FromError(err)
	if strings.HasPrefix(st.Message(), "unexpected HTTP status code") {
		return webFault(c, st.Code(), what)
	}
	switch st.Code() {
	case codes.Unavailable:
		switch {
		case tlsErr != nil:
			return tlsFault(c, tlsErr)
		case dialErr != nil:
			return dialFault(c, dialErr)
		}
		if strings.Contains(st.Message(), "HTTP/1") {
			return notUserCode(c) // gRPC recognised what a web server answers
		}
		return negotiationFault(true, brokenRemedy(c), "%s accepted the connection but broke it during %s.", c.Address, what)
	case codes.Unauthenticated, codes.PermissionDenied:
		return tokenFault(c)
	case codes.Unimplemented:
		return notUserCode(c)
	case codes.ResourceExhausted:
		// gRPC refuses a reply by its length, before reading it.
		if strings.Contains(st.Message(), "larger than max") {
			return negotiationFault(false, sameRemedy, "%s sent a larger reply than the limit for %s allows.", c.Address, what)
		}
	default:
	}
	return negotiationFault(false, "Look into the server's log; the location is tried again by itself.",
		"%s answered %s with %s: %s", c.Address, what, st.Code(), quoted(st.Message()))
}

const sameRemedy = "Check that the address is that of a Penstock user-code server, and that its SDK is intact."

// quoted is a peer's text in quotes, printable, cut at 160 characters.
func quoted(s string) string {
	const most = 160
	if q := strconv.QuoteToASCII(cut(s, most)); len(s) <= most && len(q) <= most {
		return q
	}
	q := `"`
	for _, r := range cut(s, most) {
		escaped := strconv.QuoteToASCII(string(r))
		escaped = escaped[1 : len(escaped)-1]
		if len(q)+len(escaped) > most-len(`"...`) {
			break
		}
		q += escaped
	}
	return q + `"...`
}

// quotedAll quotes the first few of a list.
func quotedAll(all []string) string {
	const most = 4
	var q []string
	for _, s := range all[:min(len(all), most)] {
		q = append(q, quoted(s))
	}
	text := strings.Join(q, ", ")
	if len(all) > most {
		text += fmt.Sprintf(" and %d more", len(all)-most)
	}
	return text
}

func notUserCode(c host.LocationConfig) *fault {
	return &fault{
		code:    FaultNotUserCode,
		message: c.Address + " answers, but it is not a Penstock user-code server.",
		remedy: "Check the address and the port; a user-code binary started with serve listens on 127.0.0.1:4266 by default " +
			"(a host, which listens on port 3000, is no code location).",
	}
}

// webFault explains an answer that is not gRPC's, which is all that a page, or a Penstock host, has for a call of ours.
func webFault(c host.LocationConfig, code codes.Code, what string) *fault {
	if code == codes.Unavailable { // 429, 502, 503, 504
		return negotiationFault(true, "Check that the user-code server behind it is up, and that it passes gRPC on.",
			"A proxy answers at %s, but it does not reach what is behind it: %s had no answer.", c.Address, what)
	}
	return notUserCode(c)
}

func tokenFault(c host.LocationConfig) *fault {
	f := &fault{code: FaultToken}
	if c.Token == "" {
		f.message = c.Address + " asks for a token, and none is configured for this location."
		f.remedy = "Configure for this location the token that the server was started with (--token-file or PENSTOCK_TOKEN)."
	} else {
		f.message = c.Address + " does not accept the token that is configured for this location."
		f.remedy = "Give the server (--token-file or PENSTOCK_TOKEN) and this location the same token."
	}
	return f
}

func brokenRemedy(c host.LocationConfig) string {
	if c.TLS == nil {
		return "Check that a Penstock user-code server listens there; if it serves with TLS, configure tls for this location."
	}
	return "Check that a Penstock user-code server listens there, and look into its log."
}

func timeoutFault(c host.LocationConfig, late *timeoutError, connected bool, tlsErr error) *fault {
	if !connected {
		return &fault{
			code: FaultUnreachable, silent: true,
			message: fmt.Sprintf("%s did not accept a connection within %s.", c.Address, late.after),
			remedy:  "Check that the server's machine is up, and that no firewall drops packets to this port.",
		}
	}
	if tlsErr != nil {
		return tlsFault(c, tlsErr)
	}
	return negotiationFault(true, "Check that a Penstock user-code server listens there and is not stuck; restarting it helps if it is.",
		"%s accepted the connection, but %s took longer than %s.", c.Address, late.what, late.after)
}

func dialFault(c host.LocationConfig, err error) *fault {
	f := &fault{code: FaultUnreachable, silent: true}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		f.message = fmt.Sprintf("The name in %s is not known here.", c.Address)
		f.remedy = "Check the spelling of the address, and that this machine's name server knows the name."
	case errors.As(err, &dns):
		f.message = fmt.Sprintf("The name in %s could not be looked up: the name server does not answer.", c.Address)
		f.remedy = "Check this machine's name server, or use an IP address."
	case errors.Is(err, syscall.ECONNREFUSED):
		f.message = c.Address + " refuses connections: nothing listens there."
		f.remedy = "Start the user-code server, or check the address and port."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		f.message = "There is no route to " + c.Address + "."
		f.remedy = "Check the address and this machine's network."
	default:
		f.message = c.Address + " cannot be reached: " + quoted(cause(err)) + "."
		f.remedy = "Check the address, and that the server's machine is up."
	}
	return f
}

// cause is an error without the ports of this end, which change each time.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}

func tlsFault(c host.LocationConfig, err error) *fault {
	f := &fault{code: FaultTLS, silent: true}
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var identity *identityError
	var client *clientCertificateError
	switch {
	case errors.As(err, &identity):
		f.code = FaultIdentity
		f.message = fmt.Sprintf("The server at %s is another one than this location is pinned to. It proved to be %s; wanted is %s.",
			c.Address, quotedAll(identity.answered), quotedAll(identity.wanted))
		f.remedy = "Check that the address leads to this location's own server. If its key was replaced on purpose, put the new identity into tls.identity."
	case errors.As(err, &client) && !client.shown:
		f.code = FaultClientCertificate
		f.message = c.Address + " asks for a certificate of this host, and this location has none to show."
		f.remedy = "Configure tls.cert_file and tls.key_file for this location: a certificate of an authority in the server's --client-ca."
	case errors.As(err, &client):
		f.message = c.Address + " does not accept the certificate that this host shows."
		if said := client.refusal(); said != "" {
			f.message = c.Address + " does not accept the certificate that this host shows: " + quoted(said) + "."
		}
		f.remedy = "Check that tls.cert_file is signed by an authority in the server's --client-ca, is for client authentication, and has not expired; the server's log says more."
	case errors.As(err, &authority):
		f.message = "The certificate of " + c.Address + " is not signed by an authority that this location trusts."
		f.remedy = "Configure in tls the certificate authority that signed the server's certificate."
	case errors.As(err, &name):
		f.message = "The certificate of " + c.Address + " is for another name: " + quoted(name.Error()) + "."
		f.remedy = "Dial the name that is in the certificate, set the server name in tls, or issue the certificate for this name."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.message = "The certificate of " + c.Address + " has expired or is not valid yet."
		f.remedy = "Renew the server's certificate, and check both machines' clocks."
	case errors.As(err, &record):
		f.message = c.Address + " does not speak TLS, which is configured for this location."
		f.remedy = "Start the server with --tls-cert and --tls-key, or remove tls from this location if the server is on this machine."
	default:
		f.message = "The TLS handshake with " + c.Address + " failed: " + quoted(cause(err)) + "."
		f.remedy = "Check the server's certificate, and that it serves with TLS 1.2 or newer."
	}
	return f
}
