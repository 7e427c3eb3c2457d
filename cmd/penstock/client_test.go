package main

import (
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestHostURL(t *testing.T) {
	for _, c := range []struct {
		flag, env, ca string
		token         bool
		want, err     string
	}{
		{want: "http://127.0.0.1:3000"},
		{env: "10.0.0.1:80", want: "http://10.0.0.1:80"},
		{flag: "a:1", env: "b:2", want: "http://a:1"},
		{flag: "https://host.example/penstock/", want: "https://host.example/penstock"},
		{flag: "[::1]:3000", token: true, want: "http://[::1]:3000"},
		{flag: "host:1", ca: "ca.pem", token: true, want: "https://host:1"},
		{flag: "http://host:1", token: true, want: "http://host:1"},
		{flag: "localhost:1", token: true, want: "http://localhost:1"},
		{flag: "host:1", token: true, err: "the token would cross the network unencrypted"},
		{flag: "http://host:1", ca: "ca.pem", err: "is not a https:// address"},
		{flag: "host", err: `--host "host" has no port`},
		{env: "host", err: `PENSTOCK_HOST "host" has no port`},
		{flag: "ftp://host:1", err: "is not an address"},
		{flag: "http://user:secret@host:1", err: "is not an address"},
		{flag: "http://host:1/?a=b", err: "is not an address"},
		{flag: "a b:1", err: "is not an address"},
		{flag: ":3000", err: "is not an address"},
	} {
		t.Setenv("PENSTOCK_HOST", c.env)
		u, err := (&connection{host: c.flag, caFile: c.ca}).url(c.token)
		switch {
		case c.err == "" && (err != nil || u.String() != c.want):
			t.Errorf("%+v: got %v, %v, want %s", c, u, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%+v: got %v, %v, want the error %q", c, u, err, c.err)
		}
	}
}

func TestToken(t *testing.T) {
	var got string
	host := &fakeHost{listRuns: func(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
		return &hostv1.ListRunsResponse{}, nil
	}}
	url := host.serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if got = r.Header.Get("Authorization"); got == "" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	penstock(t, url, "run", "list", "--json").want(t, exitFailure, "", "asks for a token")
	penstock(t, url, "run", "list", "--json", "--token-file", file).want(t, exitOK, "", "")
	if got != "Bearer s3cret" {
		t.Errorf("Authorization: %q", got)
	}
	t.Setenv("PENSTOCK_TOKEN", "other")
	penstock(t, url, "run", "list", "--json").want(t, exitOK, "", "")
	if got != "Bearer other" {
		t.Errorf("Authorization: %q", got)
	}
	penstock(t, url, "run", "list", "--token-file", file+"x").want(t, exitUsage, "", "read --token-file")
}

func TestTLS(t *testing.T) {
	host := &fakeHost{listRuns: func(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
		return &hostv1.ListRunsResponse{}, nil
	}}
	var proto string
	server := httptest.NewUnstartedServer(host.handler(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			proto = r.Proto
			next.ServeHTTP(w, r)
		})
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	address := server.Listener.Addr().String()
	penstock(t, address, "run", "list", "--json", "--ca-file", file).want(t, exitOK, `"runs": []`, "")
	if proto != "HTTP/2.0" {
		t.Errorf("spoke %s", proto)
	}
	penstock(t, server.URL, "run", "list").want(t, exitUnreachable, "", "certificate signed by unknown authority\nGive with --ca-file")
	penstock(t, "http://"+address, "run", "list").want(t, exitFailure, "", "named as https://HOST:PORT")
	plain := host.serve(t, nil)
	penstock(t, strings.Replace(plain, "http://", "https://", 1), "run", "list").want(t, exitUnreachable, "", "does not speak TLS")
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	penstock(t, address, "run", "list", "--ca-file", file).want(t, exitUsage, "", "there is no PEM certificate in it")
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"location", "list"}, {"location", "show", "x"}, {"location", "reload", "x"}, {"job", "list"}, {"job", "show", "x"},
		{"launch", "x"}, {"run", "launch", "x", "--wait"}, {"run", "list"}, {"run", "show", "x"}, {"run", "logs", "x"}, {"run", "logs", "-f", "x"},
		{"run", "events", "x"}, {"run", "cancel", "x"}, {"run", "delete", "x"},
	} {
		penstock(t, url, args...).want(t, exitUnreachable, "", "penstock: the host at "+url+" does not answer: connection refused\nStart one with penstock serve")
	}
	t.Run("VersionAnswersForItself", func(t *testing.T) {
		penstock(t, url, "version").want(t, exitOK, "host: the host at "+url+" does not answer: connection refused\n", "")
		penstock(t, url, "version", "--json").want(t, exitOK, `"host": null`, "")
	})
}

