package usercode

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var soundOp = NewTask("sound", func(context.Context) error { return nil })

func soundRepository() *Repository {
	return NewRepository("sound", NewJob("job", func(g *Graph) { soundOp(g) }, Tags{"a": 1}, Metadata{"b": 1, "c": 2}))
}

// call runs a command line as the binary "orders" would.
func call(t *testing.T, repos []*Repository, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := commandLine{name: "orders", stdout: &out, stderr: &errs, getenv: func(name string) string { return env[name] }, repos: repos}
	code = c.run(t.Context(), args)
	return code, out.String(), errs.String()
}

func TestCommandLine(t *testing.T) {
	sound := []*Repository{soundRepository(), NewRepository("empty")}
	broken := []*Repository{NewRepository("broken", NewJob("a", nil), NewJob("b", nil))}
	loud := []*Repository{NewRepository("loud", NewJob("a", func(*Graph) { panic("red \x1b[31m\nand more") }))}
	empty := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		repos          []*Repository
		args           string
		code           int
		stdout, stderr []string // each text has to be there; none: nothing may be
	}{
		"Nothing":           {sound, "", exitUsage, nil, []string{"orders serve [flags]", "orders check", "orders describe"}},
		"Help":              {sound, "help", exitOK, []string{"orders serve [flags]"}, nil},
		"ServeHelp":         {sound, "serve -h", exitOK, []string{"-listen", "-token-file", "-tls-cert", "-tls-key", "-insecure", "-code-version", "-image", "-spool-dir", "-max-workers", "-host-ca", "-min-host", "-drain"}, nil},
		"Unknown":           {sound, "start", exitUsage, nil, []string{`orders: unknown command "start"; the commands are serve, check and describe`}},
		"CheckArguments":    {sound, "check now", exitUsage, nil, []string{`check: it takes flags only; got "now"`}},
		"DescribeArguments": {sound, "describe now", exitUsage, nil, []string{`describe takes no arguments; got "now"`}},
		"BadDrain":          {sound, "serve --drain -1s", exitUsage, nil, []string{"--drain is -1s; give a time such as 10m"}},
		"BadDrainTime":      {sound, "serve --drain 10", exitUsage, nil, []string{`invalid value "10" for flag -drain`}},
		"BadMinHost":        {sound, "serve --min-host latest", exitUsage, nil, []string{`--min-host: read version "latest"`, "such as 0."}},
		"ServeArguments":    {sound, "serve now", exitUsage, nil, []string{`serve takes flags only; got "now"`}},
		"UnknownFlag":       {sound, "serve --port 1", exitUsage, nil, []string{"flag provided but not defined: -port"}},
		"BadWorkers":        {sound, "serve --max-workers -1", exitUsage, nil, []string{"--max-workers is -1"}},
		"BadListen":         {sound, "serve --listen 4266", exitUsage, nil, []string{`listen on "4266": it is not HOST:PORT`}},
		"OpenListen":        {sound, "serve --listen 0.0.0.0:0", exitUsage, nil, []string{"others can reach it", "--tls-cert", "--insecure"}},
		"EmptyHost":         {sound, "serve --listen :0", exitUsage, nil, []string{"others can reach it"}},
		"HalfTLS":           {sound, "serve --tls-cert x", exitUsage, nil, []string{"go together"}},
		"NoTokenFile":       {sound, "serve --token-file no-such-file", exitError, nil, []string{"read the token", "no-such-file"}},
		"EmptyToken":        {sound, "serve --token-file " + empty, exitError, nil, []string{"is empty"}},
		"ServeBroken":       {broken, "serve --listen 127.0.0.1:0", exitError, nil, []string{`job "a" of repository "broken"`, `job "b" of repository "broken"`, "2 problems"}},
		"CheckSound":        {sound, "check", exitOK, []string{"sound       job  1     2         0", "empty       (no jobs)", "All definitions are sound."}, nil},
		"CheckBroken":       {broken, "check", exitError, nil, []string{`job "a" of repository "broken": its body is nil`, `job "b"`, "definitions are wrong: 2 problems"}},
		"CheckLoud":         {loud, "check", exitError, nil, []string{`its body panicked: red \x1b[31m` + "\nand more (", "definitions are wrong: 1 problem\n"}},
		"CheckNothing":      {nil, "check", exitError, nil, []string{"there is no repository"}},
		"Describe":          {sound, "describe", exitOK, []string{`"name": "sound"`}, nil},
		"DescribeBroken":    {broken, "describe", exitError, nil, []string{`job "a"`}},
	}
	RunWorkerIfAsked() // as Main does
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := call(t, test.repos, nil, strings.Fields(test.args)...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			holds(t, "stdout", stdout, test.stdout)
			holds(t, "stderr", stderr, test.stderr)
		})
	}
}

func holds(t *testing.T, what, got string, want []string) {
	t.Helper()
	if len(want) == 0 && got != "" {
		t.Errorf("%s: got %q, want nothing", what, got)
	}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s: %q is not in\n%s", what, w, got)
		}
	}
}

func TestCodeVersion(t *testing.T) {
	c := commandLine{getenv: func(name string) string { return map[string]string{"PENSTOCK_CODE_VERSION": "v1"}[name] }}
	if got := c.version(); got != "v1" {
		t.Errorf("got %q, want that of the environment", got)
	}
	c.getenv = func(string) string { return "" }
	codeVersion = "abc"
	defer func() { codeVersion = "" }()
	if got := c.version(); got != "abc" {
		t.Errorf("got %q, want that of the build", got)
	}
}
