package api_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/penstock-run/penstock/host/api"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

const (
	listJobs  = hostv1connect.JobServiceListJobsProcedure
	launchRun = hostv1connect.RunServiceLaunchRunProcedure
	getHost   = hostv1connect.HostServiceGetHostProcedure
)

// call sends one request by net/http, as a script or a browser would.
func (f *fixture) call(method, path, body string, header map[string]string) (status int, answer string, h http.Header) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range header {
		if k == "Host" {
			req.Host = v
			continue
		}
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Header
}

func TestPlainJSON(t *testing.T) {
	f := newFixture(t, settings{})
	status, answer, _ := f.call(http.MethodPost, getHost, "{}", nil)
	var got map[string]map[string]any
	if err := json.Unmarshal([]byte(answer), &got); err != nil || status != http.StatusOK || got["host"]["version"] != "1.2.3" {
		t.Errorf("GetHost as JSON: %d %s (%v)", status, answer, err)
	}
	status, answer, _ = f.call(http.MethodPost, hostv1connect.RunServiceGetRunProcedure, `{"id":"nope"}`, nil)
	if status != http.StatusNotFound || !strings.Contains(answer, `"code":"not_found"`) || !strings.Contains(answer, "RUN_NOT_FOUND") {
		t.Errorf("an error as JSON: %d %s", status, answer)
	}
	if status, answer, _ = f.call(http.MethodPost, getHost, "{", nil); status != http.StatusBadRequest {
		t.Errorf("broken JSON: %d %s", status, answer)
	}
}

func TestHostHeader(t *testing.T) {
	f := newFixture(t, settings{options: func(o *api.Options) { o.AllowedHosts = []string{"Penstock.Example.com"} }})
	for _, c := range []struct {
		host string
		ok   bool
	}{
		{"localhost:3000", true},
		{"LOCALHOST", true},
		{"127.0.0.1", true},
		{"127.8.9.1:80", true},
		{"[::1]:3000", true},
		{"ui.localhost", true},
		{"penstock.example.com:443", true},
		{"penstock.example.com.", true},
		{"evil.example.com", false},
		{"penstock.example.com.evil.org", false},
		{"127.0.0.1.evil.org", false},
		{"localhost.evil.org", false},
		{"192.0.2.1", false},
		{"10.0.0.1:3000", false},
	} {
		for _, path := range []string{listJobs, "/", "/metrics", "/grpc.health.v1.Health/Check"} {
			method := http.MethodPost
			if path == "/" || path == "/metrics" {
				method = http.MethodGet
			}
			status, answer, _ := f.call(method, path, "{}", map[string]string{"Host": c.host})
			if ok := status == http.StatusOK; ok != c.ok {
				t.Errorf("%s with Host %q: %d %.200s, want allowed %t", path, c.host, status, answer, c.ok)
			}
			if !c.ok && !strings.Contains(answer, "Host header") {
				t.Errorf("%s with Host %q says %q, not why", path, c.host, answer)
			}
		}
	}
}

// TestAllAddresses: a host that listens on every address answers to any address, but still to no foreign name.
// TestForeignNameInABrowser: who opens the UI under a name that the host does not know reads what to do.
func TestForeignNameInABrowser(t *testing.T) {
	f := newFixture(t, settings{})
	status, answer, h := f.call(http.MethodGet, "/", "", map[string]string{"Host": "penstock.example"})
	if status != http.StatusMisdirectedRequest || !strings.Contains(answer, "--allow-host") || !strings.HasPrefix(h.Get("Content-Type"), "text/plain") {
		t.Errorf("%d %s: %s", status, h.Get("Content-Type"), answer)
	}
}