// A user-code server is easily taken for the host.
func TestUserCodeServerIsNoHost(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	penstock(t, "http://"+peer.Address(), "run", "list").want(t, exitUnreachable, "",
		"penstock: what answers at http://"+peer.Address()+" is no Penstock host, or ended while it was asked\nGive the address of the host, not that of a user-code server")
}

// Something answers, so that is not denied.
func TestProxyWithoutAHost(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(proxy.Close)
	penstock(t, proxy.URL, "run", "list").want(t, exitUnreachable, "",
		"penstock: what answers at "+proxy.URL+" says: 503 Service Unavailable\nThe host may not run behind it, or it may be")
}

func TestVersion(t *testing.T) {
	host := &fakeHost{getHost: func() (*hostv1.Host, error) {
		return &hostv1.Host{Version: "1.2.3", Commit: "abc", ProtocolVersion: "0.15.0", StartedAt: at(1), Queue: &hostv1.Queue{MaxInProgress: -1}}, nil
	}}
	url := host.serve(t, nil)
	penstock(t, url, "version").want(t, exitOK, "host 1.2.3, protocol 0.15.0, commit abc, at "+url+" since 2026-11-03 14:02:01\n", "")
	penstock(t, url, "version", "--json").want(t, exitOK, `"max_in_progress": -1`, "")
}

// TestNotAHost has other servers answer: none of them may look like a run that does not exist.
func TestNotAHost(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"ErrNotFoundPage": {http.NotFound, "what answers at "},
		"ErrWebPage":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>hello</html>")) }, "what answers at "},
		"ErrRedirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.invalid/", http.StatusFound)
		}, "what answers at "},
		"ErrForbidden": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "what answers at "},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			t.Cleanup(server.Close)
			r := penstock(t, server.URL, "run", "show", "x")
			r.want(t, exitFailure, "", "penstock: "+c.want)
		})
	}
}

func TestForbiddenIsNotTheGate(t *testing.T) {
	host := &fakeHost{run: func(string) (*hostv1.Run, error) {
		return nil, wireError(connect.CodePermissionDenied, "this host does not answer to that name", &hostv1.ErrorDetail{Reason: "HOST_NOT_ALLOWED"})
	}}
	penstock(t, host.serve(t, nil), "run", "show", "x").want(t, exitFailure, "", "does not answer to that name")
}

func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	asked := make(chan struct{})
	url := (&fakeHost{}).serve(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then is a client that goes away noticed
			close(asked)
			<-r.Context().Done()
		})
	})
	done := make(chan result)
	go func() { done <- penstockIn(ctx, url, strings.NewReader(""), "job", "list") }()
	<-asked
	interrupt()
	r := <-done
	r.want(t, exitFailure, "", "penstock: interrupted\n")
}

// A host of before a service answers a call of it as its web UI does, which only reads, or is not built in.
func TestHostIsTooOld(t *testing.T) {
	host := &fakeHost{getHost: func() (*hostv1.Host, error) { return &hostv1.Host{Version: "0.3.0"}, nil }}
	for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusServiceUnavailable} {
		old := false
		url := host.serve(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if old && strings.Contains(r.URL.Path, "HostService") {
					next.ServeHTTP(w, r)
					return
				}
				http.Error(w, "the web UI is only read: use GET", status)
			})
		})
		out := filepath.Join(t.TempDir(), "backup.tar")
		for _, old = range []bool{true, false} {
			for command, remedy := range map[string]string{
				"run count": "Upgrade the host; penstock version compares", "bulk list": "Upgrade the host; penstock version compares",
				"run list --where a=b": "Leave --where out, or upgrade the host", "retention preview": "Upgrade the host; penstock version compares",
				"backup --out " + out: "Upgrade the host, or stop it, copy its data directory, and start it again.",
			} {
				r := penstock(t, url, strings.Split(command, " ")...)
				if old {
					r.want(t, exitFailure, "", " is too old for ")
					r.want(t, exitFailure, "", remedy)
				} else if r.code == exitOK || !strings.Contains(r.err, "what answers at "+url) || strings.Contains(r.err, "too old for this\n") {
					t.Errorf("%s where a web server answers %d: %d, %s", command, status, r.code, r.err)
				}
			}
		}
	}
}
