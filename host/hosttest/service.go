package hosttest

import (
	"context"
	"crypto/subtle"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// raw is a reply as it is to be on the wire.
type raw []byte

// rawCodec also sends what is no message.
type rawCodec struct{}

// Name is that of the usual codec.
func (rawCodec) Name() string { return "proto" }

// Marshal encodes messages and passes raw replies on.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	if r, ok := v.(raw); ok {
		return mem.BufferSlice{mem.SliceBuffer(r)}, nil
	}
	b, err := proto.Marshal(v.(proto.Message))
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}

// Unmarshal decodes messages.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("decode into %T", v)
	}
	return proto.Unmarshal(data.Materialize(), m)
}

// serviceDesc is UserCodeService, with replies of any kind.
var serviceDesc = grpc.ServiceDesc{
	ServiceName: usercodev1.UserCodeService_ServiceDesc.ServiceName,
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		unary("GetServerInfo", (*process).getServerInfo),
		unary("StartRun", (*process).startRun),
		unary("CancelRun", (*process).cancelRun),
		unary("GetRunAttempt", (*process).getRunAttempt),
		unary("EvaluateSchedule", (*process).evaluateSchedule),
		unary("EvaluateSensor", (*process).evaluateSensor),
		unary("GetPartitionRuns", (*process).getPartitionRuns),
	},
	Streams: []grpc.StreamDesc{{
		StreamName: "GetDefinitions", ServerStreams: true, ClientStreams: true,
		Handler: func(srv any, stream grpc.ServerStream) error {
			s := srv.(*process)
			if err := s.authorize(stream.Context()); err != nil {
				return err
			}
			return s.getDefinitions(s.stream(stream))
		},
	}},
}

func unary[T any, M interface {
	*T
	proto.Message
}](name string, handle func(*process, context.Context, M) (any, error)) grpc.MethodDesc {
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			s := srv.(*process)
			if err := s.authorize(ctx); err != nil {
				return nil, err
			}
			m := M(new(T))
			if err := decode(m); err != nil {
				return nil, err
			}
			reply, err := handle(s, ctx, m)
			return s.future(reply), err
		},
	}
}

func (s *process) authorize(ctx context.Context) error {
	if s.behavior.Token == "" {
		return nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	got := md.Get("authorization")
	if len(got) == 1 && subtle.ConstantTimeCompare([]byte(got[0]), []byte("Bearer "+s.behavior.Token)) == 1 {
		return nil
	}
	return status.Error(codes.Unauthenticated, "the token is missing or wrong")
}

func (s *process) getServerInfo(ctx context.Context, m *usercodev1.GetServerInfoRequest) (any, error) {
	s.peer.record(func(r *Recorded) { r.InfoCalls++; r.Host = m.GetHost() })
	switch s.behavior.Info {
	case Empty:
		return &usercodev1.GetServerInfoResponse{}, nil
	case None:
		return &usercodev1.GetServerInfoResponse{Server: s.info()}, nil
	case Oversize:
		return raw(marshal(&usercodev1.GetServerInfoResponse{Server: &usercodev1.ServerInfo{ProtocolVersion: string(make([]byte, 65<<10))}})), nil
	default:
		return s.play(ctx, s.behavior.Info)
	}
}

// play does a trick that both calls know.
func (s *process) play(ctx context.Context, t Trick) (raw, error) {
	switch t {
	case Unimplemented:
		return nil, status.Error(codes.Unimplemented, "unknown method")
	case Hang:
		select {
		case <-ctx.Done():
		case <-s.ctx.Done():
		}
		return nil, status.Error(codes.Canceled, "hung until nobody waited")
	case Garbage:
		return raw("\xff\xff\xff\xff not a message"), nil
	case Oversize:
		return make(raw, 5<<20), nil
	case Crash:
		s.listener.crash()
		return nil, status.Error(codes.Unavailable, "crashed")
	case Fail:
		return nil, status.Error(codes.Internal, "boom \x1b[2J\n<script>"+string(make([]byte, 1000)))
	default:
		return nil, status.Errorf(codes.Internal, "no such trick: %s", t)
	}
}

func (s *process) info() *usercodev1.ServerInfo {
	b := s.behavior
	root := s.encoded.root
	if b.Definitions == LieRoot {
		root = lie(root)
	}
	id := s.id
	if b.RandomServerID {
		id = randomID()
	}
	started := startedAt
	if !b.StartedAt.IsZero() {
		started = b.StartedAt
	}
	return &usercodev1.ServerInfo{
		ProtocolVersion:        b.Protocol,
		MinHostProtocolVersion: b.MinHostProtocol,
		Sdk:                    &usercodev1.Sdk{Language: "none", Version: b.Protocol, Runtime: "hosttest"},
		Build:                  &usercodev1.Build{CodeVersion: b.CodeVersion, Image: b.Image},
		ServerId:               id,
		DefinitionsDigest:      root,
		CapabilitiesDeclared:   b.Declared,
		Capabilities:           b.Capabilities,
		StartedAt:              timestamppb.New(started),
		OutputStore:            b.OutputStore,
		Draining:               s.draining.Load(),
		LiveWorkers:            s.liveWorkers(),
	}
}

func lie(digest []byte) []byte {
	other := append([]byte(nil), digest...)
	other[0] ^= 1
	return other
}
