package main

import (
	"bytes"
	"io"
	"os"
	"strconv"
)

// liveLine is the last line of a terminal, which is written anew as something goes on. What else is printed meanwhile goes
// through over, and stands above it. A nil liveLine prints no line, and changes nothing of the rest. It is not for several
// goroutines.
type liveLine struct {
	w     io.Writer
	width int
	text  string
}

// defaultWidth is that of a terminal which does not say how wide it is.
const defaultWidth = 80

// newLiveLine is a line on w if that is a terminal, and nil otherwise.
func newLiveLine(w io.Writer) *liveLine {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return nil
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || width < 20 {
		width = defaultWidth
	}
	return &liveLine{w: w, width: width}
}

// show writes the line; an empty one is taken away. The text has to be inert.
func (l *liveLine) show(text string) {
	if l == nil || text == l.text {
		return
	}
	l.erase()
	l.text = text
	l.draw()
}

// A line that is as wide as the terminal would begin another.
func (l *liveLine) draw() {
	if l.text != "" {
		_, _ = io.WriteString(l.w, clip(l.text, l.width-1)) // what cannot be drawn is not missed
	}
}

func (l *liveLine) erase() {
	if l.text != "" {
		_, _ = io.WriteString(l.w, "\r\x1b[K")
	}
}

// over is w for what is to stand above the line.
func (l *liveLine) over(w io.Writer) io.Writer {
	if l == nil {
		return w
	}
	return &aboveLine{line: l, w: w}
}

type aboveLine struct {
	line *liveLine
	w    io.Writer
	// open is set while the last line that was printed has no end.
	open bool
}

// Write prints b above the line.
func (a *aboveLine) Write(b []byte) (int, error) {
	if !a.open {
		a.line.erase()
	}
	n, err := a.w.Write(b)
	a.open = !bytes.HasSuffix(b, []byte("\n"))
	if !a.open {
		a.line.draw()
	}
	return n, err
}
