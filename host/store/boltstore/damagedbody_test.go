package boltstore

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/penstock-run/penstock/host"
)

// TestDamagedBodyGivesWay stores a body again that is damaged: with a run, for a start, and with a location.
func TestDamagedBodyGivesWay(t *testing.T) {
	dir, _ := filled(t)
	l, bodies := knownHere(2, "definition 0", "definition 2")
	for digest, body := range bodies {
		_, _, value := recordIn(t, filepath.Join(dir, metaName), bucketBodies, func(k []byte) bool { return bytes.Equal(k, digest[:]) })
		for what, put := range map[string]func(*Store) error{
			"bodies": func(s *Store) error { return s.PutBodies(t.Context(), bodies) },
			"run": func(s *Store) error {
				n := newRun()
				n.Bodies, n.Run.Launched.Definition = map[host.Digest][]byte{digest: body}, digest
				_, _, err := s.CreateRun(t.Context(), n)
				return err
			},
			"location": func(s *Store) error { return s.PutKnownLocation(t.Context(), l, bodies) },
		} {
			spoilt := copied(t, dir)
			flip(t, filepath.Join(spoilt, metaName), value, 8*len(value)-1)
			s, err := Open(spoilt, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Body(t.Context(), digest); host.ReasonOf(err) != reasonDamaged {
				t.Fatalf("the damage is not seen: %v", err)
			}
			if err := put(s); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if got, err := s.Body(t.Context(), digest); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s: body %s is %q, %v; want it as it was", what, digest, got, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
