package api

import (
	"context"
	"fmt"
	"runtime/debug"

	"connectrpc.com/connect/v2"
)

// intercept is around every call: it makes errors of panics, answers of errors, and measures.
func (s *Server) intercept(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		began := s.o.Clock.Now()
		err := answer(ctx, s.o.Logger, spec.Procedure, guard(next, ctx, spec, stream))
		s.metrics.request(spec, err, s.o.Clock.Now().Sub(began))
		return err
	}
}

// guard calls next and makes an error of a panic: one bad call must not end the host.
func guard(next connect.ServerFunc, ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) { //nolint:revive // in next's order
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return next(ctx, spec, stream)
}

// watch wraps a server stream: it counts against the limit, and its sends fail as soon as the call is over, so that a
// client that does not read holds nothing up.
func (s *Server) watch(ctx context.Context, procedure string, f func(ctx context.Context) error) error {
	leave, err := s.streams.enter(procedure)
	if err != nil {
		return err
	}
	defer leave()
	defer cutWrites(ctx)()
	return f(ctx)
}
