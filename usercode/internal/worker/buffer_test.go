package worker

import (
	"fmt"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

func TestFullBufferMakesOpsWait(t *testing.T) {
	for name, limits := range map[string][2]int{"ByBytes": {10, 1000}, "ByEvents": {1000, 2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBuffer(limits[0], limits[1])
				b.append([]byte("12345"))
				b.append([]byte("12345"))
				done := false
				go func() { b.append([]byte("1")); done = true }()
				synctest.Wait()
				if done {
					t.Fatal("an event found room in a full buffer")
				}
				b.ack(1)
				synctest.Wait()
				if last, acked, _ := b.state(); !done || last != 3 || acked != 1 {
					t.Errorf("after an ack: done %v, last %d, acked %d", done, last, acked)
				}
			})
		})
	}
}

func TestCloseLetsWaitingOpsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer(1, 1)
		b.append([]byte("large enough for itself"))
		go b.append([]byte("waits"))
		synctest.Wait()
		b.close()
		b.append([]byte("dropped")) // the bubble ends only when nobody waits
		if _, events := b.batch(1, 10, 10); len(events) != 0 {
			t.Errorf("a closed buffer has %q", events)
		}
	})
}

func TestBatchesAreBounded(t *testing.T) {
	b := newBuffer(1000, 1000)
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
}

// TestBufferKeepsWhatIsNotAcknowledged compares it with a plain list.
func TestBufferKeepsWhatIsNotAcknowledged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBuffer(1<<20, 1000)
		var made []string
		acked := 0
		t.Repeat(map[string]func(*rapid.T){
			"append": func(*rapid.T) {
				event := fmt.Sprint("event ", len(made)+1)
				made = append(made, event)
				b.append([]byte(event))
			},
			"ack": func(t *rapid.T) {
				seq := rapid.IntRange(0, len(made)+2).Draw(t, "seq")
				b.ack(uint64(seq))
				acked = max(acked, min(seq, len(made)))
			},
			"batch": func(t *rapid.T) {
				from := rapid.IntRange(1, len(made)+2).Draw(t, "from")
				first, events := b.batch(uint64(from), rapid.IntRange(1, 5).Draw(t, "n"), 1<<10)
				for i, event := range events {
					if seq := int(first) + i; seq <= acked || string(event) != made[seq-1] {
						t.Fatalf("event %d is %q, acked %d", seq, event, acked)
					}
				}
				if len(events) == 0 && max(from, acked+1) <= len(made) {
					t.Fatalf("nothing from %d, %d made, %d acked", from, len(made), acked)
				}
			},
			"": func(t *rapid.T) {
				last, gotAcked, _ := b.state()
				if int(last) != len(made) || int(gotAcked) != acked || acked == len(made) && b.bytes != 0 {
					t.Fatalf("state: last %d, acked %d, %d bytes; want %d, %d", last, gotAcked, b.bytes, len(made), acked)
				}
			},
		})
	})
}
