package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/versioncheck"
)

// tableHost is a host that has a table of capabilities, or is too old for that.
type tableHost struct {
	hostv1connect.UnimplementedHostServiceHandler

	table *hostv1.GetCapabilitiesResponse
	host  *hostv1.Host
}

func (h tableHost) GetCapabilities(ctx context.Context, r *hostv1.GetCapabilitiesRequest) (*hostv1.GetCapabilitiesResponse, error) {
	if h.table == nil {
		return h.UnimplementedHostServiceHandler.GetCapabilities(ctx, r)
	}
	return h.table, nil
}

func (h tableHost) GetHost(context.Context, *hostv1.GetHostRequest) (*hostv1.GetHostResponse, error) {
	return &hostv1.GetHostResponse{Host: h.host}, nil
}

func (h tableHost) serve(t *testing.T) string {
	t.Helper()
	rpc := connect.NewServer()
	hostv1connect.RegisterHostServiceHandler(rpc, h)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// tableOf is the table of a host of this protocol.
func tableOf(protocol string) *hostv1.GetCapabilitiesResponse {
	return &hostv1.GetCapabilitiesResponse{
		HostVersion: "7.7\x1b[31m", ProtocolVersion: protocol, OldestProtocolVersion: "0.14.0", AllowDevVersions: []string{"young"},
		Capabilities: []*hostv1.CapabilityRequirement{
			{Name: "job_metadata", Label: "job metadata", Description: "Metadata of jobs.", MinProtocolVersion: "0.14.18", MinHostProtocolVersion: "0.14.18", FixedProtocolVersion: "0.99.0"},
			{Name: "list_jobs", Description: "Jobs.", MinProtocolVersion: "0.14.0", MinHostProtocolVersion: "0.14.0", Baseline: true},
		},
	}
}

func TestHostCapabilities(t *testing.T) {
	url := tableHost{table: tableOf("0.15.0")}.serve(t)
	r := penstock(t, url, "host", "capabilities")
	r.want(t, exitOK, "protocol 0.15.0, works with user code of protocol 0.14.0 or newer", "")
	for _, want := range []string{
		"CAPABILITY    SERVER NEEDS  WITHOUT KNOWN BUGS  HOST NEEDS  KIND      WHAT IT IS\n",
		"job_metadata  0.14.18       0.99.0              0.14.18     gated     Metadata of jobs.\n",
		"list_jobs     0.14.0        0.14.0              0.14.0      baseline  Jobs.\n",
		"location young accepts development versions\n",
	} {
		r.want(t, exitOK, want, "")
	}
	r = penstock(t, url, "host", "capabilities", "--json")
	r.want(t, exitOK, `"protocolVersion": "0.15.0"`, "")
	table, err := versioncheck.ReadHostTable([]byte(r.out))
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Requirements) != 2 || table.Requirements[0].FixedProtocol != "0.99.0" || !table.Policy("young").AllowDevVersions {
		t.Errorf("what was saved is read as %+v", table)
	}
	penstock(t, tableHost{}.serve(t), "host", "capabilities").want(t, exitFailure, "", "is too old for this\nUpgrade the host")
	penstock(t, "", "host").want(t, exitUsage, "", "needs one of: capabilities")
}

func TestCheckUsage(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"host": {}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"NoDash":       {[]string{"bin/etl"}, "write the command of the build behind --"},
		"NoCommand":    {[]string{"--"}, "write the command of the build behind --"},
		"BeforeDash":   {[]string{"x", "--", "y"}, "write the command of the build behind --"},
		"Both":         {[]string{"--host", "a:1", "--capabilities", "b", "--", "x"}, "not both"},
		"TokenAlone":   {[]string{"--token-file", "a", "--", "x"}, "are for --host"},
		"NoTime":       {[]string{"--timeout", "0s", "--", "x"}, "--timeout is 0s"},
		"LocationName": {[]string{"--location", "a b", "--", "x"}, "--location: "},
		"NoFile":       {[]string{"--capabilities", "no-such-file", "--", "x"}, "no-such-file"},
		"BadFile":      {[]string{"--capabilities", bad, "--", "x"}, "penstock host capabilities --json"},
		"Address":      {[]string{"--host", "here", "--", "x"}, `--host "here" has no port`},
		"NoProgram":    {[]string{"--", "./no-such-program"}, `find the command "./no-such-program"`},
	} {
		t.Run(name, func(t *testing.T) {
			penstock(t, "", append([]string{"check"}, c.args...)...).want(t, exitUsage, "", c.want)
		})
	}
}

// TestCheckAsks: the table that decides is that of the host, and of one that is too old for it what its protocol says.
func TestCheckAsks(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "etl")
	installCode(t, binary, "hello")
	t.Setenv("PENSTOCK_TOKEN", "that of the host")
	check := func(url string, args ...string) result {
		t.Helper()
		return penstock(t, "", append([]string{"check", "--host", url}, append(args, "--", binary)...)...)
	}
	r := check(tableHost{table: tableOf("0.15.0")}.serve(t))
	r.want(t, exitOK, "job_metadata: KNOWN_BUGS\n", "")
	r.want(t, exitOK, `(version 7.7\x1b[31m, protocol 0.15.0)`, "")
	r.want(t, exitOK, "\nAll that this build has will be there.\n", "")
	check(tableHost{table: tableOf("0.14.17")}.serve(t)).want(t, exitRefused, "job_metadata: HOST_TOO_OLD", "would refuse: job_metadata of 1 job")

	old := tableHost{host: &hostv1.Host{Version: "0.1", ProtocolVersion: "0.14.17"}}.serve(t)
	r = check(old)
	r.want(t, exitRefused, "This host is too old to say what it asks of user code", "would refuse: job_metadata of 1 job")
	r.want(t, exitRefused, "(version 0.1, protocol 0.14.17)", "job_metadata")
	check(tableHost{host: &hostv1.Host{ProtocolVersion: "latest"}}.serve(t)).want(t, exitFailure, "", "names its protocol")
	check("http://127.0.0.1:1").want(t, exitUnreachable, "", "does not answer")
}

func TestCheckSaysWhatTheBuildSays(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "etl")
	installCode(t, binary, "broken")
	r := penstock(t, "", "check", "--", binary)
	r.want(t, exitRejected, "", `job "not a name" of repository "dev"`)
	r.want(t, exitRejected, "", "definitions are wrong: 1 problem")
	if strings.Contains(r.err, "\x1b") {
		t.Errorf("a terminal would obey %q", r.err)
	}
	r = penstock(t, "", "check", "--json", "--", binary)
	r.want(t, exitRejected, `"verdict": "WRONG"`, "definitions are wrong: 1 problem")
	r.want(t, exitRejected, `job \"not a name\"`, "exit status 1")
}

// A build that does not listen to signals is killed at the second one, and does not outlive the check.
func TestCheckLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	binary, pipe := filepath.Join(dir, "stubborn"), filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\ntrap '' INT TERM HUP\necho $$ > " + pipe + "\nwhile :; do sleep 1; done\n"
	if err := os.WriteFile(binary, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	signals := make(chan os.Signal, 2)
	b := &build{name: "stubborn", command: []string{binary}, patience: time.Minute, table: hostTable{HostTable: versioncheck.OwnTable()}, signals: signals}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := b.check(ctx)
		ended <- err
	}()
	text, err := os.ReadFile(pipe) // waits for the build
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	signals <- os.Interrupt
	cancel()
	signals <- os.Interrupt
	if err := <-ended; !errors.Is(err, errInterrupted) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("took %s: the build's grace was waited for", took)
	}
	awaitGone(t, pid)
}
