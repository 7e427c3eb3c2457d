package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// configured starts a host with a configuration file, penstock.yaml in the world's folder.
func configured(t *testing.T, config string, hostArgs ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), host: freeAddress(3000), code: freeAddress(4266)}
	w.configure(config)
	w.server = run(t, w.dir, penstock, append([]string{"serve", "--listen", w.host, "--data", "data", "--config", "penstock.yaml"}, hostArgs...)...)
	eventually(t, "the host serves", func() bool { return strings.Contains(w.server.out.String(), "the host serves") })
	return w
}

// configure replaces the configuration file, as people's editors do. CODE stands for the address of the code.
func (w *world) configure(config string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "penstock.yaml")
	if err := os.WriteFile(path+".new", []byte(strings.ReplaceAll(config, "CODE", w.code)), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		w.t.Fatal(err)
	}
}

// logs waits until the host has logged something more often than before, after what makes it do so.
func (w *world) logs(what string, because func()) {
	w.t.Helper()
	before := strings.Count(w.server.out.String(), what)
	because()
	eventually(w.t, "the host logs "+what, func() bool { return strings.Count(w.server.out.String(), what) > before })
}

// reconfigure replaces the configuration file and waits until it is in use.
func (w *world) reconfigure(config string) {
	w.t.Helper()
	w.logs("the configuration was loaded anew", func() { w.configure(config) })
}

// awaitLocation waits until a field of a location is as wanted.
func (w *world) awaitLocation(name, field, want string, flags ...string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%s of %s is %s", field, name, want), func() bool {
		return fmt.Sprint(w.jsonOf(append([]string{"location", "show", name}, flags...)...)[field]) == want
	})
}

