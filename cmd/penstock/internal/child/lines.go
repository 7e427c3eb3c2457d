package child

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/penstock-run/penstock/usercode/metadata"
)

const (
	// longestLine is where a line without an end is broken.
	longestLine = 16 << 10
	// tailLines is how many lines are kept for the error of a command that ends at once.
	tailLines = 20
)

// lines writes what a command prints line by line, each with a prefix and inert.
type lines struct {
	to     io.Writer
	prefix string

	mu   sync.Mutex
	part []byte
	kept []string
}

// Write never fails: a terminal that is gone must not end the command.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		line, rest, found := bytes.Cut(l.part, []byte("\n"))
		if !found && len(l.part) < longestLine {
			return len(p), nil
		}
		if len(line) > longestLine {
			line, rest = l.part[:longestLine], l.part[longestLine:]
		}
		l.print(string(line))
		l.part = append(l.part[:0], rest...)
	}
}

// flush prints what came without a line end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.part) > 0 {
		l.print(string(l.part))
		l.part = l.part[:0]
	}
}

// print must be called with mu held.
func (l *lines) print(line string) {
	line = strings.TrimSuffix(line, "\r")
	line = metadata.Inert(strings.ReplaceAll(line, "\t", "    "))
	if len(l.kept) == tailLines {
		l.kept = append(l.kept[:0], l.kept[1:]...)
	}
	l.kept = append(l.kept, line)
	_, _ = io.WriteString(l.to, l.prefix+line+"\n")
}

// say prints a message about the command.
func (l *lines) say(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.to, l.prefix+"penstock: "+metadata.Inert(message)+"\n")
}

// forget drops the lines that were kept.
func (l *lines) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = nil
}

// tail is what was printed last, ready to follow a message.
func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) == 0 {
		return "; it printed nothing"
	}
	return ":\n  " + strings.Join(l.kept, "\n  ")
}
