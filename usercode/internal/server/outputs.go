package server

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/outputs"
)

const (
	// maxDeletedRuns is how many runs one request may name.
	maxDeletedRuns = 1000
	// maxDeletes is how many of them are deleted at a time, over all requests.
	maxDeletes = 8
	// maxFailedBytes is how long the reason for one may be.
	maxFailedBytes = 1 << 10
)

// DeleteOutputs removes what runs have in the output store. Each run fails by itself.
func (s *Server) DeleteOutputs(ctx context.Context, r *usercodev1.DeleteOutputsRequest) (*usercodev1.DeleteOutputsResponse, error) {
	runs := r.GetRunIds()
	if len(runs) > maxDeletedRuns {
		return nil, status.Errorf(codes.InvalidArgument, "delete outputs: the request names %d runs; the limit is %d", len(runs), maxDeletedRuns)
	}
	if s.opts.Outputs == nil {
		return nil, status.Error(codes.FailedPrecondition, "this user-code server has no output store (it was started with --outputs none)")
	}
	errs := make([]error, len(runs))
	var group sync.WaitGroup
	for i, run := range runs {
		if errs[i] = outputs.CheckRun(run); errs[i] != nil {
			continue
		}
		select {
		case s.deletes <- struct{}{}:
		case <-ctx.Done():
			errs[i] = context.Cause(ctx)
			continue
		}
		group.Go(func() {
			defer func() { <-s.deletes }()
			defer func() {
				if p := recover(); p != nil { // a driver is not ours, and must not take the server along
					errs[i] = fmt.Errorf("the driver of the output store panicked: %v", p)
				}
			}()
			errs[i] = outputs.Delete(ctx, s.opts.Outputs, run)
		})
	}
	group.Wait()
	response := &usercodev1.DeleteOutputsResponse{ServerId: s.id}
	for i, err := range errs {
		if err == nil {
			continue
		}
		s.opts.Logger.Warn("outputs of a run are not deleted", "run", runs[i], "error", err)
		message := err.Error()
		message = strings.ToValidUTF8(message[:min(len(message), maxFailedBytes)], "\uFFFD")
		response.Failed = append(response.Failed, &usercodev1.DeleteOutputsResponse_Failed{
			RunId: strings.ToValidUTF8(runs[i], "\uFFFD"), Message: message,
		})
	}
	return response, nil
}
