package evaluate

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/penstock-run/penstock/usercode/internal/mask"
)

const (
	// maxLineBytes is how much of one line is kept, maxStackLines how much of the stack of a panic.
	maxLineBytes  = 4 << 10
	maxStackLines = 20
)

// lines collects what a function logs, until somebody has them.
type lines struct {
	mu     sync.Mutex
	kept   []string
	size   int
	more   int // that were left out
	closed bool
}

func (l *lines) logger() *slog.Logger {
	text := &bytes.Buffer{}
	return slog.New(&lineHandler{lines: l, text: text, attrs: slog.NewTextHandler(text, nil)})
}

// lineHandler writes records as lines: "INFO found files count=3".
type lineHandler struct {
	lines *lines
	text  *bytes.Buffer // what attrs writes to; guarded by lines.mu
	attrs slog.Handler
}

func (h *lineHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{lines: h.lines, text: h.text, attrs: h.attrs.WithAttrs(attrs)}
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	return &lineHandler{lines: h.lines, text: h.text, attrs: h.attrs.WithGroup(name)}
}

func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	h.lines.mu.Lock()
	defer h.lines.mu.Unlock()
	h.text.Reset()
	bare := slog.NewRecord(time.Time{}, r.Level, "", 0)
	r.Attrs(func(a slog.Attr) bool {
		bare.AddAttrs(a)
		return true
	})
	if err := h.attrs.Handle(ctx, bare); err != nil {
		return err
	}
	attributes := strings.TrimPrefix(h.text.String(), fmt.Sprintf("level=%s msg=\"\"", r.Level))
	h.lines.add(r.Level.String() + " " + r.Message + strings.TrimRight(attributes, "\n"))
	return nil
}

// add takes one line. The caller has the lock. Values of secrets in what is cut are found at the cut, too.
func (l *lines) add(line string) {
	line = oneLine(clean(line, maxLineBytes))
	if l.closed {
		return
	}
	if l.size+len(line)+1 > maxLogBytes-lastLineBytes {
		l.more++
		return
	}
	l.size += len(line) + 1
	l.kept = append(l.kept, line)
}

// lastLineBytes is room for the line that says how many were left out.
const lastLineBytes = 64

// stack adds the first lines of a stack, without those of the panic itself.
func (l *lines) stack(stack []byte) {
	all := strings.Split(strings.TrimSpace(string(stack)), "\n")
	for i, line := range all {
		if strings.HasPrefix(line, "panic(") && i+2 < len(all) {
			all = all[i+2:] // the call and its place
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range all[:min(len(all), maxStackLines)] {
		l.add(line)
	}
}

// close answers the lines; what is logged from here on is dropped.
func (l *lines) close(masker *mask.Masker) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for i, line := range l.kept {
		l.kept[i] = masker.String(line)
	}
	if l.more > 0 {
		l.kept = append(l.kept, fmt.Sprintf("… and %d lines more", l.more))
	}
	return l.kept
}

// oneLine writes a tab or a line break as a space.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
