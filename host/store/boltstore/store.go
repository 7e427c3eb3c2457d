package boltstore

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock-run/penstock/host"
)

// Options are what Open may be told. The zero value, and nil, are legal.
type Options struct {
	// Logger gets what an operator must know. Default: none.
	Logger *slog.Logger
	// Clock tells when a run without CreatedAt was created. Without one, such a run is refused.
	Clock host.Clock
	// OnChange is called after each commit, in the order of commits, one call at a time, and before the write is
	// answered. It must be quick, must not call the store, and must not change what it gets, which others get too.
	OnChange func(host.Change)
	// MetadataTexts reads a body of metadata that runs were launched with, as selectors see it. What it returns lies
	// outside of the body. Without it runs are not found by metadata.
	MetadataTexts func(body []byte) ([]host.MetadataText, error)
	// OnFatal is called once, when a transaction failed so that its outcome is unknown. The store then takes no
	// more writes: end the process, and look again after a new start. It must not wait for Close.
	OnFatal func(error)
	// Free measures how many bytes this process may still write to the disk of a directory. The store takes no writes
	// while there is less than it needs, and says so. Without it the disk is not watched.
	Free func(dir string) (uint64, error)

	// chunkBits make smaller chunks of the index in tests.
	chunkBits int
	// open stands in for os.OpenFile in tests.
	open openFile
	// unsynced leaves out syncing after commits, in tests that no process or disk fails in: they wait for little else.
	unsynced bool
	// epochBytes and epochAge stand in for maxEpochBytes and maxEpochAge in tests; step is called between the steps that
	// begin and remove epochs.
	epochBytes int64
	epochAge   time.Duration
	step       func(name string)
	// keepEnded stands in for host.MaxEndedRuns in tests.
	keepEnded uint64
	// rewriteStep is called before each step of a rewrite of a file; tests stop there.
	rewriteStep func(what string) error
}

// orDefaults fills in what is not given. o may be nil.
func (o *Options) orDefaults() Options {
	filled := Options{}
	if o != nil {
		filled = *o
	}
	if filled.Logger == nil {
		filled.Logger = slog.New(slog.DiscardHandler)
	}
	if filled.keepEnded == 0 {
		filled.keepEnded = host.MaxEndedRuns
	}
	return filled
}

// Store is a host.Store in a directory. All methods may be called concurrently.
type Store struct {
	log   *slog.Logger
	clock host.Clock

	halt   *halt
	space  *diskSpace
	meta   *writer
	epochs *epochs
	keeper *keeper
	tails  tails
	// index finds runs by what selectors look at.
	index *runIndex
	// texts are those of metadata that runs were launched with.
	texts *metadataTexts
	// forgetting removes records of requests.
	forgetting forgetting
	// known are held by who replaces what is known of a location.
	known nameLocks

	// next is what CreateRun goes on from; only the goroutine that writes meta.db touches it.
	next next

	// keepEnded is how many of the runs that ended are kept in their order at least.
	keepEnded uint64
	// tidied is what TidyTicks need not look at again.
	tidied tidiedTicks

	// announcing is held while a change is told, so that changes are told in order. No reader needs it.
	announcing sync.Mutex
	onChange   func(host.Change)

	// copying is held by a backup. purging is held for reading by who removes what others may still refer to, so that a
	// backup, which holds it while it begins, sees either all of it or nothing.
	copying sync.Mutex
	purging sync.RWMutex
	// backing tells that a backup is under way, or waits for its turn.
	backing atomic.Bool

	closed   atomic.Bool
	closing  sync.Once
	closeErr error
}

var _ host.Store = (*Store)(nil)

// Size returns the bytes that the store uses on disk.
func (s *Store) Size() (int64, error) {
	total := int64(0)
	for _, d := range s.files() {
		n, err := d.size()
		if err != nil {
			return 0, fmt.Errorf("size of the store: %w", err)
		}
		total += n
	}
	return total, nil
}

// Close answers the writes that were accepted, then closes the files. It waits for reads under way, and may be
// called twice.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.forgetting.stop()
		s.keeper.close()
		if err := errors.Join(s.epochs.close(), s.meta.close()); err != nil {
			s.closeErr = fmt.Errorf("close the store: %w", err)
		}
	})
	return s.closeErr
}
