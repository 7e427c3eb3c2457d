package hosttest

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// FutureText is in every unknown field that a peer with Behavior.Future sends.
const FutureText = "from the future"

// futureField is far above the numbers that the contracts use.
const futureField protowire.Number = 9_000

// WithUnknown is a copy of a message with an unknown field in it and in every message inside.
func WithUnknown(m proto.Message) proto.Message {
	m = proto.Clone(m)
	addUnknown(m.ProtoReflect())
	return m
}

func addUnknown(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				addUnknown(v.List().Get(i).Message())
			}
		default:
			addUnknown(v.Message())
		}
		return true
	})
	field := protowire.AppendTag(m.GetUnknown(), futureField, protowire.BytesType)
	m.SetUnknown(protowire.AppendString(field, FutureText))
}

// future is a reply as a peer of its age sends it.
func (s *process) future(reply any) any {
	if m, ok := reply.(proto.Message); ok && s.behavior.Future && m != nil {
		return WithUnknown(m)
	}
	return reply
}

// stream is a stream whose replies are those of the peer's age.
func (s *process) stream(stream grpc.ServerStream) grpc.ServerStream {
	if !s.behavior.Future {
		return stream
	}
	return futureStream{stream, s}
}

type futureStream struct {
	grpc.ServerStream
	of *process
}

// SendMsg is that of the stream.
func (f futureStream) SendMsg(m any) error { return f.ServerStream.SendMsg(f.of.future(m)) }
