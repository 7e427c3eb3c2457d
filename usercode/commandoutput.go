package usercode

import (
	"io"
	"strings"
)

// maxKept is how much of one stream of a command is kept; both together are 64 MiB.
const maxKept = 32 << 20

// keptOutput passes on what is written to it, and keeps the last of it. It is written to by one goroutine.
type keptOutput struct {
	to   io.Writer
	kept tail
}

// Write never fails: a program must not end because of what becomes of its output.
func (o *keptOutput) Write(p []byte) (int, error) {
	o.kept.write(p)
	_, _ = o.to.Write(p) // as said
	return len(p), nil
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
