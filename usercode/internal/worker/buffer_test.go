package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

var quiet = slog.New(slog.DiscardHandler)

// noDisk is for buffers that must not need one.
func noDisk() (spoolFile, error) { return nil, errors.New("there is no disk") }

func TestFullBufferMakesOpsWait(t *testing.T) {
	for _, c := range []struct {
		name string
		max  capacity
		fit  int // events of five bytes
	}{
		{"Bytes", capacity{bytes: 10, events: 1000}, 2},
		{"Events", capacity{bytes: 1000, events: 2}, 2},
		{"BytesOnDisk", capacity{bytes: 10, events: 1000, spoolBytes: 30, spoolEvents: 1000, segmentBytes: 1}, 4},
		{"EventsOnDisk", capacity{bytes: 1000, events: 2, spoolBytes: 1000, spoolEvents: 3, segmentBytes: 1}, 5},
		{"NothingFits", capacity{bytes: 1, events: 1}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBuffer(c.max, unnamedFiles(t.TempDir()), quiet)
				defer b.close()
				for range c.fit {
					b.append([]byte("12345"))
				}
				done := false
				go func() { b.append([]byte("12345")); done = true }()
				synctest.Wait()
				if done {
					t.Fatal("an event found room in a full buffer")
				}
				b.ack(uint64(c.fit))
				synctest.Wait()
				if last, acked, _ := b.state(); !done || int(last) != c.fit+1 || int(acked) != c.fit {
					t.Errorf("after an ack: done %v, last %d, acked %d", done, last, acked)
				}
			})
		})
	}
}

func TestCloseLetsWaitingOpsGo(t *testing.T) {
	for name, create := range map[string]func() (spoolFile, error){"Full": nil, "DiskOfNoUse": noDisk} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := capacity{bytes: 1, events: 1}
				if create != nil {
					limits.spoolBytes, limits.spoolEvents = 1000, 1000
				}
				b := newBuffer(limits, create, quiet)
				b.append([]byte("large enough for itself"))
				go b.append([]byte("waits"))
				synctest.Wait()
				b.close()
				b.append([]byte("dropped")) // the bubble ends only when nobody waits
				if _, events := b.batch(1, 10, 10); len(events) != 0 {
					t.Errorf("a closed buffer has %q", events)
				}
			})
		})
	}
}

func TestBatchesAreBounded(t *testing.T) {
	for name, events := range map[string]int{"InMemory": 1000, "OnDisk": 1, "OnBoth": 3} {
		t.Run(name, func(t *testing.T) {
			b := newBuffer(capacity{1000, events, 1000, 1000, 30}, unnamedFiles(t.TempDir()), quiet)
			defer b.close()
			for range 10 {
				b.append([]byte("12345"))
			}
			for _, c := range []struct {
				from       uint64
				n, bytes   int
				first      uint64
				count      int
				wantsFills bool
			}{
				{1, 4, 1000, 1, 4, true},
				{1, 100, 11, 1, 2, true},
				{1, 100, 1, 1, 1, true},
				{9, 4, 1000, 9, 2, false},
				{11, 4, 1000, 11, 0, false},
			} {
				first, events := b.batch(c.from, c.n, c.bytes)
				if first != c.first || len(events) != c.count || b.fills(c.from, c.n, c.bytes) != c.wantsFills {
					t.Errorf("batch(%d, %d, %d): got %d events from %d, fills %v", c.from, c.n, c.bytes, len(events), first, b.fills(c.from, c.n, c.bytes))
				}
			}
		})
	}
}

// inBubble is a test without its deadline, for which a bubble has no clock.
type inBubble struct{ rapid.TB }

// TestBufferKeepsWhatIsNotAcknowledged compares it with a plain list, with limits so small that events go to memory, to
// disk and back, and with a disk that fails now and then.
func TestBufferKeepsWhatIsNotAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(inBubble{t}, func(t *rapid.T) {
			disk := &testDisk{}
			draw := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
			b := newBuffer(capacity{draw("bytes", 60), draw("events", 5), draw("disk", 300), draw("on disk", 10), draw("segment", 100)}, disk.create, quiet)
			var made []string
			acked := 0
			appending := "" // the event that waits for room
			appended := make(chan struct{}, 1)
			settle := func() {
				synctest.Wait()
				select {
				case <-appended:
					made, appending = append(made, appending), ""
				default:
				}
			}
			t.Repeat(map[string]func(*rapid.T){
				"append": func(t *rapid.T) {
					if appending != "" {
						t.Skip("one waits")
					}
					event := fmt.Sprint(len(made)+1, " ", rapid.StringN(0, 20, 20).Draw(t, "event"))
					appending = event
					go func() {
						b.append([]byte(event))
						appended <- struct{}{}
					}()
					settle()
				},
				"ack": func(t *rapid.T) {
					seq := rapid.IntRange(0, len(made)+2).Draw(t, "seq")
					n := len(made)
					b.ack(uint64(seq))
					acked = max(acked, min(seq, n))
					settle()
				},
				"batch": func(t *rapid.T) {
					from := rapid.IntRange(1, len(made)+2).Draw(t, "from")
					most := draw("n", 5)
					first, events := b.batch(uint64(from), most, rapid.IntRange(1, 200).Draw(t, "most bytes"))
					for i, event := range events {
						if seq := int(first) + i; seq <= acked || string(event) != made[seq-1] {
							t.Fatalf("event %d is %q, acked %d", seq, event, acked)
						}
					}
					if len(events) == 0 && max(from, acked+1) <= len(made) || len(events) > most {
						t.Fatalf("%d events from %d, %d made, %d acked", len(events), from, len(made), acked)
					}
				},
				"disk": func(t *rapid.T) {
					disk.failing.Store(rapid.SampledFrom([]string{"", "", "create", "write", "half"}).Draw(t, "failing"))
					<-time.After(2 * spoolRetry)
					settle()
				},
				"": func(t *rapid.T) {
					last, gotAcked, _ := b.state()
					if int(last) != len(made) || int(gotAcked) != acked || acked == len(made) && b.bytes != 0 {
						t.Fatalf("state: last %d, acked %d, %d bytes; want %d, %d", last, gotAcked, b.bytes, len(made), acked)
					}
					if appending != "" && acked == len(made) {
						t.Fatal("an event waits for room, and nothing else is there")
					}
					if b.bytes > max(b.max.bytes, 40) || b.spool.bytes > int64(b.max.spoolBytes) {
						t.Fatalf("%d bytes in memory, %d on disk", b.bytes, b.spool.bytes)
					}
				},
			})
			b.close()
			if settle(); disk.open != 0 || appending != "" {
				t.Fatalf("closed: %d files are open, waiting: %q", disk.open, appending)
			}
		})
	})
}
