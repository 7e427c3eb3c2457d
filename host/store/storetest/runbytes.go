package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) runBytes(t *testing.T) {
	s := x.new(t)
	small, large := s.create(nil), s.create(nil)
	of := func(ids ...host.RunID) uint64 {
		t.Helper()
		n, err := s.RunBytes(s.ctx, ids)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	run := s.started()
	before := of(run.ID)
	if of() != 0 || of(small.ID) == 0 || of(small.ID, large.ID) != of(small.ID)+of(large.ID) {
		t.Errorf("none, one, both take %d, %d, %d bytes", of(), of(small.ID), of(small.ID, large.ID))
	}
	// No two parts of it are alike, so that it cannot be packed to much less.
	noise := make([]byte, 4000)
	state := uint32(1)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = byte(state >> 24)
	}
	if _, err := s.AppendEvents(s.ctx, run.ID, host.EventBatch{Attempt: run.Attempt, First: 1, Events: [][]byte{noise}}); err != nil {
		t.Fatal(err)
	}
	if got := of(run.ID); got < before+3000 {
		t.Errorf("with %d bytes of events it takes %d, without %d", len(noise), got, before)
	}
	if got := of(host.RunID(bytes.Repeat([]byte("x"), 36)), "0192a3b4-0000-7000-8000-000000000000"); got != 0 {
		t.Errorf("runs that are not there take %d bytes", got)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if _, err := s.RunBytes(ctx, []host.RunID{small.ID}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}
