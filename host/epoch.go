package host

// EpochsTidied is what Store.TidyEpochs did.
type EpochsTidied struct {
	// Removed is how many files of events it gave back, Freed how many bytes these had.
	Removed int
	Freed   uint64
	// Moved is how many bytes of events it copied out of them, because they are wanted still.
	Moved uint64
}
