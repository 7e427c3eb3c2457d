package diagnose

import (
	"fmt"
)

// How much room there should be for the store. A database file grows in steps of up to 16 MiB, and a busy host writes
// some megabytes a second.
const (
	// lowSpace is worth a warning, noSpace is an error.
	lowSpace = 5 << 30
	noSpace  = 512 << 20
)

// disk looks for room on the file system of the store.
func disk(directory string, measure func(string) (Space, error)) Check {
	c := Check{Area: areaDisk}
	s, err := measure(directory)
	if err != nil {
		c.Level, c.Message = Warning, fmt.Sprintf("how much room there is in %s cannot be found out: %v", directory, err)
		c.Remedy = "Look at the file system by hand."
		return c
	}
	c.Message = fmt.Sprintf("%s of %s are free in %s", sizeText(s.Free), sizeText(s.Total), directory)
	const remedy = "Make room on that file system, for example by deleting runs that nobody needs and other files, or move the data directory to a larger one while the host is stopped."
	switch {
	case s.Free < noSpace:
		c.Level, c.Remedy = Error, "Make room on that file system by removing other files, or move the data directory to a larger one while the host is stopped."
		c.Message = "the disk is almost full: " + c.Message + "; with less than 256 MiB nothing is stored any more"
	case s.Free < lowSpace:
		c.Level, c.Remedy = Warning, remedy
	}
	return c
}

// sizeText is a number of bytes for people.
func sizeText(n uint64) string {
	switch {
	case n >= 1<<40:
		return fmt.Sprintf("%.1f TiB", float64(n)/(1<<40))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	default:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
}
