package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/internal/worker"
)

// outputWith is a worker's output, with the names of its secrets.
func outputWith(t *testing.T, names, text string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if _, err := f.WriteAt([]byte(names), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(text), worker.OutputHeader); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTail(t *testing.T) {
	env := func(variable string) (string, bool) {
		value, ok := map[string]string{"TOKEN": "hunter2", "KEY": "line one\nline two", "SHORT": "abc"}[variable]
		return value, ok
	}
	long := strings.Repeat("x", maxTailBytes)
	for name, c := range map[string]struct{ names, text, want string }{
		"Nothing":      {"", "", ""},
		"NoSecrets":    {"", "panic: hunter2", "panic: hunter2"},
		"Secret":       {"TOKEN\n", "panic: hunter2", "panic: ***"},
		"Secrets":      {"KEY\nTOKEN\n", "panic: hunter2, line one\n\tline two", "panic: ***, ***\n\t***"},
		"CutInTwo":     {"TOKEN\n", "hunter2" + long[:maxTailBytes-3], "***" + long[:maxTailBytes-3]},
		"CutAway":      {"TOKEN\n", "hunter2" + long, long},
		"CutFarBefore": {"TOKEN\n", "hunter2" + long + long[:maxTailBytes-3], long},
		"Missing":      {"TOKEN\nMISSING\n", "panic: hunter2", withheld},
		"Short":        {"SHORT\n", "panic: abc", withheld},
		"TooMany":      {"\n", "panic: hunter2", withheld},
		"Damaged":      {"TOK\x00EN\n", "panic: hunter2", withheld},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(tailOf(outputWith(t, c.names, c.text), env)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
