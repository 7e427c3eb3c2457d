package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/wire"
)

// exchange is what a host learned from one GetDefinitions.
type exchange struct {
	opening  *usercodev1.ServerInfo
	manifest []*usercodev1.GetDefinitionsResponse_Manifest
	jobs     int
	bodies   [][]byte
	frames   int // of bodies
	closing  []byte
}

// get takes the host's part. Want chooses digests of the manifest; nil means none.
func get(t *testing.T, client usercodev1.UserCodeServiceClient, open *usercodev1.GetDefinitionsRequest_Open, want func([]*usercodev1.GetDefinitionsResponse_Manifest) [][]byte) (*exchange, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := client.GetDefinitions(ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(&usercodev1.GetDefinitionsRequest{Message: &usercodev1.GetDefinitionsRequest_Open_{Open: open}}); err != nil {
		return nil, err
	}
	e := &exchange{}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return e, nil
		}
		if err != nil {
			return e, err
		}
		if n := proto.Size(response); n > frameBytes && len(response.GetBodies().GetBodies()) != 1 {
			t.Errorf("a frame has %d bytes", n)
		}
		switch f := response.GetFrame().(type) {
		case *usercodev1.GetDefinitionsResponse_Opening_:
			e.opening = f.Opening.GetServer()
		case *usercodev1.GetDefinitionsResponse_Manifest_:
			e.manifest = append(e.manifest, f.Manifest)
		case *usercodev1.GetDefinitionsResponse_ManifestEnd_:
			e.jobs = int(f.ManifestEnd.GetJobs())
			var digests [][]byte
			if want != nil {
				digests = want(e.manifest)
			}
			if err := sendWants(stream, digests); err != nil {
				return e, err
			}
		case *usercodev1.GetDefinitionsResponse_Bodies_:
			e.frames++
			e.bodies = append(e.bodies, f.Bodies.GetBodies()...)
		case *usercodev1.GetDefinitionsResponse_Closing_:
			e.closing = f.Closing.GetDefinitionsDigest()
		}
	}
}

func sendWants(stream grpc.BidiStreamingClient[usercodev1.GetDefinitionsRequest, usercodev1.GetDefinitionsResponse], digests [][]byte) error {
	for len(digests) > 0 {
		n := min(len(digests), 1000)
		err := stream.Send(&usercodev1.GetDefinitionsRequest{Message: &usercodev1.GetDefinitionsRequest_Want_{
			Want: &usercodev1.GetDefinitionsRequest_Want{BodyDigests: digests[:n]},
		}})
		if errors.Is(err, io.EOF) {
			return nil // the reason comes with the next Recv
		}
		if err != nil {
			return err
		}
		digests = digests[n:]
	}
	return stream.CloseSend()
}

// everything wants each body once.
func everything(manifest []*usercodev1.GetDefinitionsResponse_Manifest) [][]byte {
	var digests [][]byte
	seen := map[string]bool{}
	add := func(d []byte) {
		if len(d) > 0 && !seen[string(d)] {
			seen[string(d)] = true
			digests = append(digests, d)
		}
	}
	for _, m := range manifest {
		add(m.GetRepositoryBodyDigest())
		for _, j := range m.GetJobs() {
			add(j.GetDefinitionDigest())
			add(j.GetMetadataDigest())
		}
	}
	return digests
}

func TestGetDefinitions(t *testing.T) {
	s := serve(t, repositories(), Options{})
	e, err := get(t, s.client, &usercodev1.GetDefinitionsRequest_Open{}, everything)
	if err != nil {
		t.Fatal(err)
	}
	if e.opening.GetServerId() != s.ID() || e.jobs != 5 || len(e.manifest) != 2 || e.manifest[0].GetRepository() != "another" {
		t.Errorf("got %+v", e)
	}
	roots := map[string]wire.Digest{}
	for _, m := range e.manifest {
		got := wire.RepositoryDigest(m.GetRepositoryBodyDigest(), m.GetJobs())
		if string(got.Bytes()) != string(m.GetRepositoryDigest()) {
			t.Errorf("digest of %s: got %x", m.GetRepository(), m.GetRepositoryDigest())
		}
		roots[m.GetRepository()] = got
	}
	if root := wire.RootDigest(roots).Bytes(); string(root) != string(e.closing) || string(root) != string(e.opening.GetDefinitionsDigest()) {
		t.Errorf("root: closing %x, opening %x, want %x", e.closing, e.opening.GetDefinitionsDigest(), root)
	}
	wanted := everything(e.manifest)
	if len(e.bodies) != len(wanted) {
		t.Fatalf("got %d bodies, asked for %d", len(e.bodies), len(wanted))
	}
	for i, body := range e.bodies {
		if digest := wire.DigestOf(body); string(digest.Bytes()) != string(wanted[i]) {
			t.Errorf("body %d is not the one that was asked for at its place", i)
		}
	}
	jobs := e.manifest[1].GetJobs()
	if got := jobs[len(jobs)-1]; got.GetName() != "quick" || got.GetMetadataEntries() != 2 || len(got.GetMetadataDigest()) != 32 {
		t.Errorf("the job with metadata: got %v", got)
	}
}

