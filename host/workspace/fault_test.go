package workspace

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

func encodeProto(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// certificate is a self-signed one for 127.0.0.1 and its PEM form.
func certificate(t *testing.T, until time.Time) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: until.Add(-time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"usercode.test"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestFaults(t *testing.T) {
	t.Parallel() // as its subtests
	good, ca := certificate(t, time.Now().Add(time.Hour))
	expired, expiredCA := certificate(t, time.Now().Add(-time.Hour))
	_, otherCA := certificate(t, time.Now().Add(time.Hour))
	plain := hosttest.Start(t, hosttest.Current())
	secure, old, token := hosttest.Current(), hosttest.Current(), hosttest.Current()
	secure.TLS, old.TLS, token.Token = &good, &expired, "right"
	securePeer, oldPeer, tokenPeer := hosttest.Start(t, secure), hosttest.Start(t, old), hosttest.Start(t, token)
	gone := hosttest.Start(t, hosttest.Current())
	gone.Stop()
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	answering := func(status int) string {
		h2c := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "a page", status)
		}))
		h2c.Config.Protocols = new(http.Protocols)
		h2c.Config.Protocols.SetUnencryptedHTTP2(true)
		h2c.Start()
		t.Cleanup(h2c.Close)
		return h2c.Listener.Addr().String()
	}
	mute := closer(t)
	_, port, err := net.SplitHostPort(securePeer.Address())
	if err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		name   string
		config host.LocationConfig
		code   string // empty: ready
		state  host.LocationState
		says   string
		remedy string
	}{
		{"Refused", host.LocationConfig{Address: gone.Address()}, FaultUnreachable, host.LocationUnavailable, "refuses connections", "Start the user-code server"},
		{"NoSuchName", host.LocationConfig{Address: "no-such-host.invalid:4266", Insecure: true}, FaultUnreachable, host.LocationUnavailable, "name", "name"},
		{"WebServer", host.LocationConfig{Address: web.Listener.Addr().String()}, FaultNotUserCode, host.LocationError, "not a Penstock user-code server", "4266"},
		{"WebServerHTTP2", host.LocationConfig{Address: answering(http.StatusNotFound)}, FaultNotUserCode, host.LocationError, "not a Penstock user-code server", "4266"},
		{"PageForAnything", host.LocationConfig{Address: answering(http.StatusOK)}, FaultNotUserCode, host.LocationError, "not a Penstock user-code server", "4266"},
		{"PenstockHost", host.LocationConfig{Address: answering(http.StatusMethodNotAllowed)}, FaultNotUserCode, host.LocationError, "not a Penstock user-code server", "no code location"},
		{"ForbiddenPage", host.LocationConfig{Address: answering(http.StatusForbidden)}, FaultNotUserCode, host.LocationError, "not a Penstock user-code server", "4266"},
		{"ProxyAlone", host.LocationConfig{Address: answering(http.StatusBadGateway)}, FaultNegotiation, host.LocationError, "proxy", "passes gRPC on"},
		{"OtherGRPC", host.LocationConfig{Address: otherGRPC(t)}, FaultNotUserCode, host.LocationError, "not a Penstock user-code server", "4266"},
		{"ClosesAtOnce", host.LocationConfig{Address: mute}, FaultNegotiation, host.LocationError, "broke it", "configure tls"},
		{"NoTokenGiven", host.LocationConfig{Address: tokenPeer.Address()}, FaultToken, host.LocationError, "asks for a token", "--token-file"},
		{"WrongToken", host.LocationConfig{Address: tokenPeer.Address(), Token: "wrong"}, FaultToken, host.LocationError, "does not accept", "the same token"},
		{"RightToken", host.LocationConfig{Address: tokenPeer.Address(), Token: "right"}, "", host.LocationReady, "", ""},
		{"PlainToTLS", host.LocationConfig{Address: securePeer.Address()}, FaultNegotiation, host.LocationError, "broke it", "configure tls"},
		{"TLSToPlain", host.LocationConfig{Address: plain.Address(), TLS: &host.LocationTLS{CAPEM: ca}}, FaultTLS, host.LocationError, "does not speak TLS", "--tls-cert"},
		{"UnknownAuthority", host.LocationConfig{Address: securePeer.Address(), TLS: &host.LocationTLS{CAPEM: otherCA}}, FaultTLS, host.LocationError, "authority", "certificate authority"},
		{"SystemAuthorities", host.LocationConfig{Address: securePeer.Address(), TLS: &host.LocationTLS{}}, FaultTLS, host.LocationError, "authority", "certificate authority"},
		{"OtherName", host.LocationConfig{Address: "localhost:" + port, TLS: &host.LocationTLS{CAPEM: ca}}, FaultTLS, host.LocationError, "another name", "server name"},
		{"Expired", host.LocationConfig{Address: oldPeer.Address(), TLS: &host.LocationTLS{CAPEM: expiredCA}}, FaultTLS, host.LocationError, "expired", "Renew"},
		{"TLS", host.LocationConfig{Address: securePeer.Address(), TLS: &host.LocationTLS{CAPEM: ca}}, "", host.LocationReady, "", ""},
		{"ServerName", host.LocationConfig{Address: "localhost:" + port, TLS: &host.LocationTLS{CAPEM: ca, ServerName: "usercode.test"}}, "", host.LocationReady, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // a name server may be slow
			c.config.Name = "etl"
			w := open(t, Options{Locations: []host.LocationConfig{c.config}, ProbeInterval: time.Hour})
			l := await(t, w, "etl", func(l Location) bool { return l.State != host.LocationLoading })
			if l.State != c.state {
				t.Fatalf("got %s, %+v", l.State, l.Fault)
			}
			if c.code == "" {
				return
			}
			if l.Fault.Code != c.code || !strings.Contains(l.Fault.Message, c.says) || !strings.Contains(l.Fault.Remedy, c.remedy) {
				t.Errorf("got %+v", l.Fault)
			}
			if c.config.Token != "" && strings.Contains(l.Fault.Message+l.Fault.Remedy, c.config.Token+" ") {
				t.Errorf("the token is in %+v", l.Fault)
			}
			if _, err := w.FindJob("etl/a/b"); host.CodeOf(err) != host.Unavailable || host.ReasonOf(err) != c.code {
				t.Errorf("a job of it: got %v", err)
			}
		})
	}
}

// otherGRPC is the address of a gRPC server with no services.
func otherGRPC(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-done })
	return l.Addr().String()
}

// closer is the address of a server that closes every connection.
func closer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// What cannot be had on every machine.
func TestDialFaults(t *testing.T) {
	c := host.LocationConfig{Address: "a:1"}
	for want, err := range map[string]error{
		"is not known here":           &net.DNSError{Err: "no such host", IsNotFound: true},
		"name server does not answer": &net.DNSError{Err: "timeout", IsTimeout: true},
		"no route":                    &net.OpError{Err: syscall.EHOSTUNREACH},
		`reached: "odd".`:             &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 50_123}, Err: errors.New("odd")},
	} {
		if f := dialFault(c, err); !strings.Contains(f.message, want) || f.code != FaultUnreachable || f.remedy == "" || strings.Contains(f.message, "50123") {
			t.Errorf("%v: got %+v", err, f)
		}
	}
	late := &timeoutError{"x", callDeadline}
	if f := timeoutFault(c, late, false, nil); f.code != FaultUnreachable || !strings.Contains(f.message, "did not accept a connection within 5s") {
		t.Errorf("got %+v", f)
	}
}
