package server

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/wire"
)

// Limits of the exchange.
const (
	frameBytes          = 1 << 20
	maxHaveRepositories = 1000
	maxWantedPerMessage = 16_384
)

type definitionsStream = grpc.BidiStreamingServer[usercodev1.GetDefinitionsRequest, usercodev1.GetDefinitionsResponse]

// GetDefinitions takes strict turns with the host, so that neither waits to send while the other does: open, then
// opening and manifest, then wants up to the half-close, then bodies and closing.
func (s *Server) GetDefinitions(stream definitionsStream) error {
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return status.Error(codes.InvalidArgument, "the first message has to be open; the stream ended without one")
	}
	if err != nil {
		return err
	}
	open := first.GetOpen()
	if open == nil {
		return status.Error(codes.InvalidArgument, "the first message has to be open")
	}
	if n := len(open.GetHaveRepositoryDigests()); n > maxHaveRepositories {
		return status.Errorf(codes.InvalidArgument, "open names %d repositories; the limit is %d", n, maxHaveRepositories)
	}
	if err := stream.Send(&usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Opening_{
		Opening: &usercodev1.GetDefinitionsResponse_Opening{Server: s.currentInfo()},
	}}); err != nil {
		return err
	}
	if string(open.GetHaveDefinitionsDigest()) != string(s.definitions.Digest.Bytes()) {
		if err := s.sendManifest(stream, open); err != nil {
			return err
		}
		wanted, err := s.receiveWants(stream)
		if err != nil {
			return err
		}
		if err := sendBodies(stream, wanted); err != nil {
			return err
		}
	}
	return stream.Send(&usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Closing_{
		Closing: &usercodev1.GetDefinitionsResponse_Closing{DefinitionsDigest: s.definitions.Digest.Bytes()},
	}})
}

func (s *Server) sendManifest(stream definitionsStream, open *usercodev1.GetDefinitionsRequest_Open) error {
	have := make(map[string]bool, len(open.GetHaveRepositoryDigests()))
	for _, digest := range open.GetHaveRepositoryDigests() {
		have[string(digest)] = true
	}
	for _, r := range s.definitions.Repositories {
		for _, frame := range manifest(r, have[string(r.Digest.Bytes())]) {
			if err := stream.Send(&usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Manifest_{Manifest: frame}}); err != nil {
				return err
			}
		}
	}
	return stream.Send(&usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_ManifestEnd_{
		ManifestEnd: &usercodev1.GetDefinitionsResponse_ManifestEnd{Jobs: uint32(s.definitions.Jobs)},
	}})
}

// manifest is the frames of one repository: at least one, each below the frame size.
func manifest(r *wire.Repository, unchanged bool) []*usercodev1.GetDefinitionsResponse_Manifest {
	frame := func() *usercodev1.GetDefinitionsResponse_Manifest {
		return &usercodev1.GetDefinitionsResponse_Manifest{
			Repository: r.Name, RepositoryDigest: r.Digest.Bytes(), Unchanged: unchanged, RepositoryBodyDigest: r.BodyDigest.Bytes(),
		}
	}
	frames := []*usercodev1.GetDefinitionsResponse_Manifest{frame()}
	if unchanged {
		return frames
	}
	size := 0
	for _, job := range r.Jobs {
		const overhead = 1 << 10 // of the frame itself, whose texts are short
		n := proto.Size(job) + 8
		if size += n; size > frameBytes-overhead {
			frames, size = append(frames, frame()), n
		}
		last := frames[len(frames)-1]
		last.Jobs = append(last.Jobs, job)
	}
	return frames
}

// receiveWants reads to the half-close and returns the bodies in the order asked. Each may be asked for once, which
// bounds what a host can make the server do.
func (s *Server) receiveWants(stream definitionsStream) ([][]byte, error) {
	var wanted [][]byte
	seen := map[string]bool{}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return wanted, nil
		}
		if err != nil {
			return nil, err
		}
		want := m.GetWant()
		if want == nil {
			return nil, status.Error(codes.InvalidArgument, "after open, only wants may come")
		}
		if n := len(want.GetBodyDigests()); n > maxWantedPerMessage {
			return nil, status.Errorf(codes.InvalidArgument, "a message wants %d bodies; the limit is %d", n, maxWantedPerMessage)
		}
		for _, digest := range want.GetBodyDigests() {
			body, ok := s.definitions.Body(digest)
			if !ok {
				return nil, status.Errorf(codes.InvalidArgument, "there is no body with the digest %s", shortHex(digest))
			}
			if seen[string(digest)] {
				return nil, status.Errorf(codes.InvalidArgument, "the body with the digest %s is asked for twice", shortHex(digest))
			}
			seen[string(digest)] = true
			wanted = append(wanted, body)
		}
	}
}

// sendBodies fills frames up to the frame size. A larger body has a frame of its own.
func sendBodies(stream definitionsStream, bodies [][]byte) error {
	var frame [][]byte
	size := 0
	flush := func() error {
		if len(frame) == 0 {
			return nil
		}
		err := stream.Send(&usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Bodies_{
			Bodies: &usercodev1.GetDefinitionsResponse_Bodies{Bodies: frame},
		}})
		frame, size = nil, 0
		return err
	}
	for _, body := range bodies {
		const overhead = 16
		if size+len(body)+overhead > frameBytes-overhead {
			if err := flush(); err != nil {
				return err
			}
		}
		frame, size = append(frame, body), size+len(body)+overhead
	}
	return flush()
}

// shortHex shows the beginning of what a host sent.
func shortHex(b []byte) string {
	if len(b) > 8 {
		return fmt.Sprintf("%x…", b[:8])
	}
	return fmt.Sprintf("%x", b)
}
