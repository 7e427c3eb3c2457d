package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// maxProblems is the most problems in one answer: gRPC carries them in a header.
const maxProblems = 100

// codes maps the domain's codes to the wire.
var codes = map[host.Code]connect.Code{
	host.NotFound:    connect.CodeNotFound,
	host.Invalid:     connect.CodeInvalidArgument,
	host.Conflict:    connect.CodeFailedPrecondition,
	host.Refused:     connect.CodePermissionDenied,
	host.Unavailable: connect.CodeUnavailable,
}

// answer makes of any error what the client gets. An error that is not meant for people is
// logged under an id, and the client gets only that.
func answer(ctx context.Context, log *slog.Logger, procedure string, err error) error {
	var ready *connect.Error
	var e *host.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) && e.Reason == "DEFINITION_CHANGED":
		return wireError(connect.CodeAborted, e) // what the request was made from has changed: look again
	case errors.As(err, &e) && e.Code != host.Internal:
		return wireError(codes[e.Code], e)
	case errors.As(err, &ready):
		return ready
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, io.EOF), ctx.Err() != nil:
		// The client went away or gave too little time. Connect has the codes for it.
		return err
	}
	id := rand.Text()[:10]
	log.ErrorContext(ctx, "internal error", "id", id, "procedure", procedure, "error", err)
	out := &host.Error{Reason: "INTERNAL", Message: fmt.Sprintf("internal error, see the host's log (id %s)", id)}
	if e != nil {
		out.Remedy = e.Remedy // for people, like all remedies
	}
	return wireError(connect.CodeInternal, out)
}

// wireError is e with its details. Text of others is made valid, for invalid UTF-8 would spoil the whole answer.
func wireError(code connect.Code, e *host.Error) error {
	d := &hostv1.ErrorDetail{Reason: e.Reason, Remedy: valid(e.Advice())}
	for i, p := range e.Problems {
		if i == maxProblems {
			d.Problems = append(d.Problems, &hostv1.Problem{Message: fmt.Sprintf("and %d more", len(e.Problems)-i)})
			break
		}
		d.Problems = append(d.Problems, problemToWire(p))
	}
	out := connect.NewError(code, valid(e.Message))
	detail, err := connectproto.NewErrorDetail(d)
	if err != nil {
		return out // the message stands for itself
	}
	return out.WithDetail(detail)
}

func problemToWire(p host.Problem) *hostv1.Problem {
	return &hostv1.Problem{
		Field: valid(p.Field), Path: valid(p.Path), Message: valid(p.Message),
		Line: uint32(max(p.Line, 0)), Column: uint32(max(p.Column, 0)),
	}
}

// valid makes text fit for a message: bytes that are not UTF-8 become U+FFFD.
func valid(s string) string { return strings.ToValidUTF8(s, "�") }

// exhausted is an answer that more of something is asked for than there is.
func exhausted(e *host.Error) error { return wireError(connect.CodeResourceExhausted, e) }

// stopping ends a stream because the host stops; the client comes back.
func stopping() error {
	return wireError(connect.CodeUnavailable, &host.Error{
		Reason: "HOST_STOPPING", Message: "the host is stopping", Remedy: "connect again in a few seconds",
	})
}

// unknownCalls answers calls that no service of this host has, for the client of a newer one must not take it for
// something else. All other requests are for next.
func unknownCalls(next http.Handler) http.Handler {
	rpc := connecthttp.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !rpc.IsSupported(r) {
			next.ServeHTTP(w, r)
			return
		}
		_ = rpc.Write(w, r, wireError(connect.CodeUnimplemented, &host.Error{ // a client that is gone needs no answer
			Reason:  "CALL_UNKNOWN",
			Message: fmt.Sprintf("this host does not know the call %.200q", strings.TrimPrefix(r.URL.Path, "/")),
			Remedy:  "update the host, or ask with a client of its version",
		}))
	})
}
