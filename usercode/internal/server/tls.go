package server

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/penstock-run/penstock/usercode/livefile"
)

// tlsFiles are what a server shows, and what it asks of hosts. The files are read again when they change.
type tlsFiles struct {
	// cert and key are the certificate chain and its key; clientCA are the authorities that a host's certificate must
	// lead to, empty when none is asked for.
	cert, key, clientCA string
	now                 func() time.Time
	log                 *slog.Logger
}

// credentials are those of a server. The error is about the files.
func (f tlsFiles) credentials() (credentials.TransportCredentials, error) {
	pair, err := livefile.NewPair(f.cert, f.key, livefile.Options{Now: f.now, Note: f.note("certificate", f.cert)})
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		GetCertificate: pair.Certificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"},
		// Who resumed a session would show no certificate.
		SessionTicketsDisabled: true,
	}
	if f.clientCA != "" {
		hosts, err := livefile.NewAuthorities(f.clientCA, livefile.Options{Now: f.now, Note: f.note("authorities of hosts", f.clientCA)})
		if err != nil {
			return nil, err
		}
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, hosts.Pool()
		base := config.Clone()
		config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			c := base.Clone()
			c.ClientCAs = hosts.Pool()
			return c, nil
		}
	}
	return noted(credentials.NewTLS(config), f.now, f.log), nil
}

// note logs that a file came into use, or why it did not.
func (f tlsFiles) note(what, path string) func(error) {
	return func(err error) {
		if err == nil {
			f.log.Info("the "+what+" changed; new connections use what the file holds now", "file", path)
		} else {
			f.log.Error("the "+what+" changed and cannot be used; what was in use stays in use", "file", path, "error", err)
		}
	}
}

const (
	// sameRefusal is how long a reason to refuse a connection is not logged again: a host tries every few seconds.
	sameRefusal = 10 * time.Minute
	// maxRefusals bounds the reasons that are remembered, and so what anybody who can connect makes the server log: when
	// there are as many, further ones are not logged before one of them is forgotten.
	maxRefusals = 64
	// maxReason is how much of a reason is logged: it may repeat what the other side has sent.
	maxReason = 300
)

// notedCredentials logs why a handshake failed, which the other side is told in a word at most.
type notedCredentials struct {
	credentials.TransportCredentials
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	logged map[string]time.Time // by who was refused, and why
}

// ServerHandshake is that of the credentials.
func (n *notedCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := n.TransportCredentials.ServerHandshake(raw)
	if err != nil && !errors.Is(err, io.EOF) {
		from, _, _ := net.SplitHostPort(raw.RemoteAddr().String())
		reason := err.Error()
		reason = strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")
		if n.isNews(from + " " + reason) {
			n.log.Warn("a TLS connection was refused", "from", from, "error", reason)
		}
	}
	return conn, info, err
}

// isNews answers whether a refusal was not logged lately, and counts it as logged.
func (n *notedCredentials) isNews(refusal string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	if last, known := n.logged[refusal]; known && now.Sub(last) < sameRefusal {
		return false
	}
	if len(n.logged) >= maxRefusals {
		maps.DeleteFunc(n.logged, func(_ string, last time.Time) bool { return now.Sub(last) >= sameRefusal })
	}
	if len(n.logged) >= maxRefusals {
		return false
	}
	n.logged[refusal] = now
	return true
}

// Clone is other credentials of the same kind.
func (n *notedCredentials) Clone() credentials.TransportCredentials {
	return noted(n.TransportCredentials.Clone(), n.now, n.log)
}

func noted(c credentials.TransportCredentials, now func() time.Time, log *slog.Logger) *notedCredentials {
	return &notedCredentials{TransportCredentials: c, now: now, log: log, logged: map[string]time.Time{}}
}
