package server

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// logged collects what a server logs.
type logged struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // gets a value when there is more
}

func newLogged() *logged { return &logged{written: make(chan struct{}, 1)} }

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.written <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

// await waits until something was logged.
func (l *logged) await(t *testing.T, what string) {
	t.Helper()
	for limit := time.After(10 * time.Second); l.count(what) == 0; {
		select {
		case <-l.written:
		case <-limit:
			t.Fatalf("%q was never logged", what)
		}
	}
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// handshake connects as a host that trusts the file and shows the pair, if there is one, and reads until the server has
// said something, so that a refusal of the pair is seen.
func handshake(t *testing.T, address, trust string, pair ...tls.Certificate) error {
	t.Helper()
	pem, err := os.ReadFile(trust)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, Certificates: pair, NextProtos: []string{"h2"}})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 1))
	return err
}

// replace puts another file's content in place of one, as a renewal does.
func replace(t *testing.T, path, by string) {
	t.Helper()
	data, err := os.ReadFile(by)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateIsReplaced(t *testing.T) {
	cert, key := certificate(t)
	nextCert, nextKey := certificate(t)
	before := nextCert + ".before"
	replace(t, before, cert)
	log := newLogged()
	s := serve(t, repositories(), Options{TLSCert: cert, TLSKey: key, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err := handshake(t, s.address, before); err != nil {
		t.Fatal(err)
	}
	replace(t, cert, nextCert) // its key is not there yet
	for range 3 {
		if err := handshake(t, s.address, before); err != nil {
			t.Errorf("in the middle of a renewal: %v", err)
		}
	}
	if n := log.count("what was in use stays in use"); n != 1 {
		t.Errorf("it was logged %d times that the certificate cannot be used", n)
	}
	replace(t, key, nextKey)
	if err := handshake(t, s.address, nextCert); err != nil {
		t.Errorf("after the renewal: %v", err)
	}
	if err := handshake(t, s.address, before); err == nil {
		t.Error("the old certificate is in use after the renewal")
	}
	if n := log.count("new connections use what the file holds now"); n != 1 {
		t.Errorf("it was logged %d times that the certificate changed", n)
	}
}

func TestHostsShowCertificates(t *testing.T) {
	cert, key := certificate(t)
	hostCert, hostKey := certificate(t)
	nextCert, nextKey := certificate(t)
	log := newLogged()
	authorities := hostCert + ".authorities"
	replace(t, authorities, hostCert)
	s := serve(t, repositories(), Options{TLSCert: cert, TLSKey: key, ClientCA: authorities, Logger: slog.New(slog.NewTextHandler(log, nil))})
	pair := func(cert, key string) tls.Certificate {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	host, next := pair(hostCert, hostKey), pair(nextCert, nextKey)
	if err := handshake(t, s.address, cert, host); err != nil {
		t.Errorf("the host's certificate: %v", err)
	}
	for range 2 {
		if err := handshake(t, s.address, cert); err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("no certificate: %v", err)
		}
	}
	if err := handshake(t, s.address, cert, next); err == nil {
		t.Error("a stranger's certificate was accepted")
	}
	log.await(t, "unknown authority")
	if n := log.count("client didn't provide a certificate"); n != 1 {
		t.Errorf("the refusal was logged %d times", n)
	}
	replace(t, authorities, nextCert)
	if err := handshake(t, s.address, cert, next); err != nil {
		t.Errorf("the new authority: %v", err)
	}
	if err := handshake(t, s.address, cert, host); err == nil {
		t.Error("the old authority is still trusted")
	}
	replace(t, authorities, "/dev/null")
	if err := handshake(t, s.address, cert); err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("no certificate, with an empty file of authorities: %v", err)
	}
	if err := handshake(t, s.address, cert, next); err != nil {
		t.Errorf("the authority from before the file was emptied: %v", err)
	}
	if _, err := New(nil, Options{TLSCert: cert, TLSKey: key, ClientCA: key}); err == nil || !strings.Contains(err.Error(), "no PEM certificate") {
		t.Errorf("a file without authorities: %v", err)
	}
}

// What anybody who can connect makes the server log is little.
func TestRefusalsAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	n := noted(nil, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	logged := 0
	refuse := func(times int) {
		for range times {
			for i := range 2 * maxRefusals {
				if n.isNews(fmt.Sprint(i)) {
					logged++
				}
			}
		}
	}
	refuse(3)
	if logged != maxRefusals || len(n.logged) > maxRefusals {
		t.Errorf("%d refusals were logged and %d are remembered, want %d", logged, len(n.logged), maxRefusals)
	}
	now = now.Add(sameRefusal)
	if refuse(1); logged != 2*maxRefusals {
		t.Errorf("after %s, %d refusals were logged, want %d", sameRefusal, logged, 2*maxRefusals)
	}
}
