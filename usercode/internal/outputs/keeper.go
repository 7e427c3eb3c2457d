package outputs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/output"
)

// Options of New.
type Options struct {
	// Open opens the store; it is called when the store is needed first, and again after an error. Nil means that nothing
	// is stored, and that what other runs have stored cannot be read.
	Open func(ctx context.Context) (output.Store, error)
	// RunID is the run whose outputs these are.
	RunID string
	// Repository and Job are where its ops are defined.
	Repository, Job string
	// Configs are the complete objects of the run's configs, by name. What ops are given of them decides whether they
	// can be reused.
	Configs map[string][]byte
	// Memoize asks for outputs of earlier runs in place of running ops.
	Memoize bool
	// Stored are outputs of other runs.
	Stored []*workerv1.StoredOutput
	// Given are the values that the run config gives to inputs.
	Given spec.GivenInputs
	// Now is the clock. Required.
	Now func() time.Time
	// Logger gets what concerns nobody who looks at the run. Required.
	Logger *slog.Logger
}

// Keeper keeps the outputs of one attempt of a run. Close it when the run is over.
type Keeper struct {
	opts   Options
	stored map[string]*workerv1.StoredOutput
	room   room

	ctx    context.Context //nolint:containedctx // of what is stored behind the ops' back; ended by Flush
	cancel context.CancelFunc

	opening sync.Mutex // held while the store is opened
	store   output.Store

	mu        sync.Mutex
	away      time.Time // until when the store is left alone
	prints    map[string]fingerprint
	keys      map[string][32]byte // of ops that Reuse was asked for and that may be memoized, by path
	addresses map[string]*upload
	queue     []func()
	working   int
	group     sync.WaitGroup // of those that work the queue off
}

var _ engine.Outputs = (*Keeper)(nil)

// New makes the keeper of a run. It opens nothing.
func New(opts Options) *Keeper {
	k := &Keeper{
		opts: opts, stored: make(map[string]*workerv1.StoredOutput, len(opts.Stored)), room: room{size: maxInFlight},
		prints: map[string]fingerprint{}, keys: map[string][32]byte{}, addresses: map[string]*upload{},
	}
	for _, s := range opts.Stored {
		k.stored[s.GetOpPath()] = s
		if digest := s.GetOutput().GetDigest(); len(digest) == 32 {
			k.prints[s.GetOpPath()] = fingerprint{[32]byte(digest), s.GetOutput().GetCodec()}
		}
	}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k
}

// Close ends what is under way and closes the store.
func (k *Keeper) Close() error {
	k.cancel()
	if !k.opening.TryLock() {
		return nil // it is being opened by a call that was left behind
	}
	defer k.opening.Unlock()
	if k.store == nil {
		return nil
	}
	err := k.store.Close()
	k.store = nil
	return err
}

func (k *Keeper) remember(opPath string, f fingerprint) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.prints[opPath] = f
}

func (k *Keeper) forgetPrint(opPath string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.prints, opPath)
}

var errRunOver = errors.New("the run ended before")

var errOff = errors.New("the user-code server has no output store (it was started with --outputs none)")

// call does something with the store, in the time that size bytes may take. F is left behind when it does not return
// soon after its time is over: no file system lets a call be given up that hangs.
func (k *Keeper) call(ctx context.Context, size int64, f func(ctx context.Context, s output.Store) error) error {
	if k.opts.Open == nil {
		return errOff
	}
	if until := k.awayUntil(); k.opts.Now().Before(until) {
		return errors.New("the output store did not answer in time just before")
	}
	if ctx.Err() != nil || k.ctx.Err() != nil {
		return errRunOver
	}
	limit := callTimeout + time.Duration(size/callBytesPerSecond)*time.Second
	late := fmt.Errorf("the output store did not answer within %s", limit)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil { // a driver is not ours
				done <- fmt.Errorf("the driver of the output store panicked: %v", p)
			}
		}()
		s, err := k.open(ctx)
		if err == nil {
			err = f(ctx, s)
		}
		done <- err
	}()
	err := wait(ctx, done)
	if err != nil && context.Cause(ctx) == late { //nolint:errorlint // this very one, not what a driver makes of it
		k.mu.Lock()
		k.away = k.opts.Now().Add(awayFor)
		k.mu.Unlock()
		return late
	}
	return err
}

// wait prefers what the call says itself.
func wait(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(leaveBehind)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return context.Cause(ctx)
	}
}

func (k *Keeper) awayUntil() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.away
}

func (k *Keeper) open(ctx context.Context) (output.Store, error) {
	k.opening.Lock()
	defer k.opening.Unlock()
	if k.store != nil {
		return k.store, nil
	}
	if k.ctx.Err() != nil {
		return nil, errRunOver
	}
	s, err := k.opts.Open(ctx)
	k.store = s
	return s, err
}
