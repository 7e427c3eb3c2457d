package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/proto/gen/penstock/worker/v1/workerv1connect"
)

const (
	maxBody = 2 << 20
	// maxLaunchBody is for a launch and its preview, which carry a config and many tags.
	maxLaunchBody = 8 << 20
	// maxWorkerMessage is the most bytes of one message of a worker; its stream has no limit.
	maxWorkerMessage = 4 << 20
	// bodyWithin is how long a request may take to arrive once its headers have: the largest one over 1 Mbit/s.
	bodyWithin = 70 * time.Second
)

// limitBody bounds what a request may carry, and how long it may take to arrive: a request that never ends would keep
// its connection for good. Workers' streams last, and are bounded message by message.
func limitBody(next http.Handler, within time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Without HTTP/2 there is no stream, and what is wrong with the call is answered once the request was read.
		if r.Body == http.NoBody || r.URL.Path == workerv1connect.WorkerServiceAttachProcedure && r.ProtoMajor >= 2 {
			next.ServeHTTP(w, r)
			return
		}
		limit := bodyLimit(r.URL.Path)
		b := &body{ReadCloser: http.MaxBytesReader(w, r.Body, limit), conn: http.NewResponseController(w), within: within}
		if r.ContentLength > limit {
			b.refused = tooLarge(limit)
		}
		// What cannot have a deadline is not a connection, and then there is nothing to keep.
		_ = b.conn.SetReadDeadline(time.Now().Add(within)) //nolint:forbidigo // a deadline of the system's
		r.Body = b
		next.ServeHTTP(w, r)
	})
}

// bodyLimit is the most bytes of a request to path.
func bodyLimit(path string) int64 {
	switch path {
	case hostv1connect.RunServiceLaunchRunProcedure, hostv1connect.RunServicePreviewRunProcedure:
		return maxLaunchBody
	default:
		return maxBody
	}
}

func tooLarge(limit int64) error {
	return exhausted(&host.Error{
		Reason:  "TOO_LARGE",
		Message: fmt.Sprintf("the request is larger than %d bytes, which is the limit for this call", limit),
		Remedy:  "send less at once",
	})
}

// body is a request's body with a deadline for all of it.
type body struct {
	io.ReadCloser
	conn   *http.ResponseController
	within time.Duration
	// refused is set when the headers announce too much.
	refused error
}

// Read explains to the client what went wrong, and lets the deadline go once all is there: it would end a watch.
func (b *body) Read(p []byte) (n int, err error) {
	if b.refused != nil {
		return 0, b.refused
	}
	n, err = b.ReadCloser.Read(p)
	tooMany, isTooMany := errors.AsType[*http.MaxBytesError](err)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		_ = b.conn.SetReadDeadline(time.Time{})
		return n, err
	case isTooMany:
		return n, tooLarge(tooMany.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, wireError(connect.CodeDeadlineExceeded, &host.Error{
			Reason:  "TOO_SLOW",
			Message: fmt.Sprintf("the request did not arrive within %s", b.within),
			Remedy:  "check the network, and try again",
		})
	default:
		return n, err
	}
}

// messageLimit is limitBody for one message once it is decompressed.
func messageLimit(spec connect.Spec) []connecthttp.Option {
	limit := int(bodyLimit(spec.Procedure))
	if spec.Procedure == workerv1connect.WorkerServiceAttachProcedure {
		limit = maxWorkerMessage
	}
	return []connecthttp.Option{connecthttp.WithReadMaxBytes(limit)}
}
