package compat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/penstock-run/penstock/host/hosttest"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// filter changes a reply of a peer on its way to the host, or rejects it.
type filter func(reply proto.Message) error

// proxy starts a server in front of a peer that passes everything on, replies through the filter, and returns its
// address. It stands for a host that reads, or judges, as the filter does.
func proxy(t testing.TB, p *hosttest.Peer, f filter) string {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+p.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.ForceServerCodecV2(bytesCodec{}), grpc.UnknownServiceHandler(func(_ any, in grpc.ServerStream) error {
		return forward(in, conn, f)
	}))
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-ended; _ = conn.Close() })
	return l.Addr().String()
}

// replies are the messages that a peer answers with, by method.
var replies = map[string]proto.Message{
	usercodev1.UserCodeService_GetServerInfo_FullMethodName:  &usercodev1.GetServerInfoResponse{},
	usercodev1.UserCodeService_GetDefinitions_FullMethodName: &usercodev1.GetDefinitionsResponse{},
	usercodev1.UserCodeService_StartRun_FullMethodName:       &usercodev1.StartRunResponse{},
	usercodev1.UserCodeService_CancelRun_FullMethodName:      &usercodev1.CancelRunResponse{},
	usercodev1.UserCodeService_GetRunAttempt_FullMethodName:  &usercodev1.GetRunAttemptResponse{},
}

// forward passes one call on in both directions.
func forward(in grpc.ServerStream, to *grpc.ClientConn, f filter) error {
	method, _ := grpc.MethodFromServerStream(in)
	ctx, cancel := context.WithCancel(in.Context())
	defer cancel()
	out, err := to.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method, grpc.ForceCodecV2(bytesCodec{}))
	if err != nil {
		return err
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for {
			var m []byte
			if err := in.RecvMsg(&m); err != nil {
				_ = out.CloseSend() // the replies say what became of it
				return
			}
			if out.SendMsg(&m) != nil {
				return
			}
		}
	}()
	for {
		var m []byte
		err := out.RecvMsg(&m)
		if errors.Is(err, io.EOF) {
			return nil // in ends with this return, and its reader with it
		}
		if err != nil {
			return err
		}
		reply := proto.Clone(replies[method])
		if err := proto.Unmarshal(m, reply); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		if err := f(reply); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		if m, err = proto.Marshal(reply); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		if err := in.SendMsg(&m); err != nil {
			return err
		}
	}
}

// bytesCodec passes messages on as they are.
type bytesCodec struct{}

// Name is that of the usual codec.
func (bytesCodec) Name() string { return "proto" }

// Marshal sends bytes.
func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("send %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

// Unmarshal receives bytes.
func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("receive into %T", v)
	}
	*b = data.Materialize()
	return nil
}

// strict rejects whatever has a field, a frame or an enum number that this source tree does not know: the original's
// mistake, which took whole locations away.
func strict(reply proto.Message) error {
	var err error
	eachMessage(reply.ProtoReflect(), func(m protoreflect.Message) {
		if len(m.GetUnknown()) > 0 {
			err = fmt.Errorf("%s has an unknown field", m.Descriptor().FullName())
		}
		m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			if e := f.Enum(); e != nil && !f.IsList() && e.Values().ByNumber(v.Enum()) == nil {
				err = fmt.Errorf("%s is %d, which is unknown", f.FullName(), v.Enum())
			}
			return true
		})
	})
	return err
}

// rejudge changes the report that a host judges.
func rejudge(change func(*usercodev1.ServerInfo)) filter {
	return func(reply proto.Message) error {
		eachMessage(reply.ProtoReflect(), func(m protoreflect.Message) {
			if info, ok := m.Interface().(*usercodev1.ServerInfo); ok {
				change(info)
			}
		})
		return nil
	}
}
