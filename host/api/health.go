package api

import (
	"context"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/penstock-run/penstock/host"
)

// registerHealth adds grpc.health.v1: while the host answers at all, it serves. The code server's check that the host's
// address is right, and those of containers and load balancers, ask here.
func (s *Server) registerHealth(server *connect.Server) {
	methods := grpc_health_v1.File_grpc_health_v1_health_proto.Services().ByName("Health").Methods()
	server.Register(
		connect.Method{
			Spec: connect.Spec{
				StreamType: connect.StreamTypeUnary,
				// So that a plain GET with ?encoding=json&message={} works as a container's probe.
				IdempotencyLevel: connect.IdempotencyNoSideEffects,
				Schema:           methods.ByName("Check"),
				Procedure:        grpc_health_v1.Health_Check_FullMethodName,
			},
			Handler: s.healthCheck,
		},
		connect.Method{
			Spec: connect.Spec{
				StreamType: connect.StreamTypeServer,
				Schema:     methods.ByName("Watch"),
				Procedure:  grpc_health_v1.Health_Watch_FullMethodName,
			},
			Handler: s.healthWatch,
		},
	)
}

func (s *Server) healthCheck(_ context.Context, _ connect.Spec, stream connect.ServerStream) error {
	var req grpc_health_v1.HealthCheckRequest
	if err := stream.Receive(&req); err != nil {
		return err
	}
	if !s.known(req.GetService()) {
		return &host.Error{
			Code: host.NotFound, Reason: "SERVICE", Message: "this host has no service of that name",
			Remedy: "leave service empty to ask for the whole host",
		}
	}
	status := grpc_health_v1.HealthCheckResponse_SERVING
	if s.isStopping() {
		status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return stream.Send(&grpc_health_v1.HealthCheckResponse{Status: status})
}

// healthWatch says what it has to say at once, then waits for the one change there can be.
func (s *Server) healthWatch(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
	var req grpc_health_v1.HealthCheckRequest
	if err := stream.Receive(&req); err != nil {
		return err
	}
	return s.watch(ctx, spec.Procedure, func(ctx context.Context) error {
		status := grpc_health_v1.HealthCheckResponse_SERVING
		if !s.known(req.GetService()) {
			status = grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN
		}
		if err := stream.Send(&grpc_health_v1.HealthCheckResponse{Status: status}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stopping:
		}
		err := stream.Send(&grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING})
		if err != nil {
			return err
		}
		return stopping()
	})
}

// known reports whether health can be asked of the service: of any that is served, or of the host as a whole.
func (s *Server) known(service string) bool { return service == "" || s.services[service] }
