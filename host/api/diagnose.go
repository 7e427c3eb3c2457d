package api

import (
	"context"

	"github.com/penstock-run/penstock/host/diagnose"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// newDoctor is who looks at the whole host.
func (s *Server) newDoctor() *diagnose.Doctor {
	return diagnose.New(diagnose.Options{
		Store: s.o.Store, Workspace: s.o.Workspace, Queue: s.o.Queue, Clock: s.o.Clock, StartedAt: s.started,
		Facts: s.o.StoreFacts, Space: s.o.Space, Directory: s.o.Identity.DataDirectory, Advertised: s.o.Identity.Advertised,
		Config: func() (diagnose.ConfigFile, bool) {
			c, ok := s.o.Config()
			return diagnose.ConfigFile{Path: c.Path, Error: c.Error, ErrorSince: c.ErrorSince}, ok
		},
	})
}

// Diagnose looks for what is wrong.
func (h hostService) Diagnose(ctx context.Context, _ *hostv1.DiagnoseRequest) (*hostv1.DiagnoseResponse, error) {
	out := &hostv1.DiagnoseResponse{}
	for _, c := range h.s.doctor.Checks(ctx) {
		out.Checks = append(out.Checks, &hostv1.DiagnoseResponse_Check{
			Area: c.Area, Level: levelWire[c.Level], Message: valid(c.Message), Remedy: valid(c.Remedy), Location: c.Location,
		})
	}
	return out, nil
}

var levelWire = map[diagnose.Level]hostv1.DiagnoseResponse_Level{
	diagnose.OK:      hostv1.DiagnoseResponse_LEVEL_OK,
	diagnose.Warning: hostv1.DiagnoseResponse_LEVEL_WARNING,
	diagnose.Error:   hostv1.DiagnoseResponse_LEVEL_ERROR,
}
