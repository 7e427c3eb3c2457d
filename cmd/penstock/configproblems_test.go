package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// unknownFields are lines with a field each that no configuration has.
func unknownFields(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "field%d%s: 1\n", i, strings.Repeat("x", 200))
	}
	return text.String()
}

// A file of another kind is answered with its first problems, and their number.
func TestConfigProblemsAreBounded(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{
		"locations: []\n" + unknownFields(5000),
		"locations:\n" + strings.Repeat("- {}\n", 500),
	} {
		_, err := readerOf(write(t, dir, "p.yaml", text)).read()
		var wrong *configError
		if !errors.As(err, &wrong) || len(wrong.lines) != maxConfigProblems+1 || len(err.Error()) > 64<<10 || !strings.HasSuffix(err.Error(), " more") {
			t.Errorf("got %.300s", err)
		}
	}
}
