package server

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/penstock-run/penstock/internal/livefile"
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
	return &notedCredentials{TransportCredentials: credentials.NewTLS(config), log: f.log}, nil
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

// notedCredentials logs why a handshake failed, which the other side is told in a word at most. A host tries again
// every second, so the same reason in a row is logged once.
type notedCredentials struct {
	credentials.TransportCredentials
	log *slog.Logger

	mu   sync.Mutex
	last string
}

// ServerHandshake is that of the credentials.
func (n *notedCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := n.TransportCredentials.ServerHandshake(raw)
	from, _, _ := net.SplitHostPort(raw.RemoteAddr().String())
	text := ""
	if err != nil && !errors.Is(err, io.EOF) {
		text = from + " " + err.Error()
	}
	n.mu.Lock()
	fresh := text != n.last
	n.last = text
	n.mu.Unlock()
	if text != "" && fresh {
		n.log.Warn("a TLS connection was refused", "from", from, "error", err)
	}
	return conn, info, err
}

// Clone is other credentials of the same kind.
func (n *notedCredentials) Clone() credentials.TransportCredentials {
	return &notedCredentials{TransportCredentials: n.TransportCredentials.Clone(), log: n.log}
}
