package hosttest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	grpcmetadata "google.golang.org/grpc/metadata"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// link is one stream of a worker to the host.
type link struct {
	conn     *grpc.ClientConn
	stream   grpc.BidiStreamingClient[workerv1.AttachRequest, workerv1.AttachResponse]
	future   bool
	cancel   context.CancelFunc
	received chan struct{}
	acked    chan uint64
	failed   chan error
}

// deniedError is a host's last word.
type deniedError struct{ *workerv1.Denied }

func (d deniedError) Error() string {
	return fmt.Sprintf("denied: %s: %s", d.GetReason(), d.GetMessage())
}

// attachPause is how long a worker that outlives waits before it tries again.
const attachPause = 20 * time.Millisecond

// attach opens a link, and asks for the grant if there is none yet. Workers that outlive go on until a host answers.
func (w *worker) attach(ctx context.Context) error {
	for {
		err := w.attachOnce(ctx)
		if err == nil {
			return nil
		}
		if _, denied := errors.AsType[deniedError](err); denied || !w.process.behavior.Outlive {
			return err
		}
		pause := time.NewTimer(attachPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// reattach takes a new link for one that broke with the error, if the worker is one that does.
func (w *worker) reattach(ctx context.Context, broke error) error {
	if _, denied := errors.AsType[deniedError](broke); denied || !w.process.behavior.Outlive {
		return broke
	}
	w.link.close()
	return w.attach(ctx)
}

func (w *worker) attachOnce(ctx context.Context) error {
	conn, err := dialHost(w.start.GetHostAddress())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(grpcmetadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+w.start.GetToken()))
	l := &link{
		conn: conn, future: w.process.behavior.Future, cancel: cancel,
		received: make(chan struct{}), acked: make(chan uint64, 1), failed: make(chan error, 1),
	}
	var acked uint64
	if l.stream, err = workerv1.NewWorkerServiceClient(conn).Attach(ctx); err != nil {
		err = fmt.Errorf("attach to %s: %w", w.start.GetHostAddress(), err)
	} else {
		acked, err = w.hello(l)
	}
	if err == nil && acked < w.seq() {
		err = l.events(acked+1, w.sent[acked:]...)
	}
	if err != nil {
		close(l.received)
		l.close()
		return err
	}
	w.link = l
	go func() {
		defer close(l.received)
		l.receive(ctx, w.asked)
	}()
	return nil
}

// dialHost is the way to a host's address in the form of StartRunRequest.
func dialHost(address string) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	target, plain := strings.CutPrefix(address, "http://")
	if !plain {
		target = strings.TrimPrefix(address, "https://")
		creds = credentials.NewTLS(nil)
	}
	cc, err := grpc.NewClient("passthrough:///"+target, grpc.WithTransportCredentials(creds), grpc.WithNoProxy())
	if err != nil {
		return nil, fmt.Errorf("dial host %s: %w", address, err)
	}
	return cc, nil
}

// hello asks whether to start, or to go on; the answer is what to run and what the host has of it.
func (w *worker) hello(l *link) (acked uint64, err error) {
	err = l.send(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Hello{Hello: &workerv1.Hello{
		RunId: w.start.GetRunId(), Attempt: w.start.GetAttempt(), WorkerId: w.id, ServerId: w.process.id,
		ProtocolVersion: w.process.behavior.Protocol, Handle: "inside a peer", WantGrant: w.spec == nil,
		DefinitionDigest: w.start.GetDefinitionDigest(), LastSeq: w.seq(),
	}}})
	if err != nil {
		return 0, fmt.Errorf("say hello: %w", err)
	}
	for {
		m, err := l.stream.Recv()
		switch {
		case err != nil:
			return 0, fmt.Errorf("wait for the answer to hello: %w", err)
		case m.GetWelcome() != nil:
			w.beat = cmp.Or(max(m.GetWelcome().GetHeartbeatInterval().AsDuration(), 0), w.beat)
			if acked = m.GetWelcome().GetAckedSeq(); w.spec != nil {
				return acked, nil
			}
		case m.GetGrant() != nil:
			w.spec = m.GetGrant().GetRun()
			return acked, nil
		case m.GetDenied() != nil:
			return 0, deniedError{m.GetDenied()}
		}
	}
}

// receive passes on what the host says until the stream ends.
func (l *link) receive(ctx context.Context, asked chan<- *workerv1.Cancel) {
	for {
		m, err := l.stream.Recv()
		if err == nil && m.GetDenied() != nil {
			err = deniedError{m.GetDenied()}
		}
		switch {
		case err != nil:
			l.failed <- err
			return
		case m.GetCancel() != nil:
			select {
			case asked <- m.GetCancel():
			default: // one is enough
			}
		case m.GetAck() != nil:
			select {
			case l.acked <- m.GetAck().GetSeq():
			case <-ctx.Done():
				return
			}
		}
	}
}

// events sends encoded events, the first of which has the number.
func (l *link) events(first uint64, encoded ...[]byte) error {
	batch := &workerv1.EventBatch{FirstSeq: first, Events: encoded}
	if err := l.send(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{Events: batch}}); err != nil {
		return fmt.Errorf("send event %d: %w", first, err)
	}
	return nil
}

// finished says that the event of the number is the last one, and waits until it is on disk.
func (l *link) finished(ctx context.Context, seq uint64) error {
	err := l.send(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{Finished: &workerv1.Finished{LastSeq: seq}}})
	if err != nil {
		return fmt.Errorf("finish: %w", err)
	}
	for {
		select {
		case acked := <-l.acked:
			if acked >= seq {
				return l.stream.CloseSend()
			}
		case err := <-l.failed:
			select {
			case acked := <-l.acked:
				if acked >= seq {
					return nil // the host closed right after it
				}
			default:
			}
			return fmt.Errorf("wait for the last acknowledgement: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// heartbeat says that the worker lives.
func (l *link) heartbeat() error {
	return l.send(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Heartbeat{Heartbeat: &workerv1.Heartbeat{}}})
}

func (l *link) send(m *workerv1.AttachRequest) error {
	if l.future {
		if known, ok := WithUnknown(m).(*workerv1.AttachRequest); ok {
			m = known
		}
	}
	return l.stream.Send(m)
}

// close ends the stream and its connection.
func (l *link) close() {
	l.cancel()
	_ = l.conn.Close() // it answers only that it was closed before
	<-l.received
}
