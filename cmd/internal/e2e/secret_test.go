package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// hidden is a value that has another form in most encodings.
const hidden = `hunter2/pass+word "42" & more`

// hiddenForms are what must not be found.
func hiddenForms() map[string]string {
	inside := base64.StdEncoding.EncodeToString([]byte("user:" + hidden))
	return map[string]string{
		"as it is": hidden, "its beginning": "hunter2/pa", "its end": `"42" & more`, "in JSON": `pass+word \"42\"`, "in a query": url.QueryEscape(hidden), "in a path": url.PathEscape(hidden),
		"in base64": inside[8 : len(inside)-4], "in hex": hex.EncodeToString([]byte(hidden)), "in JSON without HTML": `\u0026 more`,
	}
}

// serveWithSecret starts testcode in an environment of its own: only its process and those that it starts have the value.
func serveWithSecret(t *testing.T, w *world) *process {
	t.Helper()
	script := filepath.Join(t.TempDir(), "testcode.sh")
	text := "#!/bin/sh\nE2E_SECRET='" + hidden + "' SHORT_SECRET=abc exec '" + testcode + "' \"$@\"\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return w.serve(script)
}

// stored is everything in files below a directory, with what is compressed in them.
func stored(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found[path] = bytes.Join([][]byte{data, unpacked(data)}, []byte("\n"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func unpacked(data []byte) []byte {
	var all bytes.Buffer
	for rest := data; ; {
		i := bytes.Index(rest, []byte("\x28\xb5\x2f\xfd"))
		if i < 0 {
			return all.Bytes()
		}
		r, err := zstd.NewReader(bytes.NewReader(rest[i:]), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			return all.Bytes()
		}
		_, _ = io.Copy(&all, r) // an error where the frame ends and other bytes follow
		r.Close()
		rest = rest[i+4:]
	}
}

func wantHidden(t *testing.T, what string, text []byte) {
	t.Helper()
	for form, value := range hiddenForms() {
		if i := bytes.Index(text, []byte(value)); i >= 0 {
			t.Errorf("%s holds the secret %s: …%q…", what, form, text[max(0, i-200):min(len(text), i+len(value)+50)])
		}
	}
}

// apiAnswer calls a method of the host's API with JSON.
func apiAnswer(t *testing.T, w *world, method, body string) []byte {
	t.Helper()
	response, err := http.Post("http://"+w.host+"/penstock.host.v1."+method, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// storedEvents are the events of a run as clients get them.
func storedEvents(t *testing.T, w *world, id string) (events []*hostv1.StoredEvent) {
	t.Helper()
	conn, err := grpc.NewClient("dns:///"+w.host, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/penstock.host.v1.RunService/WatchRunEvents")
	if err == nil {
		err = errors.Join(stream.SendMsg(&hostv1.WatchRunEventsRequest{RunId: id, NoFollow: true}), stream.CloseSend())
	}
	for err == nil {
		m := &hostv1.WatchRunEventsResponse{}
		err = stream.RecvMsg(m)
		events = append(events, m.GetEvents()...)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return events
}

// TestSecretsStayWhereTheyAre has a job say its secret in every way; the value is in nothing that leaves the worker.
func TestSecretsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := serveWithSecret(t, w)
	config := writeConfig(t, w, "config: {vault: {token: {env: E2E_SECRET}}}\n")
	id := w.launch("leaking", "--config", config)
	w.awaitStatus(id, "FAILURE")

	config = writeConfig(t, w, "config: {vault: {token: {env: E2E_SECRET}, crash: true}}\n")
	crashed := w.launch("leaking", "--config", config, "--op-selection", "crash")
	crash := w.awaitStatus(crashed, "FAILURE")
	if reason := fmt.Sprint(crash["status_reason"]); !strings.Contains(reason, "goroutine of user code ***") {
		t.Errorf("the report of the crash: %s", reason)
	}

	told := map[string][]byte{} // by op: all its events, as they are sent
	for _, e := range storedEvents(t, w, id) {
		encoded, err := proto.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		told[e.GetEvent().GetOpPath()] = append(told[e.GetEvent().GetOpPath()], encoded...)
	}
	for _, op := range []string{
		"log", "encoded", "error", "long_error", "panic", "panic_error", "print", "op_output", "child", "note", "output_metadata", "tag", "progress", "resource", "locked", "command",
	} {
		if !bytes.Contains(told[op], []byte("***")) {
			t.Errorf("op %s seems to have said nothing: %q", op, told[op])
		}
	}
	for op, texts := range map[string][]string{
		"print": {"stdout ***\n", "stderr ***\n", "native ***\n"}, "child": {"child ***\n***", "child ***\n"}, "command": {"command ***\n"}, "op_output": {"mine ***\n"},
		"error": {"log in: wrong token ***"}, "panic": {"panic: token ***"}, "locked": {"open resource locked: refused: ***"}, "resource": {"logging in with ***"},
		"": {"close resource account: cannot log out with ***"},
	} {
		for _, text := range texts {
			if !bytes.Contains(told[op], []byte(text)) {
				t.Errorf("op %q has not said %q: %q", op, text, told[op])
			}
		}
	}
	if bytes.Contains(told["command_line"], []byte("Failed")) {
		t.Errorf("command line: %q", told["command_line"])
	}

	for _, run := range []string{id, crashed} {
		for _, args := range [][]string{{"run", "show", run}, {"run", "show", run, "--json"}, {"run", "events", run}, {"run", "events", run, "--json"}, {"run", "logs", run}} {
			a := w.cli(args...)
			wantHidden(t, "penstock "+strings.Join(args, " "), []byte(a.out+a.errOut))
		}
		wantHidden(t, "GetRun", apiAnswer(t, w, "RunService/GetRun", fmt.Sprintf(`{"id":%q}`, run)))
		for _, e := range storedEvents(t, w, run) {
			encoded, err := proto.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			wantHidden(t, e.GetEvent().GetKind()+" of "+e.GetEvent().GetOpPath(), encoded)
		}
	}
	code.stop()
	wantHidden(t, "what the user-code server writes", []byte(code.out.String()))
	if w.server.stop() != 0 {
		t.Error("the host did not stop well")
	}
	wantHidden(t, "what the host writes", []byte(w.server.out.String()))
	seen := false
	for path, data := range stored(t, filepath.Join(w.dir, "data")) {
		wantHidden(t, path, data)
		seen = seen || bytes.Contains(data, []byte("it runs")) && bytes.Contains(data, []byte("E2E_SECRET"))
	}
	if !seen {
		t.Error("what the ops log is nowhere in the data directory, so this test finds nothing")
	}
}

// TestSecretsAreReferences refuses a value that was typed in place of a reference, before anything is stored.
func TestSecretsAreReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	serveWithSecret(t, w)
	for _, text := range []string{
		"config:\n  vault:\n    token: '" + hidden + "'\n", "config:\n  vault: '" + hidden + "'\n", "config:\n  vault:\n    token: {env: '" + hidden + "'}\n",
		"config:\n  vault:\n    token: !" + strings.ReplaceAll(hidden, " ", "-") + "\n",
	} {
		path := writeConfig(t, w, text)
		for _, args := range [][]string{{"run", "launch", "leaking", "--config", path}, {"run", "launch", "leaking", "--config", path, "--json"}} {
			a := w.want(6, args...)
			wantHidden(t, text, []byte(a.out+a.errOut))
		}
		body := fmt.Sprintf(`{"requestId":"0123456789abcdef0123456789abcdef","job":"leaking","configYaml":%q}`, text)
		wantHidden(t, "LaunchRun", apiAnswer(t, w, "RunService/LaunchRun", body))
		preview := apiAnswer(t, w, "RunService/PreviewRun", `{"launch":`+body+`}`)
		wantHidden(t, "PreviewRun", preview)
		if !bytes.Contains(preview, []byte(`"problems"`)) {
			t.Errorf("the preview has no problems: %s", preview)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	a := w.want(6, "run", "launch", "leaking", "--config", writeConfig(t, w, "config: {vault: {token: "+url.QueryEscape(hidden)+"}}\n"))
	if !strings.Contains(a.errOut, "config.vault.token: a secret takes only a reference such as {env: DB_PASSWORD}") {
		t.Errorf("got %s", a.errOut)
	}
	for variable, want := range map[string]string{"NOT_SET_ANYWHERE": "is not set where the worker runs", "SHORT_SECRET": "has fewer than 4 bytes"} {
		id := w.launch("leaking", "--config", writeConfig(t, w, "config: {vault: {token: {env: "+variable+"}}}\n"))
		reason := fmt.Sprint(w.awaitStatus(id, "FAILURE")["status_reason"])
		if !strings.Contains(reason, "config.vault.token: the environment variable "+variable) || !strings.Contains(reason, want) {
			t.Errorf("%s: %s", variable, reason)
		}
		if list := w.events(id); count(list, "op_started", "") != 0 {
			t.Errorf("user code ran: %+v", list)
		}
	}
	if runs, _ := w.jsonOf("run", "list")["runs"].([]any); len(runs) != 2 {
		t.Errorf("%d runs are stored, want the two that could not read their secret", len(runs))
	}
	w.server.stop()
	wantHidden(t, "what the host writes", []byte(w.server.out.String()))
	for path, data := range stored(t, filepath.Join(w.dir, "data")) {
		wantHidden(t, path, data)
	}
}
