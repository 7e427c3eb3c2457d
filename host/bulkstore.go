package host

import "context"

// BulkStore keeps actions on many runs; it is part of Store.
type BulkStore interface {
	// CreateBulk adds an action on many runs, which is RUNNING. A requestID (16–64 characters) that was used before answers
	// the one that it made, as it is now, with created false, and adds nothing; if that one has another Asked, it is a
	// Conflict. So is an ID that another has. Of those beyond the newest MaxBulks, the ended ones are forgotten.
	CreateBulk(ctx context.Context, requestID string, b Bulk) (bulk Bulk, created bool, err error)

	// PutBulk stores how far an action is: its State, EndedAt and Error, Batch and Next, the counts and Failures; the rest
	// stays as CreateBulk had it. NotFound when there is none. One that has ended never changes: a Conflict, except that
	// the same again is fine.
	PutBulk(ctx context.Context, b Bulk) error

	// Bulk returns one. NotFound when there is none.
	Bulk(ctx context.Context, id string) (Bulk, error)

	// BulkOfRequest returns the action that a CreateBulk with this requestID began. NotFound when there is none.
	BulkOfRequest(ctx context.Context, requestID string) (Bulk, error)

	// Bulks returns at most limit actions that are older than before (an ID; empty means from the newest), newest first.
	// next is the before of the next page, empty at the end. Ones that cannot be read are left out, and the error, which
	// comes beside the others then, is a Damage.
	Bulks(ctx context.Context, before string, limit int) (page []Bulk, next string, err error)
}
