package host

// Request makes a write repeatable: a write whose Request was carried out before changes nothing more. The zero Request
// makes nothing repeatable.
type Request struct {
	// ID is made by the client, 16–64 characters.
	ID string
	// What says what is asked for, in words or as a digest: an ID that comes again for something else is a Conflict.
	What string
}
