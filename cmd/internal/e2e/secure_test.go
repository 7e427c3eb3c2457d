package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Tokens that must not be found where others can look.
const (
	hostToken = "token-that-clients-show-to-the-host"
	codeToken = "token-that-the-host-shows-to-user-code"
)

// secured is a host and user code that speak TLS and ask each other for tokens.
type secured struct {
	*world

	ca, otherCA *authority
	code        *process
	flags       []string // of clients
}

// newSecured starts them. The host knows its user code under the names code, and others that do it wrong; distrusts is
// user code that trusts another authority than the host's.
func newSecured(t *testing.T) *secured {
	t.Helper()
	dir := t.TempDir()
	s := &secured{
		world: &world{t: t, dir: dir, code: freeAddress(4266)},
		ca:    newAuthority(t, dir, "authority"), otherCA: newAuthority(t, dir, "other"),
	}
	address, distrusts := freeAddress(3000), freeAddress(4266)
	writeFile(t, dir, "host.token", hostToken+"\n")
	writeFile(t, dir, "code.token", codeToken+"\n")
	writeFile(t, dir, "wrong.token", "guess\n")
	writeFile(t, dir, "penstock.yaml", strings.NewReplacer("CODE", s.world.code, "DISTRUSTS", distrusts).Replace(`locations:
- {name: code, address: "CODE", tls: {ca_file: authority.pem}, token_file: code.token}
- {name: distrusts, address: "DISTRUSTS", tls: {ca_file: authority.pem}, token_file: code.token}
- {name: wrongtoken, address: "CODE", tls: {ca_file: authority.pem}, token_file: wrong.token}
- {name: wrongca, address: "CODE", tls: {ca_file: other.pem}, token_file: code.token}
- {name: plain, address: "CODE", token_file: code.token}
`))
	// From the environment, which workers inherit but for the token.
	serve := []string{"PENSTOCK_TOKEN=" + codeToken, testcode, "serve"}
	s.code = run(t, dir, "env", append(append(serve, "--listen", s.world.code, "--host-ca", s.ca.file), s.ca.issue("code", s.world.code)...)...)
	run(t, dir, "env", append(append(serve, "--listen", distrusts, "--host-ca", s.otherCA.file), s.ca.issue("distrusts", distrusts)...)...)
	s.server = run(t, dir, penstock, append([]string{
		"serve", "--listen", address, "--data", "data", "--config", "penstock.yaml", "--token-file", "host.token",
	}, s.ca.issue("host", address)...)...)
	s.host = "https://" + address
	s.flags = []string{"--ca-file", s.ca.file, "--token-file", "host.token"}
	for _, name := range []string{"code", "distrusts"} {
		eventually(t, name+" is READY", func() bool { return s.location(name)["state"] == "READY" })
	}
	return s
}

func (s *secured) location(name string) map[string]any {
	return s.jsonOf(append([]string{"location", "show", name}, s.flags...)...)
}

func TestTLSAndTokensBothWays(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	for name, want := range map[string][]string{
		"wrongtoken": {"does not accept the token", "same token"},
		"wrongca":    {"is not signed by an authority that this location trusts", "certificate authority"},
		"plain":      {"broke it", "configure tls"},
	} {
		l := s.location(name)
		text := fmt.Sprint(l["state"], l["error"], l["remedy"])
		for _, w := range append(want, "ERROR") {
			if !strings.Contains(text, w) {
				t.Errorf("location %s lacks %q: %s", name, w, text)
			}
		}
	}
	for _, c := range []struct {
		name string
		code int
		want string
		args []string
	}{
		{"WrongToken", 1, "wants a token", []string{"--ca-file", s.ca.file, "--token-file", "wrong.token"}},
		{"NoToken", 1, "wants a token", []string{"--ca-file", s.ca.file}},
		{"WrongAuthority", 5, "Give with --ca-file", []string{"--ca-file", s.otherCA.file, "--token-file", "host.token"}},
		{"NoAuthority", 5, "Give with --ca-file", []string{"--token-file", "host.token"}},
		{"NoTLS", 1, "https://HOST:PORT", []string{"--host", strings.TrimPrefix(s.host, "https://"), "--token-file", "host.token"}},
	} {
		if a := s.want(c.code, append([]string{"run", "list"}, c.args...)...); !strings.Contains(a.errOut, c.want) || a.out != "" {
			t.Errorf("%s: stdout %q, stderr %q, want %q", c.name, a.out, a.errOut, c.want)
		}
	}

	s.want(1, append([]string{"run", "launch", "code/tests/failing", "--wait"}, s.flags...)...) // its op fails, so it has run
	// User code that cannot trust the host starts nothing, and says so at launch.
	a := s.want(1, append([]string{"run", "launch", "distrusts/tests/failing", "--wait"}, s.flags...)...)
	if text := a.out + a.errOut; !strings.Contains(text, "would not reach the host") || !strings.Contains(text, "certificate") {
		t.Errorf("user code that trusts another authority: %s", text)
	}
}

func TestTokensStayOutOfSight(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	gate := filepath.Join(s.dir, "gate")
	config := writeConfig(t, s.world, fmt.Sprintf("config: {gate: {started: %s, open: %s}}", filepath.Join(s.dir, "started"), gate))
	id := s.launch(append([]string{"code/tests/gated", "--config", config}, s.flags...)...)
	show := func() map[string]any { return s.jsonOf(append([]string{"run", "show", id}, s.flags...)...) }
	eventually(t, "the run is STARTED", func() bool { return show()["status"] == "STARTED" })

	worker := strings.Fields(strings.TrimPrefix(fmt.Sprint(show()["worker"]), "pid "))[0]
	places := map[string]string{
		"the host's log": s.server.out.String(), "the log of user code": s.code.out.String(),
		"what run events says":  s.want(0, append([]string{"run", "events", id, "--json"}, s.flags...)...).out,
		"what location list is": s.want(0, append([]string{"location", "list", "--json"}, s.flags...)...).out,
	}
	for what, path := range map[string]string{
		"the host's arguments":          fmt.Sprintf("/proc/%d/cmdline", s.server.cmd.Process.Pid),
		"the host's environment":        fmt.Sprintf("/proc/%d/environ", s.server.cmd.Process.Pid),
		"the arguments of user code":    fmt.Sprintf("/proc/%d/cmdline", s.code.cmd.Process.Pid),
		"the arguments of a worker":     "/proc/" + worker + "/cmdline",
		"the environment of the worker": "/proc/" + worker + "/environ",
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Skipf("this system does not show processes as files: %v", err)
		}
		places[what] = string(data)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "data", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the store's files: %v, %v", files, err)
	}
	for _, file := range append(files, filepath.Join(s.dir, "data")) {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %s", file, info.Mode())
		}
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			places[file] = string(data)
		}
	}
	for where, text := range places {
		for _, token := range []string{hostToken, codeToken} {
			if strings.Contains(text, token) {
				t.Errorf("%s is in %s", token, where)
			}
		}
	}
	writeFile(t, s.dir, "gate", "")
	eventually(t, "the run is SUCCESS", func() bool { return show()["status"] == "SUCCESS" })
}
