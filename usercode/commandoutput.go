package usercode

import (
	"bytes"
	"log/slog"
	"strings"
)

const (
	// maxKept is how much of one stream of a command is kept; both together are 64 MiB.
	maxKept = 32 << 20
	// maxLine is where a line is cut in two, so that output without line ends is logged as it comes.
	maxLine = 32 << 10
)

// lineLog logs what is written to it line by line, and keeps the last of it. It is written to by one goroutine.
type lineLog struct {
	log     *slog.Logger
	partial []byte
	kept    tail
}

// Write never fails: a program must not end because of what becomes of its output.
func (l *lineLog) Write(p []byte) (int, error) {
	l.kept.write(p)
	for rest := p; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		take := min(maxLine-len(l.partial), len(rest))
		if end >= 0 && end < take {
			l.partial = append(l.partial, rest[:end]...)
			rest = rest[end+1:]
			l.flushLine()
			continue
		}
		l.partial = append(l.partial, rest[:take]...)
		rest = rest[take:]
		if len(l.partial) >= maxLine {
			l.flushLine()
		}
	}
	return len(p), nil
}

// flush logs what came after the last line end.
func (l *lineLog) flush() {
	if len(l.partial) > 0 {
		l.flushLine()
	}
}

func (l *lineLog) flushLine() {
	l.log.Info(strings.ToValidUTF8(strings.TrimSuffix(string(l.partial), "\r"), "\uFFFD"))
	l.partial = l.partial[:0]
}

// tail keeps the last maxKept bytes of what is written to it. It grows to twice that and is then moved down, so that
// each byte is moved once on average.
type tail struct {
	bytes   []byte
	dropped int64
}

func (t *tail) write(p []byte) {
	if over := len(p) - maxKept; over > 0 {
		t.dropped += int64(over)
		p = p[over:]
	}
	if len(t.bytes)+len(p) > 2*maxKept {
		t.trim(maxKept - len(p))
	}
	t.bytes = append(t.bytes, p...)
}

func (t *tail) trim(keep int) {
	if over := len(t.bytes) - keep; over > 0 {
		t.dropped += int64(over)
		t.bytes = append(t.bytes[:0], t.bytes[over:]...)
	}
}

func (t *tail) text() string {
	t.trim(maxKept)
	return string(t.bytes)
}

func (t *tail) last(n int) string {
	return strings.ToValidUTF8(string(t.bytes[max(0, len(t.bytes)-n):]), "")
}
