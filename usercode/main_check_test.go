package usercode

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/versioncheck"
)

// capabilitiesOf is the JSON that a host of the protocol serves: the rows of this tree, with more if there are any.
func capabilitiesOf(t *testing.T, protocol string, more ...map[string]any) string {
	t.Helper()
	var rows []map[string]any
	for _, r := range versioncheck.Requirements() {
		rows = append(rows, map[string]any{
			"name": r.Name, "label": r.Label, "minProtocolVersion": r.MinProtocol, "minHostProtocolVersion": r.MinHostProtocol, "baseline": r.Baseline,
		})
	}
	text, err := json.Marshal(map[string]any{
		"hostVersion": "9.8.7\u202e", "protocolVersion": protocol, "oldestProtocolVersion": "0.14.0", "capabilities": append(rows, more...),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// answering is a host that gives each method of HostService its answer; others are not there.
func answering(t *testing.T, token string, answers map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[strings.TrimPrefix(r.URL.Path, "/penstock.host.v1.HostService/")]
		switch {
		case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json":
			w.WriteHeader(http.StatusUnsupportedMediaType)
		case token != "" && r.Header.Get("Authorization") != "Bearer "+token:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"code": "unauthenticated", "message": "no token\u001b[31m"}`))
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(answer))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

var futureRow = map[string]any{"name": "alerts", "label": "alerts", "minProtocolVersion": "0.99.0", "minHostProtocolVersion": "0.14.0"}

func TestCheckAgainstAHost(t *testing.T) {
	automated := automatedRepository()
	full, bare := soundRepository(), NewRepository("bare", NewJob("job", func(g *Graph) { soundOp(g) }))
	own := answering(t, "", map[string]string{"GetCapabilities": capabilitiesOf(t, versioncheck.Protocol)})
	oldHost := answering(t, "", map[string]string{"GetCapabilities": capabilitiesOf(t, "0.14.17")})
	veryOld := answering(t, "", map[string]string{"GetHost": `{"host": {"version": "1.0", "protocolVersion": "0.14.17", "later": 1}}`})
	newer := answering(t, "", map[string]string{"GetCapabilities": capabilitiesOf(t, "0.99.0", futureRow)})
	buggy := answering(t, "", map[string]string{"GetCapabilities": capabilitiesOf(t, versioncheck.Protocol, map[string]any{
		"name": "extra", "minProtocolVersion": "0.14.0", "minHostProtocolVersion": "0.14.0", "fixedProtocolVersion": "0.99.0", "baseline": true,
	})})
	guarded := answering(t, "secret", map[string]string{"GetCapabilities": capabilitiesOf(t, versioncheck.Protocol)})
	stranger := answering(t, "", nil)
	page := answering(t, "", map[string]string{"GetCapabilities": "<html>", "GetHost": "<html>"})
	large := answering(t, "", map[string]string{"GetCapabilities": strings.Repeat(" ", versioncheck.MaxTableBytes) + "{}x"})
	nobody := "http://127.0.0.1:1"
	saved := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(saved, []byte(capabilitiesOf(t, "0.14.17")), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		repo           *Repository
		args           string
		code           int
		stdout, stderr []string
	}{
		"OK": {full, "--host " + own, exitOK, []string{
			"All definitions are sound.", "(version 9.8.7", "protocol " + versioncheck.Protocol + "):", "job_metadata  allowed  1 job", "All that this build has will be there.",
		}, nil},
		"ErrRefused": {full, "--host " + oldHost, exitRefused, []string{"job_metadata  refused  1 job", "job_metadata: HOST_TOO_OLD: ", "\n  Upgrade the host"},
			[]string{"orders: the host would refuse: job_metadata of 1 job"}},
		"OKRefusedButUnused": {bare, "--host " + oldHost, exitOK, []string{"job_metadata  refused  0 jobs", "HOST_TOO_OLD", "All that this build has will be there."}, nil},
		"ErrStrict":          {bare, "--strict --host " + oldHost, exitRefused, []string{"HOST_TOO_OLD"}, []string{"would refuse: job_metadata; output_store; partitions; schedules; sensors\n"}},
		"ErrFromFile":        {full, "--capabilities " + saved, exitRefused, []string{saved, "HOST_TOO_OLD"}, []string{"job_metadata of 1 job"}},
		"ErrVeryOldHost": {full, "--host " + veryOld, exitRefused, []string{"version 1.0, protocol 0.14.17", "too old to say what it asks", "HOST_TOO_OLD"},
			[]string{"job_metadata of 1 job"}},
		"OKUnknownCapability": {full, "--host " + newer, exitOK, []string{"alerts        refused  unknown to this build", "alerts: SERVER_TOO_OLD"}, nil},
		"OKKnownBugs":         {full, "--host " + buggy, exitOK, []string{"extra: KNOWN_BUGS: ", "before 0.99.0"}, nil},
		"ErrMinHost": {bare, "--min-host 0.99.0 --host " + own, exitRefused, []string{"the host: HOST_TOO_OLD: ", "0.99.0 or newer"},
			[]string{"this build, which needs a newer host"}},
		"OKToken":        {full, "--token-file " + secret + " --host " + guarded, exitOK, []string{"All that this build has"}, nil},
		"ErrToken":       {full, "--host " + guarded, exitError, nil, []string{"asks for a token: no token", "--token-file"}},
		"ErrUnreachable": {full, "--host " + nobody, exitUnreachable, nil, []string{"the host at http://127.0.0.1:1 does not answer: ", "connection refused"}},
		"ErrStranger":    {full, "--host " + stranger, exitError, nil, []string{"404", "Is it a Penstock host?"}},
		"ErrPage":        {full, "--host " + page, exitError, nil, []string{"not the JSON of a host's capabilities", "Is it a Penstock host?"}},
		"ErrLarge":       {full, "--host " + large, exitError, nil, []string{"longer than"}},
		"ErrNoFile":      {full, "--capabilities no-such-file", exitError, nil, []string{"read --capabilities", "no-such-file"}},
		"ErrBadFile":     {full, "--capabilities " + secret, exitError, nil, []string{"not the JSON", "penstock host capabilities --json"}},
		"ErrNoTokenFile": {full, "--token-file no-such-file --host " + own, exitError, nil, []string{"read the token", "no-such-file"}},
		"ErrBoth":        {full, "--host " + own + " --capabilities x", exitUsage, nil, []string{"not both"}},
		"ErrTokenAlone":  {full, "--token-file x", exitUsage, nil, []string{"are for --host"}},
		"ErrStrictAlone": {full, "--strict", exitUsage, nil, []string{"--strict is for --host"}},
		"ErrMinHostText": {full, "--min-host soon", exitUsage, nil, []string{`--min-host: read version "soon"`}},
		"ErrAddress":     {full, "--host here", exitUsage, nil, []string{`--host "here" is not an address`}},
		"ErrClearToken":  {full, "--token-file " + secret + " --host 192.0.2.1:1", exitUsage, nil, []string{"unencrypted", "https://192.0.2.1:1"}},
		"ErrNoAuthority": {full, "--host-ca no-such-file --host 192.0.2.1:1", exitError, nil, []string{"no-such-file"}},
		"ErrPlainWithCA": {full, "--host-ca x --host http://192.0.2.1:1", exitUsage, nil, []string{"is not a https:// address"}},
		"OKHelp":         {full, "-h", exitOK, []string{"-host", "-capabilities", "-strict", "  4  the host would refuse", "  5  the host does not answer"}, nil},
		"OKAutomated": {automated, "--host " + own, exitOK, []string{
			"REPOSITORY  JOB    TAGS  METADATA  CONFIGS  PARTITIONS\nauto        daily  0     0         0        days\n",
			"REPOSITORY  SCHEDULE  JOB    CRON       ZONE\nauto        nightly   daily  0 0 * * *  Europe/Berlin\n",
			"REPOSITORY  SENSOR  JOBS  LOOKS\nauto        failed  0     after runs: status=failure\nauto        look    1     every 30s\n",
			"partitions    allowed  1 job\n", "schedules     allowed  1 schedule\n", "sensors       allowed  2 sensors\n",
		}, nil},
		"ErrAutomatedRefused": {automated, "--host " + oldHost, exitRefused, []string{"schedules     refused  1 schedule\n", "schedules: HOST_TOO_OLD: "},
			[]string{"orders: the host would refuse: partitions of 1 job; 1 schedule; 2 sensors\n"}},
		"OKWithoutAHost":  {full, "", exitOK, []string{"All definitions are sound.\n"}, nil},
		"OKMinHostNoHost": {full, "--min-host 0.15.0", exitOK, []string{"All definitions are sound.\n"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := call(t, []*Repository{test.repo}, nil, append([]string{"check"}, strings.Fields(test.args)...)...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if test.code != exitError && test.code != exitUsage && test.code != exitUnreachable {
				holds(t, "stdout", stdout, test.stdout)
			}
			holds(t, "stderr", stderr, test.stderr)
			if strings.ContainsAny(stdout+stderr, "\x1b\u202e") {
				t.Errorf("a terminal would obey\n%q\n%q", stdout, stderr)
			}
		})
	}
}

// automatedRepository has partitions, a schedule and two sensors.
func automatedRepository() *Repository {
	daily := NewJob("daily", func(g *Graph) { soundOp(g) }, NewDailyPartitions("days", "2026-01-01", Zone("Europe/Berlin")))
	return NewRepository("auto", daily,
		NewPartitionSchedule("nightly", daily),
		NewSensor("look", func(context.Context, SensorState) (SensorResult, error) { return SensorResult{}, nil }, daily),
		NewRunStatusSensor("failed", "status=failure", func(context.Context, EndedRun) ([]RunRequest, error) { return nil, nil }))
}

func TestCheckTokenOfTheEnvironment(t *testing.T) {
	guarded := answering(t, "secret", map[string]string{"GetCapabilities": capabilitiesOf(t, versioncheck.Protocol)})
	code, _, stderr := call(t, []*Repository{soundRepository()}, map[string]string{"PENSTOCK_TOKEN": "secret"}, "check", "--host", guarded)
	if code != exitOK || stderr != "" {
		t.Errorf("got %d, %s", code, stderr)
	}
}

func TestCheckJSON(t *testing.T) {
	read := func(repo *Repository, wantCode int, args ...string) (v checkVerdict) {
		t.Helper()
		code, stdout, _ := call(t, []*Repository{repo}, map[string]string{"PENSTOCK_CODE_VERSION": "v7"}, append([]string{"check", "--json"}, args...)...)
		if code != wantCode {
			t.Errorf("%v: exit code %d, want %d", args, code, wantCode)
		}
		if strings.Contains(stdout, "\u202e") {
			t.Errorf("%v: printed as it came: %s", args, stdout)
		}
		if err := json.Unmarshal([]byte(stdout), &v); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, stdout)
		}
		return v
	}
	v := read(soundRepository(), exitOK)
	if v.Verdict != "OK" || v.Host != nil || v.Capabilities == nil || v.Problems == nil || v.Jobs != 1 || v.ProtocolVersion != versioncheck.Protocol || v.CodeVersion != "v7" {
		t.Errorf("without a host: %+v", v)
	}
	oldHost := answering(t, "", map[string]string{"GetCapabilities": capabilitiesOf(t, "0.14.17", futureRow)})
	v = read(soundRepository(), exitRefused, "--host", oldHost)
	if v.Verdict != "REFUSED" || v.Host == nil || v.Host.From != oldHost || v.Host.ProtocolVersion != "0.14.17" || len(v.Capabilities) != 9 {
		t.Fatalf("got %+v", v)
	}
	metadata, alerts := v.Capabilities[0], v.Capabilities[8]
	if metadata.Capability != "job_metadata" || metadata.State != "REFUSED" || metadata.UsedBy == nil || *metadata.UsedBy != 1 || metadata.Refusal.Code != "HOST_TOO_OLD" ||
		metadata.Refusal.Required != "0.14.18" || metadata.Refusal.Remedy == "" || metadata.Refusal.Docs != "docs/versions.md#host_too_old" {
		t.Errorf("got %+v", metadata)
	}
	if alerts.UsedBy != nil || alerts.State != "REFUSED" {
		t.Errorf("got %+v", alerts)
	}
	v = read(NewRepository("broken", NewJob("a", nil)), exitError, "--host", oldHost)
	if v.Verdict != "WRONG" || len(v.Problems) != 1 || v.Problems[0].Job != "a" || v.Problems[0].Repository != "broken" || v.Problems[0].Origin == "" {
		t.Errorf("wrong definitions: %+v", v)
	}
}

// A host that accepts and says nothing must not hold up a team's CI.
func TestCheckGivesUpOnASilentHost(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	caller, err := newHostCaller(listener.Addr().String(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if caller.http.Timeout != hostPatience {
		t.Errorf("the time limit is %s, want %s", caller.http.Timeout, hostPatience)
	}
	caller.http.Timeout = hostPatience / 100
	_, err = caller.table(t.Context())
	if want := "did not answer within"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// Whatever sends more than a host has to say takes little memory and few lines of a CI's log.
func TestCheckRepeatsLittleOfWhatAnswers(t *testing.T) {
	long := strings.Repeat("\x1b[31mx", 1<<18)
	for name, answer := range map[string]string{
		"status":  "HTTP/1.1 " + long + "\r\n\r\n",
		"line":    long + "\r\n\r\n",
		"header":  "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"error":   "HTTP/1.1 500 Error\r\n\r\n{\"message\": \"" + strings.Repeat("x\u009b", 1<<15) + "\"}",
		"body":    "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("[", versioncheck.MaxTableBytes+1),
		"version": "HTTP/1.1 200 OK\r\n\r\n" + strings.Replace(capabilitiesOf(t, versioncheck.Protocol), "9.8.7", strings.Repeat("9", 1<<19), 1),
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var answering sync.WaitGroup
			answering.Go(func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Read(make([]byte, 1<<12))
					_, _ = conn.Write([]byte(answer))
					_ = conn.Close()
				}
			})
			defer answering.Wait()
			defer func() { _ = listener.Close() }()
			var out, errs bytes.Buffer
			c := commandLine{name: "etl", stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, repos: []*Repository{soundRepository()}}
			c.run(t.Context(), []string{"check", "--host", listener.Addr().String()})
			if n := out.Len() + errs.Len(); n == 0 || n > 8<<10 || strings.Contains(out.String()+errs.String(), "\x1b") {
				t.Errorf("it printed %d bytes: %.500q", n, out.String()+errs.String())
			}
		})
	}
}

func TestTokensThatNobodyCanShow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	for _, text := range []string{"secret one", "secret\x00", "sécret", strings.Repeat("secret", 1000)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := commandLine{getenv: func(string) string { return text }}
		for _, from := range []string{file, ""} {
			token, err := c.token(from)
			if err == nil || token != "" || strings.Contains(err.Error(), "cret") {
				t.Errorf("%.20q from %q: got %q, %v", text, from, token, err)
			}
		}
	}
	c := commandLine{getenv: func(string) string { return "secret\n" }}
	if token, err := c.token(""); token != "secret" || err != nil {
		t.Errorf("got %q, %v", token, err)
	}
}
