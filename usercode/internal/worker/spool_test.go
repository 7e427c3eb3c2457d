package worker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// testDisk makes files in memory. One goroutine at a time uses it.
type testDisk struct {
	failing atomic.Value // of string: "create", "write", "half" for what is written only in part
	open    int
	files   []*testFile
}

type testFile struct {
	disk   *testDisk
	data   []byte
	closed bool
}

func (d *testDisk) create() (spoolFile, error) {
	if d.failing.Load() == "create" {
		return nil, errors.New("the disk makes no file")
	}
	d.open++
	f := &testFile{disk: d}
	d.files = append(d.files, f)
	return f, nil
}

func (f *testFile) WriteAt(p []byte, at int64) (int, error) {
	n := len(p)
	switch f.disk.failing.Load() {
	case "write":
		n = 0
	case "half":
		n /= 2
	}
	f.data = append(f.data, make([]byte, max(0, int(at)+n-len(f.data)))...)
	copy(f.data[at:], p[:n])
	if n < len(p) {
		return n, errors.New("the disk is full")
	}
	return n, nil
}

func (f *testFile) ReadAt(p []byte, at int64) (int, error) {
	if f.closed {
		return 0, os.ErrClosed
	}
	n := copy(p, f.data[min(int(at), len(f.data)):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *testFile) Close() error {
	if f.closed {
		return os.ErrClosed
	}
	f.closed = true
	f.disk.open--
	return nil
}

func TestEventThatIsNotReadBackIsReplaced(t *testing.T) {
	for name, damage := range map[string]struct {
		do   func(f *testFile)
		lost string // of events 2 to 4, which are on disk
	}{
		"Changed": {func(f *testFile) { f.data[frameBytes+5+frameBytes] ^= 1 }, "3"},
		"Length":  {func(f *testFile) { f.data[0]++ }, "2"},
		"Gone":    {func(f *testFile) { f.data = f.data[:frameBytes+4] }, "234"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			disk := &testDisk{}
			b := newBuffer(capacity{1, 1, 1000, 1000, 1000}, disk.create, slog.New(slog.NewTextHandler(&log, nil)))
			for i := range 4 {
				b.append(fmt.Appendf(nil, "even%d", i+1))
			}
			damage.do(disk.files[0])
			first, events := b.batch(1, 10, 1000)
			if first != 1 || len(events) != 4 {
				t.Fatalf("got %d events from %d", len(events), first)
			}
			lost := ""
			for i, event := range events {
				ev := &workerv1.Event{}
				if proto.Unmarshal(event, ev) == nil && ev.GetKind() == "lost" {
					lost += fmt.Sprint(i + 1)
				} else if string(event) != fmt.Sprint("even", i+1) {
					t.Errorf("event %d is %q", i+1, event)
				}
			}
			if lost != damage.lost || strings.Count(log.String(), "cannot be read back") != len(lost) {
				t.Errorf("lost %q, want %q; log:\n%s", lost, damage.lost, log.String())
			}
		})
	}
}

func TestDiskIsGivenBack(t *testing.T) {
	disk := &testDisk{}
	b := newBuffer(capacity{5, 1, 1000, 1000, 30}, disk.create, quiet)
	for range 10 {
		b.append([]byte("12345"))
	}
	if disk.open < 3 {
		t.Fatalf("%d files for nine events, want several", disk.open)
	}
	b.ack(9)
	if disk.open != 1 {
		t.Errorf("%d files for one event", disk.open)
	}
	b.ack(10)
	if disk.open != 0 || b.spool.bytes != 0 {
		t.Errorf("%d files with %d bytes for none", disk.open, b.spool.bytes)
	}
	b.append([]byte("12345"))
	if disk.open != 0 {
		t.Error("an event that has room in memory went to disk")
	}
}

// TestFullDiskMakesOpsWait has the real error of a full disk, and then a disk with room.
func TestFullDiskMakesOpsWait(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it needs the device /dev/full")
	}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var full atomic.Bool
		full.Store(true)
		roomy := unnamedFiles(t.TempDir())
		create := func() (spoolFile, error) {
			if full.Load() {
				return os.OpenFile("/dev/full", os.O_RDWR, 0)
			}
			return roomy()
		}
		b := newBuffer(capacity{5, 1, 1000, 1000, 30}, create, slog.New(slog.NewTextHandler(&log, nil)))
		defer b.close()
		b.append([]byte("event 1"))
		var done atomic.Int64
		done.Store(1)
		go func() {
			for i := 2; i <= 9; i++ {
				b.append(fmt.Appendf(nil, "event %d", i))
				done.Store(int64(i))
			}
		}()
		<-time.After(10 * spoolRetry)
		if synctest.Wait(); done.Load() != 1 {
			t.Fatalf("%d events went to a full disk", done.Load()-1)
		}
		b.ack(1) // makes room in memory for one
		if synctest.Wait(); done.Load() != 2 {
			t.Fatalf("%d events were taken, want 2", done.Load())
		}
		full.Store(false)
		<-time.After(2 * spoolRetry)
		if synctest.Wait(); done.Load() != 9 {
			t.Fatalf("%d events were taken, want 9", done.Load())
		}
		first, events := b.batch(1, 100, 1000)
		for i, event := range events {
			if string(event) != fmt.Sprint("event ", int(first)+i) {
				t.Errorf("event %d is %q", int(first)+i, event)
			}
		}
		if first != 2 || len(events) != 8 || strings.Count(log.String(), "cannot be written to disk") != 1 ||
			!strings.Contains(log.String(), "no space left on device") || strings.Count(log.String(), "written to disk again") != 1 {
			t.Errorf("%d events from %d, log:\n%s", len(events), first, log.String())
		}
	})
}