// metric is the value of a metric without labels.
func (w *world) metric(name string) string {
	w.t.Helper()
	res, err := http.Get("http://" + w.host + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func TestConfigurationIsFollowed(t *testing.T) {
	t.Parallel()
	const etl, ml = "- {name: etl, address: \"CODE\"}\n", "- {name: ml, address: \"%s\", token_file: ml.token}\n"
	mlAddress := freeAddress(4266)
	w := configured(t, "locations:\n"+etl, "--location", "flag="+freeAddress(4266))
	run(t, w.dir, tutorial, "serve", "--listen", w.code)
	w.awaitLocation("etl", "state", "READY")

	// A location comes, with a token that follows its file.
	token := writeFile(t, w.dir, "ml.token", "one")
	server := run(t, w.dir, tutorial, "serve", "--listen", mlAddress, "--token-file", writeFile(t, w.dir, "served.token", "two"))
	both := "locations:\n" + etl + fmt.Sprintf(ml, mlAddress)
	w.reconfigure(both)
	w.awaitLocation("ml", "error_code", "TOKEN_REJECTED")
	w.logs("the configuration was loaded anew", func() { writeFile(t, w.dir, "ml.token", "two") })
	w.awaitLocation("ml", "state", "READY")
	if a := w.want(0, "job", "list"); !strings.Contains(a.out, "ml/") || !strings.Contains(a.out, "etl/") {
		t.Errorf("the jobs are\n%s", a.out)
	}

	// It goes. Its run waits, and says why, until it is back.
	server.kill()
	w.awaitLocation("ml", "state", "STALE")
	id := w.launch("ml/tutorial/my_job_with_tags")
	w.awaitStatus(id, "WAITING_FOR_CODE")
	w.reconfigure("locations:\n" + etl)
	if a := w.want(3, "location", "show", "ml"); !strings.Contains(a.errOut, "etl, flag") {
		t.Errorf("the removed location: %s", a.errOut)
	}
	if a := w.want(0, "job", "list"); strings.Contains(a.out, "ml/") {
		t.Errorf("the jobs are\n%s", a.out)
	}
	eventually(t, "the run says that its location is gone", func() bool {
		run := w.jsonOf("run", "show", id)
		return run["status"] == "WAITING_FOR_CODE" && strings.Contains(fmt.Sprint(run["status_reason"]), "ml")
	})
	w.reconfigure(both)
	run(t, w.dir, tutorial, "serve", "--listen", mlAddress, "--token-file", "served.token")
	w.awaitStatus(id, "SUCCESS")

	// Mistakes change nothing and are shown wherever somebody looks, until they are corrected.
	for _, c := range []struct{ config, want string }{
		{"locations: [\n", "penstock.yaml:2:1: "},
		{both + "  where: x\n", "penstock.yaml:"},
		{both + "- {name: etl, address: nowhere, tls: {ca_file: " + token + "}, wait_for_code: soon}\n", `penstock.yaml:4:10: location "etl": the name is used twice`},
	} {
		w.logs("the one from before stays in use", func() { w.configure(c.config) })
		a := w.want(0, "location", "list")
		if !strings.Contains(a.errOut, "warning: the host cannot use its configuration file") || !strings.Contains(a.errOut, c.want) || !strings.Contains(a.out, "ml") {
			t.Errorf("location list says\n%s%s", a.out, a.errOut)
		}
	}
	if a := w.want(0, "location", "list"); strings.Count(a.errOut, "penstock.yaml:4:") != 4 {
		t.Errorf("not every mistake is listed:\n%s", a.errOut)
	}
	config, _ := w.jsonOf("version")["host"].(map[string]any)["config"].(map[string]any)
	if config["path"] != "penstock.yaml" || config["error"] == "" || config["error_since"] == nil || config["loaded_at"] == nil {
		t.Errorf("the host tells of its file %v", config)
	}
	if v := w.metric("penstock_config_error"); v != "1" {
		t.Errorf("penstock_config_error is %q", v)
	}
	w.awaitStatus(w.launch("ml/tutorial/my_job_with_tags"), "SUCCESS")

	// Corrected, with another address for etl and another limit.
	moved := freeAddress(4266)
	run(t, w.dir, testcode, "serve", "--listen", moved)
	w.reconfigure(strings.ReplaceAll(both, "CODE", moved) + "queue: {max_in_progress: 3}\n")
	w.awaitLocation("etl", "address", moved)
	eventually(t, "etl has the jobs of the other server", func() bool { return strings.Contains(w.want(0, "job", "list").out, "etl/tests/gated") })
	if a := w.want(0, "location", "list"); a.errOut != "" {
		t.Errorf("after the correction: %s", a.errOut)
	}
	if a, b := w.metric("penstock_config_error"), w.metric("penstock_queue_max_in_progress"); a != "0" || b != "3" {
		t.Errorf("penstock_config_error is %q, penstock_queue_max_in_progress %q", a, b)
	}
	w.logs("the configuration was loaded anew", func() {
		if err := w.server.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	})
	if code := w.server.stop(); code != 0 {
		t.Errorf("the host ended with %d", code)
	}
}

// pinOf is the identity of a certificate file.
func pinOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// serves answers whether a server shows the certificate of the file.
func serves(t *testing.T, address, path string) bool {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // what it shows is what is asked
	if err != nil {
		return false
	}
	defer conn.Close()
	sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	return "sha256:"+hex.EncodeToString(sum[:]) == pinOf(t, path)
}

// TestCertificatesAreRenewed replaces every certificate of host and user code, which show each other theirs, while a run goes on.
func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir(), code: freeAddress(4266)}
	ca, next := newAuthority(t, w.dir, "authority"), newAuthority(t, w.dir, "next")
	address := freeAddress(3000)
	file := func(name string) string { return filepath.Join(w.dir, name) }
	config := func(identities ...string) string {
		pins, err := json.Marshal(identities)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`locations:
- {name: code, address: "CODE", token_file: token, tls: {ca_file: authority.pem, cert_file: client.pem, key_file: client.key, identity: %s}}
- {name: stranger, address: "CODE", token_file: token, tls: {ca_file: authority.pem}}
- {name: impostor, address: "CODE", token_file: token, tls: {ca_file: authority.pem, cert_file: client.pem, key_file: client.key, identity: "spiffe://example.com/other"}}
`, pins)
	}
	writeFile(t, w.dir, "token", codeToken)
	ca.issue("client", address)
	hosts := writeFile(t, w.dir, "hosts.pem", read(t, ca.file))
	served := ca.issue("code", w.code)
	code := run(t, w.dir, testcode, append([]string{"serve", "--listen", w.code, "--token-file", "token", "--host-ca", ca.file, "--client-ca", hosts}, served...)...)
	before := pinOf(t, file("code.pem"))
	w.configure(config(before))
	w.server = run(t, w.dir, penstock, append([]string{"serve", "--listen", address, "--data", "data", "--config", "penstock.yaml"}, ca.issue("host", address)...)...)
	w.host = "https://" + address
	flags := []string{"--ca-file", ca.file}
	w.awaitLocation("code", "state", "READY", flags...)
	w.awaitLocation("stranger", "error_code", "CLIENT_CERTIFICATE_REQUIRED", flags...)
	w.awaitLocation("impostor", "error_code", "IDENTITY_MISMATCH", flags...)
	if list := w.want(0, append([]string{"job", "list"}, flags...)...).out; strings.Contains(list, "stranger/") || strings.Contains(list, "impostor/") {
		t.Errorf("locations that nobody may speak for have jobs:\n%s", list)
	}
	gated := writeConfig(t, w, fmt.Sprintf("config: {gate: {started: %s, open: %s}}", file("started"), file("gate")))
	status := func(id string) any { return w.jsonOf(append([]string{"run", "show", id}, flags...)...)["status"] }
	id := w.launch(append([]string{"code/tests/gated", "--config", gated}, flags...)...)
	eventually(t, "the run is STARTED", func() bool { return status(id) == "STARTED" })

	// The server's own, pinned: the new identity is allowed beside the old one before it is used.
	ca.issue("renewed", w.code)
	after := pinOf(t, file("renewed.pem"))
	w.reconfigure(config(before, after))
	writeFile(t, w.dir, "code.pem", read(t, file("renewed.pem"))) // for a moment it has the key of another
	eventually(t, "the server sees half of a renewal", func() bool {
		return !serves(t, w.code, file("renewed.pem")) && strings.Contains(code.out.String(), "what was in use stays in use")
	})
	writeFile(t, w.dir, "code.key", read(t, file("renewed.key")))
	eventually(t, "the server shows its new certificate", func() bool { return serves(t, w.code, file("renewed.pem")) })
	w.reconfigure(config(after))
	w.awaitLocation("code", "state", "READY", flags...)

	// What the host shows to user code, of another authority: that is trusted beside the old one first.
	writeFile(t, w.dir, "hosts.pem", read(t, ca.file)+read(t, next.file))
	w.logs("the configuration was loaded anew", func() { next.issue("client", address) })
	eventually(t, "the certificate and its key are both new", func() bool {
		return !strings.Contains(w.want(0, append([]string{"location", "list"}, flags...)...).errOut, "warning")
	})
	writeFile(t, w.dir, "hosts.pem", read(t, next.file))
	w.want(0, append([]string{"location", "reload", "code"}, flags...)...)

	// What the host shows to everybody.
	ca.issue("host", address)
	eventually(t, "the host shows its new certificate", func() bool { return serves(t, address, file("host.pem")) })
	w.want(0, append([]string{"run", "launch", "code/tests/gated", "--wait", "--config",
		writeConfig(t, w, fmt.Sprintf("config: {gate: {started: %s, open: %s}}", file("started"), file("code.pem")))}, flags...)...)
	if s := status(id); s != "STARTED" {
		t.Errorf("the run that outlived all of it is %s", s)
	}
	writeFile(t, w.dir, "gate", "")
	eventually(t, "the run is SUCCESS", func() bool { return status(id) == "SUCCESS" })
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
