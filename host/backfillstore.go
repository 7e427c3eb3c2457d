package host

import "context"

// MaxBackfills is how many backfills are kept: of older ones those that go on.
const MaxBackfills = 1000

// BackfillStore keeps backfills; it is part of Store.
type BackfillStore interface {
	// CreateBackfill adds a backfill, which is RUNNING, in round 0. A requestID (16–64 characters) that was used before
	// answers the one that it made, as it is now, with created false, and adds nothing; if that one has another
	// AskedDigest, it is a Conflict. So is an ID that another has. Of those beyond the newest MaxBackfills, the ended ones
	// are forgotten.
	CreateBackfill(ctx context.Context, requestID string, b Backfill) (backfill Backfill, created bool, err error)

	// BackfillOfRequest returns the backfill that a CreateBackfill with this requestID made. NotFound when there is none.
	BackfillOfRequest(ctx context.Context, requestID string) (Backfill, error)

	// UpdateBackfill applies change to a backfill as it is now, and stores what becomes of State, EndedAt, Problem, Next,
	// Refusals, RefusedCount, Round, Retry, RetryRequest, Forced and Counts; the rest stays as CreateBackfill had it.
	// change is called as that of UpdateRun is; its error is returned as it is, and nothing is stored. Retry is written
	// only when Round changes, which never goes back. NotFound when there is none.
	UpdateBackfill(ctx context.Context, id string, change func(*Backfill) error) (Backfill, error)

	// Backfill returns one. NotFound when there is none.
	Backfill(ctx context.Context, id string) (Backfill, error)

	// FindBackfills returns the ids that begin with prefix (hex digits and dashes), at most limit, in their order.
	FindBackfills(ctx context.Context, prefix string, limit int) ([]string, error)

	// Backfills returns at most limit backfills of a job (the zero name means of all) that are older than before (an ID;
	// empty means from the newest), newest first. next is the before of the next page, empty at the end; a page with many
	// partitions may end earlier. Ones that cannot be read are left out, and the error, which comes beside the others then,
	// is a Damage.
	Backfills(ctx context.Context, job JobName, before string, limit int) (page []Backfill, next string, err error)
}
