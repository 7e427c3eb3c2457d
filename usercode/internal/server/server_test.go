package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

func TestGetServerInfo(t *testing.T) {
	long := strings.Repeat("é", 1000) + "\xff"
	s := serve(t, repositories(), Options{CodeVersion: "x" + long, Image: long, MaxWorkers: 7})
	response, err := s.client.GetServerInfo(t.Context(), &usercodev1.GetServerInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	info := response.GetServer()
	if info.GetProtocolVersion() != versioncheck.Protocol || len(info.GetServerId()) != 32 || len(info.GetDefinitionsDigest()) != 32 ||
		!info.GetCapabilitiesDeclared() || info.GetLimits().GetMaxWorkers() != 7 || info.GetDraining() || info.GetStartedAt() == nil || info.GetSdk().GetLanguage() != "go" {
		t.Errorf("got %v", info)
	}
	var names []string
	for _, c := range info.GetCapabilities() {
		names = append(names, c.GetName())
		if c.GetEnabled() != (c.GetName() != "output_store") || c.GetRevision() != 1 { // which this server has none of
			t.Errorf("capability: got %v", c)
		}
	}
	if got := strings.Join(names, " "); got != "job_metadata launch_run list_jobs output_store partitions run_tags schedules sensors" {
		t.Errorf("capabilities: got %s", got)
	}
	for _, text := range []string{info.GetBuild().GetCodeVersion(), info.GetBuild().GetImage()} {
		if len(text) > maxInfoBytes || len(text) < maxInfoBytes-3 || !utf8.ValidString(text) {
			t.Errorf("a long text became %d bytes", len(text))
		}
	}
	if n := proto.Size(response); n > 64<<10 {
		t.Errorf("the reply has %d bytes", n)
	}
}

func TestEveryReplySaysWhoAnswers(t *testing.T) {
	s := serve(t, repositories(), Options{})
	var trailer metadata.MD
	check := func(what string) {
		t.Helper()
		if got := trailer.Get(trailerServerID); len(got) != 1 || got[0] != s.ID() || strings.Join(trailer.Get(trailerDefinitionsDigest), "") != s.definitions.Digest.String() {
			t.Errorf("%s: trailers are %v", what, trailer)
		}
	}
	if _, err := s.client.GetServerInfo(t.Context(), nil, grpc.Trailer(&trailer)); err != nil {
		t.Fatal(err)
	}
	check("GetServerInfo")
	if _, err := s.client.StartRun(t.Context(), &usercodev1.StartRunRequest{}, grpc.Trailer(&trailer)); status.Code(err) != codes.InvalidArgument {
		t.Fatal(err)
	}
	check("an error")
	stream, err := s.client.GetDefinitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err == nil {
		t.Fatal("an answer to nothing")
	}
	trailer = stream.Trailer()
	check("GetDefinitions")
}

func TestToken(t *testing.T) {
	s := serve(t, repositories(), Options{Token: "right"})
	for header, want := range map[string]codes.Code{
		"Bearer right": codes.OK, "Bearer wrong": codes.Unauthenticated, "right": codes.Unauthenticated, "Bearer right ": codes.Unauthenticated, "": codes.Unauthenticated,
	} {
		ctx := t.Context()
		if header != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", header)
		}
		if _, err := s.client.GetServerInfo(ctx, nil); status.Code(err) != want {
			t.Errorf("%q: got %v, want %v", header, err, want)
		}
		stream, err := s.client.GetDefinitions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); (status.Code(err) == codes.Unauthenticated) != (want == codes.Unauthenticated) {
			t.Errorf("stream with %q: got %v", header, err)
		}
	}
	if response, err := healthpb.NewHealthClient(s.conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil || response.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health without a token: got %v, %v", response, err)
	}
}

func TestHealthWatchSeesTheEnd(t *testing.T) {
	s := serve(t, repositories(), Options{})
	watch, err := healthpb.NewHealthClient(s.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := watch.Recv(); err != nil || m.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("got %v, %v", m, err)
	}
	go s.stop()
	if m, err := watch.Recv(); err != nil || m.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("got %v, %v", m, err)
	}
	_ = s.conn.Close() // or the server would wait for its ceiling
	s.stop()
	if !s.currentInfo().GetDraining() {
		t.Error("the server does not say that it drains")
	}
}

// certificate writes a certificate for 127.0.0.1, which is its own authority, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestTLSInBothDirections(t *testing.T) {
	cert, key := certificate(t)
	authority, err := credentials.NewClientTLSFromFile(cert, "")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, repositories(), Options{TLSCert: cert, TLSKey: key, HostCA: cert}, grpc.WithTransportCredentials(authority))
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	h := startHost(t, grpc.Creds(credentials.NewServerTLSFromCert(&pair)))
	h.address = strings.Replace(h.address, "http:", "https:", 1)
	response, err := s.client.StartRun(t.Context(), h.startRequest("tls", "quick"))
	if err != nil || response.GetAccepted() == nil {
		t.Fatalf("got %v, %v", response, err)
	}
	s.waitEnded(t, "tls", 0)
}

func TestNewSaysWhichFilesAreWrong(t *testing.T) {
	cert, key := certificate(t)
	for _, o := range []Options{{TLSCert: cert}, {TLSKey: key}, {TLSCert: key, TLSKey: cert}, {TLSCert: cert + "x", TLSKey: key}} {
		if _, err := New(nil, o); err == nil || !strings.Contains(err.Error(), "read the certificate") {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	for _, file := range []string{key, cert + "x"} {
		if _, err := New(nil, Options{HostCA: file}); err == nil || !strings.Contains(err.Error(), "certificates to trust for the host") || !strings.Contains(err.Error(), file) {
			t.Errorf("HostCA %s: got %v", file, err)
		}
	}
}

func TestOnlyLoopbackIsServedWithoutProtection(t *testing.T) {
	cert, key := certificate(t)
	for name, c := range map[string]struct {
		opts    Options
		address string
		ok      bool
	}{
		"OKLoopback":        {Options{}, "127.0.0.1", true},
		"OKLoopback6":       {Options{}, "::1", true},
		"OKInsecure":        {Options{Insecure: true}, "0.0.0.0", true},
		"OKProtected":       {Options{TLSCert: cert, TLSKey: key, Token: "x"}, "10.0.0.1", true},
		"ErrBare":           {Options{}, "0.0.0.0", false},
		"ErrUnspecified6":   {Options{}, "::", false},
		"ErrTokenAlone":     {Options{Token: "x"}, "10.0.0.1", false},
		"ErrTransportAlone": {Options{TLSCert: cert, TLSKey: key}, "10.0.0.1", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(nil, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.mayServe(&net.TCPAddr{IP: net.ParseIP(c.address), Port: 1}); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
	s, err := New(nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), listener); err == nil {
		t.Error("Serve served all addresses without protection")
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error("the listener is left open")
	}
}
