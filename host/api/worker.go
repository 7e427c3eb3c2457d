package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/worker/v1/workerv1connect"
)

// helloWithin is how long a stream may be open before its first message, for until then nobody has shown a token.
const helloWithin = 10 * time.Second

// workerService serves penstock.worker.v1 with the sessions of host/attempt.
type workerService struct{ s *Server }

// Attach moves the messages of one worker. This goroutine owns all sends; one other receives, and is joined before
// Attach returns, for nobody may touch a stream after that.
func (w workerService) Attach(ctx context.Context, stream workerv1connect.WorkerServiceAttachServerStream) error {
	if w.s.isStopping() {
		return stopping()
	}
	w.s.workers.Add(1)
	defer w.s.workers.Add(-1)
	hello, err := w.hello(ctx, stream)
	if err != nil {
		return err
	}
	info, _ := connect.CallInfoForServerContext(ctx)
	// What is under way is finished even if the stream breaks meanwhile: the worker asks for it when it comes back.
	lasting := context.WithoutCancel(ctx)
	session, err := w.s.o.Sessions.Attach(lasting, bearer(info.RequestHeader().Get("Authorization")), hello)
	if err != nil {
		return err
	}
	defer session.Close()

	received := make(chan error, 1)
	go func() { received <- receive(lasting, stream, session) }()
	joined := false
	defer func() {
		if !joined {
			endReads(ctx)
			<-received //nolint:errcheck // the answer is decided already
		}
	}()
	defer cutWrites(ctx)()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-received:
			joined = true
			// The acknowledgement of the last batch is still to be sent.
			if _, sendErr := send(stream, session); sendErr != nil && err == nil {
				err = sendErr
			}
			return err
		case <-session.Ready():
			if last, err := send(stream, session); err != nil || last {
				return err
			}
		}
	}
}

// hello receives the first message, in bounded time.
func (w workerService) hello(ctx context.Context, stream workerv1connect.WorkerServiceAttachServerStream) (*workerv1.Hello, error) {
	arrived, watched := make(chan struct{}), make(chan struct{})
	late := false
	go func() {
		defer close(watched)
		select {
		case <-arrived:
			return
		case <-ctx.Done():
		case <-w.s.o.Clock.After(helloWithin):
			late = true
		}
		endReads(ctx)
	}()
	m, err := stream.Receive()
	close(arrived)
	<-watched
	switch {
	case late:
		return nil, workerError(fmt.Sprintf("no hello within %s", helloWithin))
	case err != nil:
		return nil, err
	case m.GetHello() == nil:
		return nil, workerError("the first message is not a hello")
	default:
		return m.GetHello(), nil
	}
}

// receive passes what the worker sends on to its session, until the stream ends.
func receive(ctx context.Context, stream workerv1connect.WorkerServiceAttachServerStream, session *attempt.Session) error {
	for {
		m, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := session.Receive(ctx, m); err != nil {
			return err
		}
	}
}

// send sends what the session has to say now, and tells whether the stream ends after it.
func send(stream workerv1connect.WorkerServiceAttachServerStream, session *attempt.Session) (last bool, err error) {
	out, last := session.Take()
	for _, m := range out {
		if err := stream.Send(m); err != nil {
			return last, err
		}
	}
	return last, nil
}

func workerError(message string) error {
	return &host.Error{Code: host.Invalid, Reason: "WORKER_STREAM", Message: message}
}
