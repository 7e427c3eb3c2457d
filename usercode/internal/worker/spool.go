package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"sync"

	"google.golang.org/protobuf/proto"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// spool keeps events on disk, in order, in files that have no names. Nothing of it outlives the process, so nothing is
// synced: whatever loses what the system has not written yet ends the process as well. What it remembers is guarded by the
// lock of the buffer; files are read and written without it, so that a slow disk does not keep the worker from saying that
// it lives.
//
// A file holds frames: the length of the event, its CRC-32C, the event.
type spool struct {
	create   func() (spoolFile, error)
	most     int64      // a file of this size gets no more events
	segments []*segment // oldest first
	writing  *segment   // is not let go of
	bytes    int64      // of all segments
	count    int        // events that are not acknowledged
}

// spoolFile is what is needed of a file.
type spoolFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// segment is one file.
type segment struct {
	file  spoolFile
	first int64    // where the oldest event that is not acknowledged begins
	sizes []uint32 // of events that are not acknowledged
	end   int64    // where the next one goes; only who appends changes it
}

const (
	frameBytes = 8
	// segmentBytes is the size from which on a file gets no more events. Its disk is given back when all are acknowledged.
	segmentBytes = 8 << 20
)

// castagnoli is made when it is needed first, which for most workers is never.
var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// unnamedFiles makes files in a directory that go away with the process.
func unnamedFiles(dir string) func() (spoolFile, error) {
	return func() (spoolFile, error) {
		f, err := os.CreateTemp(dir, "penstock-spool-")
		if err != nil {
			return nil, err
		}
		if err := os.Remove(f.Name()); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

// target is the file for the next event, nil when it takes a new one.
func (s *spool) target() *segment {
	if n := len(s.segments); n > 0 && s.segments[n-1].end < s.most {
		return s.segments[n-1]
	}
	return nil
}

// write appends an event to a segment that was reserved in writing, or makes one. It is called without the lock. An error
// leaves what was there as it is.
func (s *spool) write(into *segment, event []byte) (*segment, error) {
	if into == nil {
		file, err := s.create()
		if err != nil {
			return nil, err
		}
		into = &segment{file: file}
	}
	frame := binary.LittleEndian.AppendUint32(make([]byte, 0, frameBytes+len(event)), uint32(len(event)))
	frame = binary.LittleEndian.AppendUint32(frame, crc32.Checksum(event, castagnoli()))
	_, err := into.file.WriteAt(append(frame, event...), into.end)
	return into, err
}

// add makes an event that was written count.
func (s *spool) add(to *segment, size int) {
	if n := len(s.segments); n == 0 || s.segments[n-1] != to {
		s.segments = append(s.segments, to)
	}
	to.sizes = append(to.sizes, uint32(size))
	to.end += frameBytes + int64(size)
	s.bytes += frameBytes + int64(size)
	s.count++
}

// drop forgets the n oldest events, and gives back the disk of files that hold no other.
func (s *spool) drop(n int) {
	s.count -= n
	for _, seg := range s.segments {
		k := min(n, len(seg.sizes))
		for _, size := range seg.sizes[:k] {
			seg.first += frameBytes + int64(size)
		}
		seg.sizes = seg.sizes[k:]
		n -= k
	}
	for len(s.segments) > 0 && len(s.segments[0].sizes) == 0 && s.segments[0] != s.writing {
		s.bytes -= s.segments[0].end
		_ = s.segments[0].file.Close() // it was only needed while it was open
		s.segments = s.segments[1:]
	}
}

// close gives back all files.
func (s *spool) close() {
	for _, seg := range s.segments {
		if seg != s.writing {
			_ = seg.file.Close() // as above
		}
	}
	s.segments, s.bytes, s.count = nil, 0, 0
}

// sizes are those of the events after the first skip ones.
func (s *spool) sizes(skip int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, seg := range s.segments {
			k := min(skip, len(seg.sizes))
			skip -= k
			for _, size := range seg.sizes[k:] {
				if !yield(int(size)) {
					return
				}
			}
		}
	}
}

// stretch is a part of a file, with whole frames.
type stretch struct {
	file  spoolFile
	from  int64
	sizes []uint32
}

// stretches are where events are: n of them after the first skip ones.
func (s *spool) stretches(skip, n int) []stretch {
	var all []stretch
	for _, seg := range s.segments {
		k := min(skip, len(seg.sizes))
		skip -= k
		m := min(n, len(seg.sizes)-k)
		n -= m
		if m == 0 {
			continue
		}
		from := seg.first
		for _, size := range seg.sizes[:k] {
			from += frameBytes + int64(size)
		}
		all = append(all, stretch{seg.file, from, seg.sizes[k : k+m : k+m]})
	}
	return all
}

// read reads the events of a stretch. The error is of the whole; an event that is not what was written is nil.
func (t stretch) read() ([][]byte, error) {
	total := 0
	for _, size := range t.sizes {
		total += frameBytes + int(size)
	}
	data := make([]byte, total)
	if n, err := t.file.ReadAt(data, t.from); n < total {
		return nil, fmt.Errorf("read %d bytes: %w", total, err)
	}
	var events [][]byte
	for _, size := range t.sizes {
		event := data[frameBytes : frameBytes+size : frameBytes+size]
		if binary.LittleEndian.Uint32(data) != size || binary.LittleEndian.Uint32(data[4:]) != crc32.Checksum(event, castagnoli()) {
			event = nil
		}
		events, data = append(events, event), data[frameBytes+size:]
	}
	return events, nil
}

// lostEvent stands for one that cannot be read back: a gap would end the attempt, and everything after it.
func lostEvent() []byte {
	event, _ := proto.Marshal(&workerv1.Event{ // always encodes
		Kind: "lost", Message: "An event was lost: what the worker had written to its disk is not what it reads from it",
	})
	return event
}
