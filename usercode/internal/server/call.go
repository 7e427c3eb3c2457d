package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Trailers of every reply: which process answered, and what it has.
const (
	trailerServerID          = "penstock-server-id"
	trailerDefinitionsDigest = "penstock-definitions-digest"
)

// unary is around every call that is not a stream.
func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := s.authorize(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	if err := grpc.SetTrailer(ctx, s.trailer()); err != nil {
		return nil, err
	}
	return next(ctx, request)
}

// stream is around every stream.
func (s *Server) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := s.authorize(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	stream.SetTrailer(s.trailer())
	return next(srv, stream)
}

func (s *Server) trailer() metadata.MD {
	return metadata.Pairs(trailerServerID, s.id, trailerDefinitionsDigest, s.definitions.Digest.String())
}

// authorize asks for the token, except of health checks, which say nothing that a connection does not say already.
func (s *Server) authorize(ctx context.Context, method string) error {
	if s.opts.Token == "" || strings.HasPrefix(method, "/"+healthpb.Health_ServiceDesc.ServiceName+"/") {
		return nil
	}
	incoming, _ := metadata.FromIncomingContext(ctx)
	values := incoming.Get("authorization")
	if len(values) != 1 {
		return status.Error(codes.Unauthenticated, "this user-code server asks for a token; give the host the one that the server was started with")
	}
	// Hashes have one length, so the time of the comparison says nothing about the token's.
	got, want := sha256.Sum256([]byte(values[0])), sha256.Sum256([]byte("Bearer "+s.opts.Token))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return status.Error(codes.Unauthenticated, "the token is not that of this user-code server; give the host the one that the server was started with")
	}
	return nil
}
