package storetest

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func digestOf(body []byte) host.Digest { return sha256.Sum256(body) }

func (x *exercise) bodies(t *testing.T) {
	s := x.new(t)
	large := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	bodies := map[host.Digest][]byte{}
	for _, body := range [][]byte{{}, []byte("a"), []byte("\x00\xff"), large} {
		bodies[digestOf(body)] = body
	}
	check := func(when string) {
		t.Helper()
		for d, want := range bodies {
			if got, err := s.Body(s.ctx, d); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: Body(%s) = %d bytes, %v; want %d bytes", when, d, len(got), err, len(want))
			}
		}
	}
	for _, n := range []string{"first", "again"} {
		s.create(func(n *host.NewRun) { n.Bodies, n.Run.Launched.Definition = bodies, digestOf(large) })
		check(n)
	}
	later := []byte("of a later start")
	for range 2 {
		if err := s.PutBodies(s.ctx, map[host.Digest][]byte{digestOf(later): later}); err != nil {
			t.Fatal(err)
		}
	}
	bodies[digestOf(later)] = later
	s.create(func(n *host.NewRun) { n.Run.Launched.Metadata = digestOf(later) })
	s.reopen()
	check("after reopening")

	wantCode(t, "PutBodies under another digest",
		s.PutBodies(s.ctx, map[host.Digest][]byte{{7}: later, digestOf([]byte("b")): []byte("b")}), host.Invalid)
	for _, d := range []host.Digest{{}, {7}, digestOf([]byte("b"))} {
		_, err := s.Body(s.ctx, d)
		wantCode(t, "Body that is not there", err, host.NotFound)
	}
	if err := s.PutBodies(s.ctx, nil); err != nil {
		t.Errorf("PutBodies of none: %v", err)
	}
}
