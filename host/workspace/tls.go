package workspace

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync/atomic"

	"google.golang.org/grpc/credentials"

	"github.com/penstock-run/penstock/host"
)

// tlsConfig is how to dial a location that was checked when it was configured.
// asked is called when the server asks for this host's certificate, which it
// does once its own was accepted.
func tlsConfig(cfg host.LocationConfig, asked func()) *tls.Config {
	t := cfg.TLS
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if c.ServerName == "" {
		c.ServerName, _, _ = net.SplitHostPort(cfg.Address) // checked before
	}
	if len(t.CAPEM) > 0 {
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AppendCertsFromPEM(t.CAPEM)
	}
	if len(t.Identity) > 0 {
		c.VerifyConnection = func(s tls.ConnectionState) error { return verifyIdentity(s.PeerCertificates[0], t.Identity) }
	}
	var shown tls.Certificate // an empty one says that there is none
	if len(t.CertPEM) > 0 {
		shown, _ = tls.X509KeyPair(t.CertPEM, t.KeyPEM) // checked before
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked()
		return &shown, nil
	}
	return c
}

// clientCertificateError says that the server asked for this host's
// certificate and then broke the connection.
type clientCertificateError struct {
	// shown says that the location has a certificate to show.
	shown bool
	err   error
}

func (e *clientCertificateError) Error() string { return e.err.Error() }
func (e *clientCertificateError) Unwrap() error { return e.err }

// refusal is what the server said when it broke the connection; empty when it
// said nothing, or nothing arrived.
func (e *clientCertificateError) refusal() string {
	if op, ok := errors.AsType[*net.OpError](e.err); ok && op.Op == "remote error" {
		return op.Err.Error()
	}
	return ""
}

// witness notes why a TLS handshake failed.
type witness struct {
	credentials.TransportCredentials
	c *connection
}

// ClientHandshake is that of the credentials.
func (w *witness) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	w.c.asked.Store(false)
	conn, info, err := w.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		w.c.tlsFailed(err)
		return conn, info, err
	}
	w.c.tlsFailed(nil)
	return &watchedConn{Conn: conn, c: w.c}, info, nil
}

// Clone is another witness for the same connection.
func (w *witness) Clone() credentials.TransportCredentials {
	return &witness{w.TransportCredentials.Clone(), w.c}
}

// watchedConn notes that a server broke the connection instead of saying
// anything: with TLS 1.3 that is how it refuses a client's certificate, which
// it looks at when the client's part of the handshake is done.
type watchedConn struct {
	net.Conn
	c       *connection
	carried atomic.Bool
}

// Read is that of the connection.
func (w *watchedConn) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.carried.Store(true)
	}
	w.note(err)
	return n, err
}

// Write is that of the connection.
func (w *watchedConn) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.note(err)
	return n, err
}

func (w *watchedConn) note(err error) {
	if err != nil && !w.carried.Load() && w.c.asked.Load() && !errors.Is(err, net.ErrClosed) {
		w.c.tlsFailed(err)
	}
}

// tlsFailed notes what came of the last handshake; nil when all was well. What
// a server said is kept when the connection breaks afterwards.
func (c *connection) tlsFailed(err error) {
	var broken *clientCertificateError
	if err != nil && c.asked.Load() {
		broken = &clientCertificateError{shown: c.certified, err: err}
		err = broken
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, ok := errors.AsType[*clientCertificateError](c.tlsErr); ok && broken != nil && broken.refusal() == "" && before.refusal() != "" {
		return
	}
	c.tlsErr = err
}
