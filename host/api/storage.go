package api

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

const (
	// backupSpeed is how many bytes a second a backup sends when nobody says.
	backupSpeed = 64 << 20
	// backupPiece is how many bytes of it one message has.
	backupPiece = 256 << 10
)

// storageService serves StorageService. Retention is in retention.go.
type storageService struct{ s *Server }

var _ hostv1connect.StorageServiceHandler = storageService{}

// GetStorage tells how the store lies on its disk.
func (v storageService) GetStorage(ctx context.Context, _ *hostv1.GetStorageRequest) (*hostv1.GetStorageResponse, error) {
	st, err := v.s.o.Store.Storage(ctx)
	if err != nil {
		return nil, err
	}
	out := &hostv1.GetStorageResponse{
		Directory: valid(st.Directory), Format: st.Format, Runs: st.Runs, DiskFree: st.DiskFree, ReadOnly: valid(st.ReadOnly),
	}
	for _, f := range st.Files {
		out.Files = append(out.Files, &hostv1.GetStorageResponse_StoredFile{Name: valid(f.Name), Bytes: f.Bytes, Free: f.Free})
	}
	v.tellRetention(out)
	return out, nil
}

// readOnly says why nothing can be stored now, empty when something can, and how much the disk has left.
func (s *Server) readOnly(ctx context.Context) (why string, free uint64) {
	st, err := s.o.Store.Storage(ctx)
	if err != nil {
		return err.Error(), 0
	}
	return st.ReadOnly, st.DiskFree
}

// backupPatience is how long the client of a backup may take for a message; at most twice that, for it is looked at as
// often. While a backup is under way the store uses no page again that it shows, so one that nobody takes would fill the disk.
const backupPatience = time.Minute

// Backup sends a copy of the store piece by piece.
func (v storageService) Backup(ctx context.Context, req *hostv1.BackupRequest, stream hostv1connect.StorageServiceBackupServerStream) error {
	return v.s.watch(ctx, hostv1connect.StorageServiceBackupProcedure, func(ctx context.Context) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		w := &pieces{send: func(p []byte) error { return stream.Send(&hostv1.BackupResponse{Data: p}) }}
		ended := make(chan struct{})
		var watching sync.WaitGroup
		defer watching.Wait()
		defer close(ended)
		watching.Go(func() {
			err := v.awaitEnd(w, ended)
			if err == nil {
				return
			}
			if cancel(err); errors.Is(err, errNobodyReads) {
				endWrites(ctx)
			}
		})
		size, err := v.s.o.Store.Size()
		if err != nil {
			return err
		}
		if err := stream.Send(&hostv1.BackupResponse{Total: uint64(max(size, 0))}); err != nil {
			return err
		}
		speed := req.GetBytesPerSecond()
		if speed == 0 {
			speed = backupSpeed
		}
		err = v.s.o.Store.Backup(ctx, w, speed)
		if err == nil {
			err = w.flush()
		}
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, errStopping):
			return stopping()
		case errors.Is(cause, errNobodyReads):
			v.s.o.Logger.Warn("a backup has ended: its client takes nothing any more")
			return errNobodyReads
		default:
			return err
		}
	})
}

// awaitEnd returns why a backup ends before its time, nil when it does not.
func (v storageService) awaitEnd(w *pieces, ended <-chan struct{}) error {
	for before := uint64(0); ; {
		select {
		case <-ended:
			return nil
		case <-v.s.stopping:
			return errStopping
		case <-v.s.o.Clock.After(backupPatience):
		}
		steps := w.steps.Load()
		if steps == before && steps%2 == 1 {
			return errNobodyReads
		}
		before = steps
	}
}

// Why a backup ends before its time.
var (
	errStopping    = &host.Error{Code: host.Unavailable, Reason: "HOST_STOPPING", Message: "the host is stopping"}
	errNobodyReads = &host.Error{Code: host.Unavailable, Reason: "BACKUP_STALLED", Message: "the client takes nothing any more"}
)

// pieces gathers what is written into messages of one size.
type pieces struct {
	send func([]byte) error
	held []byte
	// steps counts when a message begins to be sent, and when it is.
	steps atomic.Uint64
}

// Write is for io.Writer.
func (p *pieces) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		take := min(len(b), backupPiece-len(p.held))
		p.held, b = append(p.held, b[:take]...), b[take:]
		if len(p.held) == backupPiece {
			if err := p.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// flush sends what is left. A message is encoded before send returns.
func (p *pieces) flush() error {
	if len(p.held) == 0 {
		return nil
	}
	p.steps.Add(1)
	err := p.send(p.held)
	p.steps.Add(1)
	p.held = p.held[:0]
	return err
}