func BenchmarkSpool(b *testing.B) {
	event := bytes.Repeat([]byte("x"), 200)
	buf := newBuffer(capacity{1, 1, 1 << 30, 1 << 30, segmentBytes}, unnamedFiles(b.TempDir()), quiet)
	defer buf.close()
	b.SetBytes(int64(len(event)))
	seq := uint64(0)
	for b.Loop() {
		buf.append(event)
		if seq++; seq%256 == 0 {
			first, events := buf.batch(seq-255, 256, 1<<20)
			buf.ack(first + uint64(len(events)) - 1)
		}
	}
}

// limitFiles makes the disk of a worker process under test end where the test says. What it writes beyond is an error, as
// on a disk that is full.
func limitFiles() {
	most, err := strconv.ParseUint(os.Getenv("PENSTOCK_TEST_FILE_BYTES"), 10, 64)
	if err != nil {
		return // there is no limit
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		panic(err)
	}
}

// TestSpoolIsReplayed has a host that goes away while a run reports more than fits in memory, and, in one case, than fits
// on disk.
func TestSpoolIsReplayed(t *testing.T) {
	for name, fileBytes := range map[string]string{"Disk": "", "FullDisk": "40000"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PENSTOCK_TEST_FILE_BYTES", fileBytes)
			h := newHost(t, "chatty")
			h.tags["lines"] = "10000"
			h.welcome.Limits = &workerv1.WorkerLimits{BatchEvents: 200, BatchDelay: durationpb.New(time.Millisecond)}
			h.batch = func(int, *hostStream, *workerv1.EventBatch) action { return breakOnly }
			p := start(t, h.listen().assignment())
			if fileBytes == "" {
				eventually(t, "the end of the op", func() bool { return strings.Contains(h.marker(), "talked") })
			} else {
				eventually(t, "a full disk", func() bool { return strings.Contains(p.stderr.String(), "cannot be written to disk") })
			}
			h.stop() // a restart
			h.batch = nil
			h.listen()
			p.wantExit(t, ExitDelivered)
			h.wantEnd(success)
			line := 0
			for _, ev := range h.decoded() {
				if ev.GetLog() == nil {
					continue
				}
				if want := fmt.Sprint("line ", line); ev.GetMessage() != want {
					t.Fatalf("got %q, want %q", ev.GetMessage(), want)
				}
				line++
			}
			if line != 10000 {
				t.Errorf("%d lines are stored", line)
			}
		})
	}
}

func TestSpoolNeedsItsDirectoryOnlyWhenItIsUsed(t *testing.T) {
	h := newHost(t, "quick").listen()
	a := h.assignment()
	a.SpoolDir = filepath.Join(t.TempDir(), "not there")
	start(t, a).wantExit(t, ExitDelivered)
	h.wantEnd(success)
}