func TestAllAddresses(t *testing.T) {
	f := newFixture(t, settings{options: func(o *api.Options) {
		_ = o.Listener.Close()
		o.Listener = must(api.Listen(context.Background(), "0.0.0.0:0"))(t)
	}})
	f.url = "http://127.0.0.1:" + strings.TrimPrefix(f.server.Addr().String(), "[::]:")
	if status, answer, _ := f.call(http.MethodPost, getHost, "{}", map[string]string{"Host": "192.0.2.7:3000"}); status != http.StatusOK {
		t.Errorf("an address as Host: %d %s", status, answer)
	}
	if status, _, _ := f.call(http.MethodPost, getHost, "{}", map[string]string{"Host": "evil.example.com"}); status == http.StatusOK {
		t.Error("a foreign name as Host is let in")
	}
}

func TestCrossOrigin(t *testing.T) {
	f := newFixture(t, settings{})
	for _, c := range []struct {
		name   string
		header map[string]string
		ok     bool
	}{
		{"OKScript", nil, true},
		{"OKSameOrigin", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": f.url}, true},
		{"OKSameOriginOldBrowser", map[string]string{"Origin": f.url}, true},
		{"ErrCrossSite", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.com"}, false},
		{"ErrSameSite", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9"}, false},
		{"ErrOldBrowser", map[string]string{"Origin": "https://evil.example.com"}, false},
		{"ErrNullOrigin", map[string]string{"Origin": "null"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, answer, h := f.call(http.MethodPost, launchRun, `{"job":"x"}`, c.header)
			// What is let in fails for its own reason.
			if refused := status == http.StatusForbidden && strings.Contains(answer, "another origin"); refused == c.ok {
				t.Errorf("%d %s, want let in %t", status, answer, c.ok)
			}
			if got := h.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("Access-Control-Allow-Origin is %q", got)
			}
		})
	}
}

// TestGetChangesNothing: no procedure of the host's services can be reached by GET, which a mere link sends.
func TestGetChangesNothing(t *testing.T) {
	f := newFixture(t, settings{})
	for _, path := range []string{listJobs, launchRun, hostv1connect.RunServiceDeleteRunProcedure, hostv1connect.LocationServiceReloadLocationProcedure} {
		status, answer, _ := f.call(http.MethodGet, path+`?encoding=json&message={}`, "", nil)
		if status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d %s", path, status, answer)
		}
	}
	if status, answer, _ := f.call(http.MethodGet, "/grpc.health.v1.Health/Check?encoding=json&message={}", "", nil); status != http.StatusOK || !strings.Contains(answer, "SERVING") {
		t.Errorf("health by GET: %d %s", status, answer)
	}
}

func TestHeadersOfAnswers(t *testing.T) {
	f := newFixture(t, settings{})
	for _, path := range []string{"/", "/jobs/x", "/metrics"} {
		status, _, h := f.call(http.MethodGet, path, "", nil)
		policy := h.Get("Content-Security-Policy")
		if status != http.StatusOK || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe-eval") {
			t.Errorf("%s: %d with policy %q", path, status, policy)
		}
		for k, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if got := h.Get(k); got != want {
				t.Errorf("%s: %s is %q, want %q", path, k, got, want)
			}
		}
	}
}

func TestOversize(t *testing.T) {
	f := newFixture(t, settings{})
	big := func(n int) string { return `{"job":"` + strings.Repeat("x", n) + `"}` }
	for _, c := range []struct {
		name, path, body string
		tooLarge         bool
	}{
		{"OKLaunch", launchRun, big(7 << 20), false},
		{"ErrLaunch", launchRun, big(9 << 20), true},
		{"ErrPreview", hostv1connect.RunServicePreviewRunProcedure, big(9 << 20), true},
		{"ErrOther", hostv1connect.JobServiceGetJobProcedure, big(3 << 20), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, answer, _ := f.call(http.MethodPost, c.path, c.body, nil)
			if got := strings.Contains(answer, "resource_exhausted"); got != c.tooLarge || status == http.StatusOK {
				t.Errorf("%d bytes: %d %.200s, want too large %t", len(c.body), status, answer, c.tooLarge)
			}
		})
	}
	t.Run("ErrHeader", func(t *testing.T) {
		status, _, _ := f.call(http.MethodPost, getHost, "{}", map[string]string{"X-Long": strings.Repeat("x", 80<<10)})
		if status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("80 KiB of header: %d", status)
		}
	})
	t.Run("ErrBomb", func(t *testing.T) {
		status, answer, _ := f.call(http.MethodPost, hostv1connect.JobServiceGetJobProcedure, gzipped(big(50<<20)), map[string]string{"Content-Encoding": "gzip"})
		if !strings.Contains(answer, "resource_exhausted") {
			t.Errorf("50 MB compressed: %d %.200s", status, answer)
		}
	})
}