func TestGetDefinitionsSendsNothingThatTheHostHas(t *testing.T) {
	s := serve(t, repositories(), Options{})
	e, err := get(t, s.client, &usercodev1.GetDefinitionsRequest_Open{HaveDefinitionsDigest: s.definitions.Digest.Bytes()}, nil)
	if err != nil || e.opening == nil || len(e.manifest) != 0 || string(e.closing) != string(s.definitions.Digest.Bytes()) {
		t.Errorf("the same root: got %+v, %v; want opening and closing", e, err)
	}
	e, err = get(t, s.client, &usercodev1.GetDefinitionsRequest_Open{
		HaveRepositoryDigests: [][]byte{s.definitions.Repositories[1].Digest.Bytes(), []byte("odd")},
	}, nil)
	if err != nil || len(e.manifest) != 2 || e.manifest[0].GetUnchanged() || !e.manifest[1].GetUnchanged() || len(e.manifest[1].GetJobs()) != 0 || e.jobs != 5 || e.closing == nil {
		t.Errorf("one repository is the same: got %+v, %v", e, err)
	}
}

func TestGetDefinitionsFillsFrames(t *testing.T) {
	r := &spec.Repository{Name: "many"}
	text := strings.Repeat("x", 2<<10)
	for i := range wire.MaxJobs {
		job := &spec.Job{Name: fmt.Sprintf("job_%05d", i), Graph: &spec.Graph{}}
		if i < 1000 {
			job.Description = text
		}
		r.Jobs = append(r.Jobs, job)
	}
	r.Jobs[0].Description = strings.Repeat("y", 5<<19) // 2.5 MiB
	s := serve(t, []*spec.Repository{r}, Options{})
	e, err := get(t, s.client, &usercodev1.GetDefinitionsRequest_Open{}, everything)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.manifest) != 2 || len(e.bodies) != wire.MaxJobs+1 || e.frames < 4 || e.frames > 8 {
		t.Errorf("%d manifest frames, %d bodies in %d frames", len(e.manifest), len(e.bodies), e.frames)
	}
}

func TestGetDefinitionsRefusesNonsense(t *testing.T) {
	s := serve(t, repositories(), Options{})
	digest := s.definitions.Digest.Bytes()
	body := s.definitions.Repositories[0].BodyDigest.Bytes()
	for name, want := range map[string][][]byte{
		"ErrUnknownBody": {digest}, "ErrShortDigest": {[]byte("x")}, "ErrEmptyDigest": {nil}, "ErrTwice": {body, body},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t, s.client, &usercodev1.GetDefinitionsRequest_Open{}, func([]*usercodev1.GetDefinitionsResponse_Manifest) [][]byte { return want })
			if status.Code(err) != codes.InvalidArgument {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("ErrTooManyRepositories", func(t *testing.T) {
		_, err := get(t, s.client, &usercodev1.GetDefinitionsRequest_Open{HaveRepositoryDigests: make([][]byte, maxHaveRepositories+1)}, nil)
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("got %v", err)
		}
	})
	for name, first := range map[string]*usercodev1.GetDefinitionsRequest{
		"ErrNoOpen":    {Message: &usercodev1.GetDefinitionsRequest_Want_{Want: &usercodev1.GetDefinitionsRequest_Want{}}},
		"ErrUnknown":   {},
		"ErrNoMessage": nil,
	} {
		t.Run(name, func(t *testing.T) {
			stream, err := s.client.GetDefinitions(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if first != nil {
				err = stream.Send(first)
			} else {
				err = stream.CloseSend()
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
				t.Errorf("got %v", err)
			}
		})
	}
}
