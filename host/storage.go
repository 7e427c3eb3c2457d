package host

// ReasonFull is the reason of the error of a write that a store refuses because its disk is nearly full. The write was
// not begun; the same one works once there is room again, and nothing is wrong with what it was about.
const ReasonFull = "STORE_FULL"

// Storage is how a store lies on its disk.
type Storage struct {
	// Directory is where its files are.
	Directory string
	// ID names the store, Format is the version of its layout.
	ID     string
	Format uint64
	// Generation is how often the store was restored from a backup.
	Generation uint64
	// Runs is how many there are.
	Runs uint64
	// Files are those of the store, in order of their names.
	Files []StoredFile
	// DiskFree is what the host may still write to the disk, in bytes; 0 when that is not known.
	DiskFree uint64
	// ReadOnly says why nothing can be written now, for people; empty when writes go on.
	ReadOnly string
}

// StoredFile is a file of a store.
type StoredFile struct {
	// Name of the file in the directory.
	Name string
	// Bytes is how many it has, Free how many of these are free for what comes, without the file growing.
	Bytes, Free uint64
}
