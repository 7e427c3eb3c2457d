package api

import (
	"context"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/penstock-run/penstock/host"
)

// storeHealth is the name under which health says whether something can be stored. The host as a whole serves without: it
// answers, and workers are to find it.
const storeHealth = "penstock.store"

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

func (s *Server) healthCheck(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
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
	return stream.Send(&grpc_health_v1.HealthCheckResponse{Status: s.health(ctx, req.GetService())})
}

// health is how a service is that is known.
func (s *Server) health(ctx context.Context, service string) grpc_health_v1.HealthCheckResponse_ServingStatus {
	if s.isStopping() {
		return grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	if service == storeHealth {
		if why, _ := s.readOnly(ctx); why != "" {
			return grpc_health_v1.HealthCheckResponse_NOT_SERVING
		}
	}
	return grpc_health_v1.HealthCheckResponse_SERVING
}

// healthEvery is how often a watch looks at the store.
const healthEvery = 5 * time.Second

// healthWatch says what it has to say at once, then each change: of the host as a whole there is one, its end.
func (s *Server) healthWatch(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
	var req grpc_health_v1.HealthCheckRequest
	if err := stream.Receive(&req); err != nil {
		return err
	}
	return s.watch(ctx, spec.Procedure, func(ctx context.Context) error {
		told := grpc_health_v1.HealthCheckResponse_UNKNOWN
		for ending := false; !ending; {
			status := grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN
			if s.known(req.GetService()) {
				status = s.health(ctx, req.GetService())
			}
			if status != told {
				if err := stream.Send(&grpc_health_v1.HealthCheckResponse{Status: status}); err != nil {
					return err
				}
			}
			told = status
			var again <-chan time.Time
			if req.GetService() == storeHealth {
				again = s.o.Clock.After(healthEvery)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-s.stopping:
				ending = true
			case <-again:
			}
		}
		if told == grpc_health_v1.HealthCheckResponse_NOT_SERVING {
			return stopping()
		}
		err := stream.Send(&grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING})
		if err != nil {
			return err
		}
		return stopping()
	})
}

// known reports whether health can be asked of the service: of any that is served, or of the host as a whole.
func (s *Server) known(service string) bool {
	return service == "" || service == storeHealth || s.services[service]
}
