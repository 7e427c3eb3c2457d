package hosttest

import (
	"errors"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// startedAt is when every peer says that it started.
var startedAt = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// frameBytes is the size at which a frame of bodies is full.
const frameBytes = 1 << 20

// jobsPerFrame keeps manifest frames small enough that tests see several.
const jobsPerFrame = 2_000

// getDefinitions is the server's side of an exchange.
func (s *process) getDefinitions(stream grpc.ServerStream) error {
	var first usercodev1.GetDefinitionsRequest
	if err := stream.RecvMsg(&first); err != nil {
		return err
	}
	open := first.GetOpen()
	if open == nil {
		return status.Error(codes.InvalidArgument, "the first message is not open")
	}
	s.peer.record(func(r *Recorded) { r.Opens = append(r.Opens, open); r.Wanted = append(r.Wanted, nil) })
	trick := s.behavior.Definitions
	switch trick {
	case Unimplemented, Hang, Garbage, Oversize, Crash, Fail:
		reply, err := s.play(stream.Context(), trick)
		if err != nil {
			return err
		}
		return stream.SendMsg(reply)
	default:
	}
	if err := s.sendOpening(stream); err != nil {
		return err
	}
	if handled, err := s.misbehave(stream, trick); handled || err != nil {
		return err
	}
	same := slices.Equal(open.GetHaveDefinitionsDigest(), s.info().GetDefinitionsDigest())
	if !same && trick != LieSame {
		if err := s.sendManifest(stream, open); err != nil {
			return err
		}
		if trick == HangAfterManifest {
			_, err := s.play(stream.Context(), Hang)
			return err
		}
		if err := s.sendBodies(stream); err != nil {
			return err
		}
	}
	return s.sendClosing(stream)
}

func (s *process) sendOpening(stream grpc.ServerStream) error {
	info := s.info()
	switch s.behavior.Definitions {
	case BodiesFirst:
		return sendBodies(stream, [][]byte{[]byte("first")})
	case EmptyOpening:
		info = nil
	case OlderOpening:
		info.ProtocolVersion = "0.14.17"
	case NewerMajorOpening:
		info.ProtocolVersion = "1.0.0"
	default:
	}
	return stream.SendMsg(&usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Opening_{
		Opening: &usercodev1.GetDefinitionsResponse_Opening{Server: info},
	}})
}

func (s *process) sendManifest(stream grpc.ServerStream, open *usercodev1.GetDefinitionsRequest_Open) error {
	jobs := uint32(0)
	for _, m := range s.encoded.manifests {
		jobs += uint32(len(m.GetJobs()))
		frames := s.manifestFrames(m, slices.ContainsFunc(open.GetHaveRepositoryDigests(), func(d []byte) bool {
			return slices.Equal(d, m.GetRepositoryDigest())
		}))
		for _, f := range frames {
			if err := stream.SendMsg(f); err != nil {
				return err
			}
		}
		if s.behavior.Definitions == NewFrames || s.behavior.Future {
			if err := stream.SendMsg(unknownFrame); err != nil {
				return err
			}
		}
	}
	if s.behavior.Definitions == LieCount {
		jobs++
	}
	return stream.SendMsg(&usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_ManifestEnd_{
		ManifestEnd: &usercodev1.GetDefinitionsResponse_ManifestEnd{Jobs: jobs},
	}})
}

// sendBodies reads what is wanted, to the end, and sends it.
func (s *process) sendBodies(stream grpc.ServerStream) error {
	var wanted [][]byte
	for {
		var m usercodev1.GetDefinitionsRequest
		err := stream.RecvMsg(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		wanted = append(wanted, m.GetWant().GetBodyDigests()...)
	}
	s.peer.record(func(r *Recorded) { r.Wanted[len(r.Wanted)-1] = wanted })
	if s.behavior.Definitions == SendUnwanted {
		wanted = append(wanted, s.encoded.metadata...)
	}
	var full [][]byte
	size := 0
	for _, d := range wanted {
		body, ok := s.encoded.bodies[string(d)]
		if !ok {
			return status.Error(codes.InvalidArgument, "a body is wanted that this server does not have")
		}
		if s.behavior.Definitions == LieBody {
			body = append([]byte("lie"), body...)
		}
		if size+len(body) > frameBytes && len(full) > 0 {
			if err := sendBodies(stream, full); err != nil {
				return err
			}
			full, size = nil, 0
		}
		full, size = append(full, body), size+len(body)
	}
	if len(full) == 0 {
		return nil
	}
	return sendBodies(stream, full)
}

func sendBodies(stream grpc.ServerStream, bodies [][]byte) error {
	return stream.SendMsg(&usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Bodies_{
		Bodies: &usercodev1.GetDefinitionsResponse_Bodies{Bodies: bodies},
	}})
}

func (s *process) sendClosing(stream grpc.ServerStream) error {
	root := s.info().GetDefinitionsDigest()
	if s.behavior.Definitions == LieClosing {
		root = lie(root)
	}
	closing := &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Closing_{
		Closing: &usercodev1.GetDefinitionsResponse_Closing{DefinitionsDigest: root},
	}}
	if err := stream.SendMsg(closing); err != nil || s.behavior.Definitions != ClosingTwice {
		return err
	}
	return stream.SendMsg(closing)
}
