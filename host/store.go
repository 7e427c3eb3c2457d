package host

import (
	"context"
	"io"
	"time"

	"github.com/penstock-run/penstock/host/selector"
)

// Store keeps runs, their events and the bodies of their snapshots, and what is known of code locations.
//
// Every method that writes answers after the data is on disk, and what it
// answers survives a kill. A method that fails because of its arguments or a
// cancelled context leaves nothing behind. Results belong to the caller.
// All methods may be called concurrently. After Close they fail.
// storetest.Exercise is this contract as tests.
type Store interface {
	AlertStore
	AutomationStore
	BackfillStore
	BulkStore
	KnownLocationStore
	LimitChangeStore
	PartitionStore

	// CreateRun adds a run, its bodies and its first host event in one
	// transaction, sets Seq, and raises CreatedAt to that of the run before if
	// the clock went back. A RequestID that was used before answers the run
	// that it made, with created false, and adds nothing; if that run was
	// launched as another job, or was deleted since, it is a Conflict. So is an ID that
	// another run has. A final status, or a body that is neither given nor there,
	// is Invalid.
	CreateRun(ctx context.Context, n NewRun) (run Run, created bool, err error)

	// RunOfRequest returns the run that a CreateRun with this RequestID made.
	// NotFound when there is none, or it was deleted.
	RunOfRequest(ctx context.Context, requestID string) (Run, error)

	// Run returns one run. NotFound when there is none.
	Run(ctx context.Context, id RunID) (Run, error)

	// FindRuns returns the ids that begin with prefix (hex digits and dashes), at most limit, in
	// order of the ids: oldest first as long as the clock did not go back.
	FindRuns(ctx context.Context, prefix string, limit int) ([]RunID, error)

	// Runs returns at most limit runs with Seq below before (0 means from the newest), newest first.
	// A page of large runs may end earlier; only a Next of 0 is the end. A store that would have to
	// search long for the run after a full page may set Next although none is left.
	// where must be bound, see selector.Expr.Bind; nil selects all. It sees the metadata that a run was launched with.
	// Runs that cannot be read are left out, and the error, which comes beside the page then, is a Damage.
	Runs(ctx context.Context, where *selector.Expr, before uint64, limit int) (RunPage, error)

	// SelectRuns is Runs with the names of runs alone, for who acts on each of very many.
	SelectRuns(ctx context.Context, where *selector.Expr, before uint64, limit int) (RunRefs, error)

	// CountRuns returns how many runs match where, by status, exactly. Runs that cannot be read may be left out, and the
	// error, which comes beside the counts then, is a Damage.
	CountRuns(ctx context.Context, where *selector.Expr) (RunCounts, error)

	// RunTerms returns the keys, or the values of a key or field, that runs have, with how many have each. A query of a
	// field that has no Name is Invalid. Runs that cannot be read are as with CountRuns.
	RunTerms(ctx context.Context, q TermQuery) (TermPage, error)

	// RunBytes returns about how many bytes runs take with their events, without what they share with others. Runs that are
	// not there take none.
	RunBytes(ctx context.Context, ids []RunID) (uint64, error)

	// OpenRuns returns every run that is not final, in order of Seq. Ones that cannot be read are left out, and the
	// error, which comes beside the others then, is a Damage.
	OpenRuns(ctx context.Context) ([]Run, error)

	// RunsToRetry returns every run with RetryDue, in order of Seq. Those that cannot be read are as with OpenRuns.
	RunsToRetry(ctx context.Context) ([]Run, error)

	// UpdateRun applies change to the run as it is now and stores the result
	// with the given host events, all or nothing. change must only touch its
	// argument, must be quick, and may run on another goroutine; a panic of
	// change is the caller's. It may not change ID, Seq or CreatedAt, nor
	// lower Attempt. An error from change is returned as it is and nothing is
	// stored: this is the compare-and-set. NotFound when there is no such run.
	//
	// It may change Job, which re-points the run, while the run is QUEUED or
	// WAITING_FOR_CODE before and after. The store keeps what it was launched as
	// in LaunchedAs, whatever change does to that, and its request id goes on to
	// stand for the job that it was launched as.
	//
	// The events get their place after the last event of the attempt, as change
	// left it, that readers can see. What else comes is seen after them: a
	// reader never misses an event because its cursor has passed it.
	UpdateRun(ctx context.Context, id RunID, change func(*Run) (events [][]byte, err error)) (Run, error)

	// UpdateRuns is UpdateRun for each of at most MaxRunsPerWrite runs, in one write: each run wholly or not at all, whatever
	// becomes of the others. It returns a result for each id, at its place; the errors of UpdateRun are in them. Its own
	// error is one of all: nothing was stored then. So it is after a panic of change. An id that comes again has the result
	// of the first.
	//
	// What a request changes is remembered with it, in the same write. When it comes again, change is not called for the
	// runs for which it returned no error before, also if nothing came of it, and their results have Repeated set. A
	// request whose ID was used for something else, a launch included, is a Conflict; without What, or with too much of
	// it, it is Invalid. It is remembered for at least 7 days after it last changed something.
	UpdateRuns(ctx context.Context, r Request, ids []RunID, change func(*Run) (events [][]byte, err error)) ([]RunResult, error)

	// RunsOfRequest returns the ids of the runs that UpdateRuns or DeleteRuns changed for this request before, in the order
	// in which they were; none for a request that is new, and for the zero one. Conflict and Invalid as with UpdateRuns.
	RunsOfRequest(ctx context.Context, r Request) ([]RunID, error)

	// DeleteRun removes a run that is final, with its events. NotFound, or Conflict when it is not final. In the same
	// transaction it notes of a run with an attempt that outputs of it at its location are to be collected.
	DeleteRun(ctx context.Context, id RunID) error

	// DeleteRuns is DeleteRun for each of at most MaxRunsPerWrite runs, in one write, with requests and results as with
	// UpdateRuns. The Run of a result has only ID, Seq and Job, that of a repeat only ID.
	DeleteRuns(ctx context.Context, r Request, ids []RunID) ([]RunResult, error)

	// LocationsToCollect returns the locations at which outputs of deleted runs are to be collected, sorted by name.
	LocationsToCollect(ctx context.Context) ([]string, error)

	// OutputsToCollect returns at most limit deleted runs whose outputs are to be collected at location, in order of their
	// ids, from behind after; empty means from the first. Records that cannot be read are left out, and the error, which
	// comes beside the others then, is a Damage.
	OutputsToCollect(ctx context.Context, location string, after RunID, limit int) ([]RunID, error)

	// OutputsCollected forgets that outputs of these runs are to be collected at location. Others it passes over.
	OutputsCollected(ctx context.Context, location string, ids []RunID) error

	// AppendEvents stores what of the batch is new and answers the last seq
	// stored for the attempt. Events at or below it are dropped as duplicates.
	// A batch that would leave a gap is a Conflict and stores nothing; so is one
	// of another attempt than the run's. Runs that are final take events too.
	AppendEvents(ctx context.Context, id RunID, b EventBatch) (lastSeq uint64, err error)

	// LastSeq returns the seq of the last event of the attempt, 0 when there is none.
	LastSeq(ctx context.Context, id RunID, attempt uint32) (uint64, error)

	// Events returns at most limit events after the cursor, in order.
	Events(ctx context.Context, id RunID, after Cursor, limit int) ([]StoredEvent, error)

	// LastEvents returns the last n events, in order.
	LastEvents(ctx context.Context, id RunID, n int) ([]StoredEvent, error)

	// HostEvents returns the events of a run that the host itself made, in order.
	HostEvents(ctx context.Context, id RunID) ([]StoredEvent, error)

	// TidyEpochs gives room of deleted runs' events back to the disk, where a store keeps events in files that do not shrink
	// by themselves. It takes its time, so that others are not held up, and may be ended by ctx at any moment: the next
	// call goes on. Whoever deletes many runs calls it afterwards. A file that cannot be read stays as it is, and the
	// error, which comes beside what was done with the others, is a Damage.
	TidyEpochs(ctx context.Context) (EpochsTidied, error)

	// PutBodies stores bodies that a run is about to be started from; ones that are there already are not written again.
	// A body that does not have the digest is Invalid.
	PutBodies(ctx context.Context, bodies map[Digest][]byte) error

	// Body returns the bytes of a body. NotFound when there is none.
	Body(ctx context.Context, d Digest) ([]byte, error)

	// Storage tells how the store lies on its disk, and why nothing can be written now, if that is so.
	Storage(ctx context.Context) (Storage, error)

	// Backup writes a copy of the store as it is at one moment, while it goes on to work, as a file that a store of the
	// same kind can be restored from. It writes at most bytesPerSecond; 0 means as fast as w takes them. A Conflict while
	// another backup is under way.
	Backup(ctx context.Context, w io.Writer, bytesPerSecond uint64) error

	// Size returns the bytes that the store uses on disk.
	Size() (int64, error)

	// Close waits for writes that were accepted and closes the store. It may be called twice.
	Close() error
}

// NewRun is what CreateRun adds.
type NewRun struct {
	// RequestID makes the call repeatable; 16–64 characters.
	RequestID string
	// Run has everything but Seq.
	Run Run
	// Bodies are those that the run's snapshot names; ones that are there already are not written again.
	Bodies map[Digest][]byte
	// Events are the first host events.
	Events [][]byte
}

// Change tells that something of a run was committed. It is shared: nobody may
// change what Run points to.
type Change struct {
	// Run as committed; only ID, Seq and Job are set when Deleted.
	Run Run
	// Deleted tells that the run is gone.
	Deleted bool
	// Events tells that events were added; they may have come without a change of the run.
	Events bool
	// LastEvent is the place of the last event, when Events is set.
	LastEvent Cursor
}

// Clock tells the time. Tests bring their own.
type Clock interface {
	// Now returns the present instant.
	Now() time.Time
	// After returns a channel that gets the time once d has passed.
	After(d time.Duration) <-chan time.Time
}
