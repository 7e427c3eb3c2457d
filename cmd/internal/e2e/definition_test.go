package e2e

import (
	"net"
	"regexp"
	"strings"
	"testing"
)

// TestWrongDefinitions: a binary with wrong definitions says all that is wrong with them, each with its line and what
// to do, and serves nothing.
func TestWrongDefinitions(t *testing.T) {
	t.Parallel()
	listen := freeAddress(4266)
	for _, args := range [][]string{{"check"}, {"describe"}, {"serve", "--listen", listen}} {
		p := run(t, t.TempDir(), wrongcode, args...)
		if code := p.exited(); code != 1 {
			t.Errorf("%s: exit code %d, want 1", args[0], code)
		}
		text := p.out.String()
		for _, want := range []string{
			`job "twice" .*: there is another job of this name .*main\.go:\d+; rename one \(.*main\.go:\d+\)`,
			`job "empty" .*: it is empty; place at least one op in its body \(.*main\.go:\d+\)`,
			`job "unconvertible" .*: metadata "channel": a Go chan int has no kind of its own; use metadata\.Text .*main\.go:\d+\)`,
			`job "unconvertible" .*: metadata "function": a Go func\(\) .*main\.go:\d+\)`,
			`job "foreign_value" .*: input of "show": the Value belongs to another graph, "owner_of_value"; .*main\.go:\d+\)`,
			`job "panicking" .*: its body panicked: no luck \\x1b\[31mtoday \(.*main\.go:\d+\)`,
			`job "tagged" .*: tag "bad key" = "x": .*; use .*main\.go:\d+\)`,
			`job "tagged" .*: tag "penstock/priority" = "high": use a whole number .*main\.go:\d+\)`,
			`job "tagged" .*: tag "penstock/run_key" = "mine": penstock/ belongs to the system; .*main\.go:\d+\)`,
			`job "no name" .*: the name "no name" holds ' '; use .*main\.go:\d+\)`,
		} {
			if !regexp.MustCompile("(?m)^" + want + "$").MatchString(text) {
				t.Errorf("%s lacks a line like %s:\n%s", args[0], want, text)
			}
		}
		if !strings.Contains(text, "wrongcode: definitions are wrong: 10 problems\n") || strings.Contains(text, "serving") {
			t.Errorf("%s:\n%s", args[0], text)
		}
	}
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listen); err == nil {
		_ = conn.Close()
		t.Error("wrong definitions are served")
	}
}

func TestUserCodePortInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.serve(testcode)
	second := run(t, w.dir, testcode, "serve", "--listen", w.code)
	if code, text := second.exited(), second.out.String(); code != 1 || !strings.Contains(text, w.code) || !strings.Contains(text, "--listen") {
		t.Errorf("exit code %d\n%s", code, text)
	}
	if code := first.stop(); code != 0 {
		t.Errorf("the first one: exit code %d", code)
	}
}
