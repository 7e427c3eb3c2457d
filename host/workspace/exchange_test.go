package workspace

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// script is an exchange whose frames are fixed.
type script struct {
	frames []frame
	sent   []*usercodev1.GetDefinitionsRequest
	closed bool
}

func (s *script) Send(m *usercodev1.GetDefinitionsRequest) error {
	if s.closed {
		return errors.New("sent after the end")
	}
	s.sent = append(s.sent, m)
	return nil
}

func (s *script) Recv() (frame, error) {
	if len(s.frames) == 0 {
		return nil, io.EOF
	}
	f := s.frames[0]
	s.frames = s.frames[1:]
	return f, nil
}

func (s *script) CloseSend() error { s.closed = true; return nil }

func scripted(s *script) *exchange {
	return &exchange{
		turns: s, progress: func(string) {},
		gate:  func(*usercodev1.ServerInfo) (bool, *fault) { return true, nil },
		names: "a:1",
	}
}

// FuzzDefinitions plays any frames as a server's side of an exchange, and uses
// what comes of it as a host would.
func FuzzDefinitions(f *testing.F) {
	join := func(frames ...frame) (b []byte) {
		for _, f := range frames {
			b = binary.BigEndian.AppendUint16(b, uint16(len(f)))
			b = append(b, f...)
		}
		return b
	}
	manifests, bodies, root := record(f)
	opening := encodeProto(f, &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Opening_{Opening: &usercodev1.GetDefinitionsResponse_Opening{}}})
	closing := encodeProto(f, &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Closing_{Closing: &usercodev1.GetDefinitionsResponse_Closing{DefinitionsDigest: root}}})
	f.Add(join(append(append([]frame{opening}, manifests...), bodies, closing)...))
	f.Add(join(opening, closing))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &script{}
		for len(b) >= 2 {
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			s.frames = append(s.frames, b[2:2+n])
			b = b[2+n:]
		}
		o, err := scripted(s).run(nil, nil)
		if err != nil {
			return
		}
		if !s.closed {
			t.Error("the exchange ended without its end")
		}
		d := newDefinitions(definitions{location: &location{name: "etl"}, root: o.root, repositories: assemble(o, nil)})
		for _, j := range d.jobs {
			if digestOf(j.DefinitionBody) != j.DefinitionDigest {
				t.Errorf("job %s has another body than its digest says", j.Name)
			}
			_, _ = j.Definition()
			_, _ = decodeEntries(j.MetadataBody)
			if !validName(j.Name.Job) || !validName(j.Name.Repository) {
				t.Errorf("a job is called %q", j.Name)
			}
		}
	})
}

// record is what an honest server says, as frames: manifest with its end, bodies, and the root digest.
func record(t testing.TB) (manifests []frame, bodies frame, root []byte) {
	t.Helper()
	def := encodeProto(t, hosttest.Nested("job"))
	meta := encodeProto(t, &usercodev1.JobMetadata{Entries: hosttest.EveryKind()})
	defDigest, metaDigest := digestOf(def), digestOf(meta)
	repository := repositoryDigest(digestOf(nil), []manifestJob{{name: "job", definition: defDigest, metadata: metaDigest}})
	empty := digestOf(nil)
	s := newSummer()
	s.item([]byte("r"))
	s.digest(repository)
	sum := s.sum()
	manifests = []frame{
		encodeProto(t, &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Manifest_{Manifest: &usercodev1.GetDefinitionsResponse_Manifest{
			Repository: "r", RepositoryDigest: repository[:], RepositoryBodyDigest: empty[:],
			Jobs: []*usercodev1.GetDefinitionsResponse_Job{{Name: "job", DefinitionDigest: defDigest[:], MetadataDigest: metaDigest[:], MetadataEntries: 19}},
		}}}),
		encodeProto(t, &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_ManifestEnd_{ManifestEnd: &usercodev1.GetDefinitionsResponse_ManifestEnd{Jobs: 1}}}),
	}
	bodies = encodeProto(t, &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Bodies_{Bodies: &usercodev1.GetDefinitionsResponse_Bodies{Bodies: [][]byte{def, meta, {}}}}})
	return manifests, bodies, sum[:]
}

// Turns are strict: nothing is sent between the opening of the host and the
// end of the manifest.
func TestStrictTurns(t *testing.T) {
	manifests, bodies, root := record(t)
	opening := encodeProto(t, &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Opening_{Opening: &usercodev1.GetDefinitionsResponse_Opening{}}})
	closing := encodeProto(t, &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Closing_{Closing: &usercodev1.GetDefinitionsResponse_Closing{DefinitionsDigest: root}}})
	s := &script{frames: append(append([]frame{opening}, manifests...), bodies, closing)}
	turns := &turnCounter{script: s}
	x := scripted(s)
	x.turns = turns
	o, err := x.run(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.bodies) != 3 || len(o.repositories) != 1 || x.discarded != 0 {
		t.Errorf("got %d bodies, %d repositories", len(o.bodies), len(o.repositories))
	}
	if got := turns.order; got != "srrrscrrr" {
		t.Errorf("turns were %s (s: send, c: half-close, r: receive)", got)
	}
}

type turnCounter struct {
	*script
	order string
}

func (c *turnCounter) Send(m *usercodev1.GetDefinitionsRequest) error {
	c.order += "s"
	return c.script.Send(m)
}

func (c *turnCounter) Recv() (frame, error) { c.order += "r"; return c.script.Recv() }

func (c *turnCounter) CloseSend() error { c.order += "c"; return c.script.CloseSend() }

func TestWantsAreSplit(t *testing.T) {
	w := &wants{}
	for i := range maxWantsPerMessage + 1 {
		w.ordered = append(w.ordered, binary.BigEndian.AppendUint32(nil, uint32(i)))
	}
	messages := w.messages()
	if len(messages) != 2 || len(messages[0].GetBodyDigests()) != maxWantsPerMessage || len(messages[1].GetBodyDigests()) != 1 {
		t.Errorf("got %d messages", len(messages))
	}
}

// A body that is larger than the windows and the aim of a frame comes through.
func TestLargeBody(t *testing.T) {
	b := hosttest.Current()
	for _, name := range []string{"large_a", "large_b"} {
		def := hosttest.OneOp(name)
		def.Description = strings.Repeat("x", 3<<20-200)
		b.Repositories[0].Jobs = append(b.Repositories[0].Jobs, hosttest.Job{Definition: def})
	}
	w := openOne(t, hosttest.Start(t, b))
	awaitState(t, w, "etl", host.LocationReady)
	for _, name := range []string{"large_a", "large_b"} {
		if j := find(t, w, name); j.Err() != nil || len(j.DefinitionBody) < 3<<20-200 {
			t.Errorf("%s: %d bytes, %v", name, len(j.DefinitionBody), j.Err())
		}
	}
}
