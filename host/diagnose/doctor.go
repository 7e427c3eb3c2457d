package diagnose

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/workspace"
)

// Level says how something is.
type Level int

// The levels of a check.
const (
	// OK: well.
	OK Level = iota
	// Warning: it works, and needs somebody's attention.
	Warning
	// Error: it does not work.
	Error
)

// Areas of checks, in the order in which they are told.
const (
	areaDisk      = "disk"
	areaClock     = "clock"
	areaStore     = "store"
	areaAddress   = "address"
	areaConfig    = "config"
	areaLocations = "locations"
	areaQueue     = "queue"
)

var areas = []string{areaDisk, areaClock, areaStore, areaAddress, areaConfig, areaLocations, areaQueue}

// Check is one thing that was looked at.
type Check struct {
	// Area is disk, clock, store, address, config, locations or queue.
	Area  string
	Level Level
	// Message says what was found, Remedy what to do; Remedy is empty when it is well.
	Message, Remedy string
	// Location is the code location that it is about; empty when none.
	Location string
}

// Space is how much room a file system has, in bytes.
type Space struct {
	// Free is what this process may still write, Total is all.
	Free, Total uint64
}

// StoreFacts are what a store says of itself.
type StoreFacts struct {
	// ID names the store.
	ID string
	// Format is the version of its layout.
	Format uint64
	// Bytes are those of its files, Runs how many were ever created.
	Bytes int64
	Runs  uint64
	// LastCreated is when the newest run was created; zero when there was none.
	LastCreated time.Time
}

// ConfigFile is how a configuration file stands.
type ConfigFile struct {
	Path string
	// Error says why the file as it is now is not in use, a problem on each line; empty when it is.
	Error string
	// ErrorSince is when that began.
	ErrorSince time.Time
}

// Options of a Doctor. What is not said to be optional is required.
type Options struct {
	Store     host.Store
	Workspace *workspace.Workspace
	Queue     *queue.Queue
	Clock     host.Clock
	// Facts asks the store for what it says of itself; an error is that it takes no more writes. Optional.
	Facts func() (StoreFacts, error)
	// Space measures the file system of Directory. Optional.
	Space func(directory string) (Space, error)
	// Directory is where the store is.
	Directory string
	// Advertised is the address that workers are told, as "http://host:port". Empty is not checked.
	Advertised string
	// Config tells how the configuration file stands, false when there is none. Optional.
	Config func() (ConfigFile, bool)
	// StartedAt is when the host started, by Clock.
	StartedAt time.Time
	// Uptime is how long ago that was by a clock that nobody sets. Default: Clock's own, by the difference of its times.
	Uptime func() time.Duration
}

// Doctor looks at a host that runs. All methods may be called concurrently.
type Doctor struct{ o Options }

// New returns a Doctor.
func New(o Options) *Doctor {
	if o.Uptime == nil {
		o.Uptime = func() time.Duration { return o.Clock.Now().Sub(o.StartedAt) }
	}
	return &Doctor{o: o}
}

// Checks looks at everything: by area, the worst first in each.
func (d *Doctor) Checks(ctx context.Context) []Check {
	var all []Check
	if d.o.Space != nil {
		all = append(all, disk(d.o.Directory, d.o.Space))
	}
	all = append(all, d.clock()...)
	all = append(all, d.store(ctx)...)
	if d.o.Advertised != "" {
		all = append(all, d.address(ctx)...)
	}
	if d.o.Config != nil {
		all = append(all, d.config()...)
	}
	all = append(all, d.locations()...)
	all = append(all, d.queue()...)
	return sorted(all)
}

// sorted orders checks: by area, the worst first, then as they were found.
func sorted(all []Check) []Check {
	slices.SortStableFunc(all, func(a, b Check) int {
		return cmp.Or(cmp.Compare(slices.Index(areas, a.Area), slices.Index(areas, b.Area)), cmp.Compare(b.Level, a.Level))
	})
	return all
}
