package engine

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// TestStreamKeepsOrderAndCount writes and ticks at random, and puts together what comes out.
func TestStreamKeepsOrderAndCount(t *testing.T) {
	input := make([]byte, 24<<20) // what is written, from its beginning
	for i := range input {
		input[i] = byte(i * i >> 8)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := budget{rapid.IntRange(0, 20<<20).Draw(t, "heads"), rapid.IntRange(0, 4<<20).Draw(t, "tails")}
		all := b
		var s stream
		in, at, sent := 0, 0, 0 // bytes that were written, are accounted for, came out
		check := func(pieces []piece) {
			for _, p := range pieces {
				at += int(p.skipped)
				if !bytes.Equal(p.data, input[at:at+len(p.data)]) {
					t.Fatalf("%d bytes at %d are not what was written there", len(p.data), at)
				}
				at += len(p.data)
				sent += len(p.data)
			}
		}
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				n := rapid.SampledFrom([]int{1, 100, 64 << 10, 1_500_000}).Draw(t, "bytes")
				s.write(input[in:in+n], &b, maxPending-len(s.pending))
				in += n
			case 2:
				check(s.tick(&b))
			case 3:
				for range sampleTicks {
					check(s.tick(&b))
				}
			}
			if len(s.pending) > maxPending || len(s.rest.bytes) > 2*maxCapturedTail {
				t.Fatalf("%d bytes are pending, %d are kept", len(s.pending), len(s.rest.bytes))
			}
		}
		check(s.end(&b))
		if at != in || b.heads < 0 || b.tails < 0 || sent != all.heads-b.heads+all.tails-b.tails {
			t.Fatalf("%d of %d bytes are accounted for, %d sent; budget %v, was %v", at, in, sent, b, all)
		}
	})
}

func TestLineWithoutAnEndWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := attempt(place("op", reporting(func(_ context.Context, e *spec.Execution) error {
			out := e.Reports.Output(1)
			fmt.Fprint(out, "whole\nhalf")
			<-time.After(100 * time.Millisecond)
			fmt.Fprint(out, " a line\nprompt> ")
			<-time.After(2 * time.Second)
			return nil
		})))
		r, _ := execute(t, t.Context(), a, Options{})
		var got []string
		for _, ev := range r.events {
			if c := ev.GetCaptured(); c != nil {
				got = append(got, string(c.GetData()))
			}
		}
		if want := `["whole\n" "half a line\n" "prompt> "]`; fmt.Sprintf("%q", got) != want {
			t.Errorf("got %q, want %s", got, want)
		}
	})
}

// TestEndlessOutputIsSampledAndItsEndKept writes for a minute more than is stored as it comes.
func TestEndlessOutputIsSampledAndItsEndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		total := 0
		a := attempt(place("op", reporting(func(_ context.Context, e *spec.Execution) error {
			out := e.Reports.Output(1)
			line := []byte(strings.Repeat("x", 1023) + "\n")
			for range 60 {
				for range 1 << 10 {
					n, err := out.Write(line)
					if total += n; err != nil {
						return err
					}
				}
				<-time.After(time.Second)
			}
			n, err := fmt.Fprintln(out, "the end")
			total += n
			return err
		})))
		r, _ := execute(t, t.Context(), a, Options{})
		text := written(r.events)["op"]
		sent, left, gaps := 0, 0, 0
		for _, ev := range r.events {
			c := ev.GetCaptured()
			sent, left = sent+len(c.GetData()), left+int(c.GetSkipped())
			if c.GetSkipped() > 0 {
				gaps++
			}
			if len(c.GetData()) > maxCapturedEvent {
				t.Errorf("an event has %d bytes", len(c.GetData()))
			}
		}
		if sent+left != total || sent < maxCapturedHead+maxCapturedTail || sent > maxCapturedHead+maxCapturedTail+8*maxCapturedSample {
			t.Errorf("%d bytes sent, %d left out, of %d", sent, left, total)
		}
		if gaps < 4 || gaps > 6 || !strings.HasSuffix(text, "\nthe end\n") { // 44 s of samples
			t.Errorf("%d gaps; the end is %q", gaps, text[max(0, len(text)-20):])
		}
	})
}

// TestWriterIsNeverHeldUpForGood has a sink that takes nothing until the op has written everything.
func TestWriterIsNeverHeldUpForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var r recorder
		sink := func(ev *workerv1.Event) {
			if ev.GetCaptured() != nil {
				<-release
			}
			r.sink(ev)
		}
		chunk := bytes.Repeat([]byte("x"), 64<<10)
		total := 0
		a := attempt(place("op", reporting(func(_ context.Context, e *spec.Execution) error {
			out := e.Reports.Output(1)
			for range 64 {
				n, _ := out.Write(chunk)
				total += n
			}
			close(release)
			<-time.After(10 * time.Second)
			n, err := out.Write([]byte("the end"))
			total += n
			return err
		})))
		began := time.Now()
		Run(t.Context(), a, sink, Options{})
		if took := time.Since(began); took > 10*time.Second+2*maxWriteWait {
			t.Errorf("writing took %v", took-10*time.Second)
		}
		sent, left := 0, 0
		for _, ev := range r.events {
			sent, left = sent+len(ev.GetCaptured().GetData()), left+int(ev.GetCaptured().GetSkipped())
		}
		if sent+left != total || sent > 3*maxPending+maxCapturedEvent+7 || left == 0 || !strings.HasSuffix(written(r.events)["op"], "xthe end") {
			t.Errorf("%d bytes sent, %d left out, of %d", sent, left, total)
		}
	})
}

func TestOutputOfARunIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chunk := bytes.Repeat([]byte("x"), 20<<20)
		var nodes []*spec.Node
		for i := range 12 {
			nodes = append(nodes, place(fmt.Sprint("op", i), reporting(func(_ context.Context, e *spec.Execution) error {
				_, err := e.Reports.Output(1).Write(chunk)
				return err
			})))
		}
		sent, left := 0, 0
		sink := func(ev *workerv1.Event) {
			sent, left = sent+len(ev.GetCaptured().GetData()), left+int(ev.GetCaptured().GetSkipped())
		}
		Run(t.Context(), attempt(nodes...), sink, Options{Limit: 1})
		if sent+left != 12*len(chunk) || sent != maxCapturedHeads+12*maxCapturedTail {
			t.Errorf("%d bytes sent, %d left out", sent, left)
		}
	})
}
