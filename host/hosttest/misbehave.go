package hosttest

import (
	"bytes"
	"fmt"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// unknownFrame is a frame of a kind that no host knows yet.
var unknownFrame = raw(protowire.AppendBytes(protowire.AppendTag(nil, 99, protowire.BytesType), []byte("new")))

// misbehave does the tricks that take the place of a manifest. handled says
// that nothing follows.
func (s *process) misbehave(stream grpc.ServerStream, t Trick) (handled bool, err error) {
	switch t {
	case EndEarly:
		return true, nil
	case FloodBodies:
		if err := s.sendManifest(stream, nil); err != nil {
			return true, err
		}
		junk := bytes.Repeat([]byte("flood"), frameBytes/5)
		return true, forever(func() error { return sendBodies(stream, [][]byte{junk}) })
	case FloodFrames:
		return true, forever(func() error { return stream.SendMsg(unknownFrame) })
	case FloodJobs:
		n := 0
		return true, forever(func() error {
			m := &usercodev1.GetDefinitionsResponse_Manifest{Repository: "flood", RepositoryDigest: make32('r')}
			for range jobsPerFrame {
				n++
				m.Jobs = append(m.Jobs, &usercodev1.GetDefinitionsResponse_Job{Name: fmt.Sprintf("job_%09d", n), DefinitionDigest: make32('j')})
			}
			return stream.SendMsg(manifest(m))
		})
	case Stall:
		return true, forever(func() error {
			select {
			case <-s.peer.tick:
				return stream.SendMsg(unknownFrame)
			case <-stream.Context().Done():
				return stream.Context().Err()
			}
		})
	case Bomb:
		return true, stream.SendMsg(bomb())
	default:
		return false, nil
	}
}

func forever(step func() error) error {
	for {
		if err := step(); err != nil {
			return err
		}
	}
}

func make32(c byte) []byte { return bytes.Repeat([]byte{c}, 32) }

// bomb is a manifest frame with a million jobs of two bytes each.
func bomb() raw {
	const jobsField = 4
	empty := protowire.AppendBytes(protowire.AppendTag(nil, jobsField, protowire.BytesType), nil)
	return raw(protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), bytes.Repeat(empty, 1_000_000)))
}

// manifestFrames are the frames of one repository, honest or not.
func (s *process) manifestFrames(m *usercodev1.GetDefinitionsResponse_Manifest, known bool) []any {
	if known || s.behavior.Definitions == LieUnchanged {
		return []any{manifest(&usercodev1.GetDefinitionsResponse_Manifest{
			Repository: m.GetRepository(), RepositoryDigest: m.GetRepositoryDigest(), Unchanged: true,
		})}
	}
	m = proto.CloneOf(m)
	switch s.behavior.Definitions {
	case LieRepository:
		m.RepositoryDigest = lie(m.GetRepositoryDigest())
	case TwiceJob:
		m.Jobs = append(m.Jobs, m.GetJobs()[len(m.GetJobs())-1])
	case BadName:
		m.Jobs[0].Name = "a/b"
	case ShortDigest:
		m.Jobs[0].MetadataDigest = []byte("abc")
	case BreakText:
		broken := marshal(manifest(m))
		return []any{raw(bytes.Replace(broken, []byte(m.GetJobs()[0].GetName()), []byte("\xff"+m.GetJobs()[0].GetName()[1:]), 1))}
	default:
	}
	var frames []any
	for jobs := range slices.Chunk(m.GetJobs(), jobsPerFrame) {
		part := proto.CloneOf(m)
		part.Jobs = jobs
		frames = append(frames, manifest(part))
	}
	if len(frames) == 0 {
		frames = []any{manifest(m)}
	}
	return frames
}

func manifest(m *usercodev1.GetDefinitionsResponse_Manifest) *usercodev1.GetDefinitionsResponse {
	return &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Manifest_{Manifest: m}}
}