func TestToken(t *testing.T) {
	f := newFixture(t, settings{options: func(o *api.Options) { o.Token = "open sesame"; o.Reflection = true }})
	for _, c := range []struct {
		method, path string
		open         bool
	}{
		{http.MethodPost, getHost, false},
		{http.MethodPost, listJobs, false},
		{http.MethodPost, launchRun, false},
		{http.MethodPost, "/penstock.host.v1.JobService/Unknown", false},
		{http.MethodPost, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", false},
		{http.MethodGet, "/metrics", false},
		{http.MethodGet, "/", true},
		{http.MethodGet, "/assets/app.js", true},
		{http.MethodPost, "/grpc.health.v1.Health/Check", true},
	} {
		for _, token := range []string{"", "Bearer ", "Bearer wrong", "Basic open sesame", "open sesame"} {
			status, answer, h := f.call(c.method, c.path, "{}", map[string]string{"Authorization": token})
			if got := status != http.StatusUnauthorized; got != c.open {
				t.Errorf("%s %s with %q: %d %s, want open %t", c.method, c.path, token, status, answer, c.open)
			}
			if !c.open && h.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: no WWW-Authenticate", c.path)
			}
		}
	}
	if status, answer, _ := f.call(http.MethodPost, getHost, "{}", map[string]string{"Authorization": "Bearer open sesame"}); status != http.StatusOK {
		t.Errorf("with the token: %d %s", status, answer)
	}
	if _, err := f.host.GetHost(t.Context(), &hostv1.GetHostRequest{}); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a client without token: %v", err)
	}
	// A worker shows its attempt's token, not the host's.
	stream, err := attach(t.Context(), f.grpcWorker(), secret, helloOf(f.starting(), "w", true))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := stream.Recv(); err != nil || m.GetWelcome() == nil {
		t.Errorf("a worker got %v, %v", m, err)
	}
}

func TestTLS(t *testing.T) {
	certificate := httptest.NewUnstartedServer(nil)
	certificate.StartTLS()
	defer certificate.Close()
	f := newFixture(t, settings{options: func(o *api.Options) {
		o.TLS = &tls.Config{Certificates: certificate.TLS.Certificates, MinVersion: tls.VersionTLS12}
	}})
	pool := x509.NewCertPool()
	pool.AddCert(certificate.Certificate())
	f.url = strings.Replace(f.url, "http://", "https://", 1)
	trusting := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	f.dial(&http.Client{Transport: &http.Transport{TLSClientConfig: trusting, ForceAttemptHTTP2: true}})
	if _, err := f.host.GetHost(t.Context(), &hostv1.GetHostRequest{}); err != nil {
		t.Errorf("over TLS: %v", err)
	}
	cc, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(f.url, "https://"), grpc.WithTransportCredentials(
		credentials.NewTLS(trusting)))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	if res, err := grpc_health_v1.NewHealthClient(cc).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil || res.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("gRPC over TLS: %v, %v", res, err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(f.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("POST " + getHost + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")); err != nil {
		t.Fatal(err)
	}
	if answer, _ := io.ReadAll(conn); bytes.Contains(answer, []byte("200 OK")) {
		t.Errorf("without TLS the host answers %q", answer)
	}
}
