package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
)

// TestLogIsInert: nothing that others wrote reaches a terminal or a line of its own.
func TestLogIsInert(t *testing.T) {
	hostile := "a\x1b[31mred\nlevel=ERROR msg=forged\r\u009b2J\u202etxt\x7f\x00\xff"
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log, err := newLogger(&out, format, "info")
		if err != nil {
			t.Fatal(err)
		}
		log.Info(hostile, "value", hostile, hostile, 1, "error", errors.New(hostile))
		line := strings.TrimSuffix(out.String(), "\n")
		if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s: the line has %q at %d: %q", format, line[i], i, line)
		}
	}
}

func TestLoggerErrors(t *testing.T) {
	for _, c := range [][2]string{{"xml", "info"}, {"text", "loud"}} {
		if _, err := newLogger(&bytes.Buffer{}, c[0], c[1]); exitCode(&bytes.Buffer{}, err) != exitUsage {
			t.Errorf("a logger of format %q and level %q: %v", c[0], c[1], err)
		}
	}
}
