package diagnose

import (
	"context"
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/host"
)

// What one store in one file is made for, see docs/design.md. Warnings come at four fifths of it.
const (
	maxStoreBytes = 20 << 30
	maxStoreRuns  = 10_000_000
)

// store looks at what the store says of itself, and reads what a host reads at its start.
func (d *Doctor) store(ctx context.Context) (checks []Check) {
	if d.o.Facts != nil {
		f, err := d.o.Facts()
		if err != nil {
			return []Check{storeError(err)}
		}
		checks = append(checks, storeSize(f))
	}
	if st, err := d.o.Store.Storage(ctx); err != nil {
		checks = append(checks, storeError(err))
	} else if st.ReadOnly != "" {
		checks = append(checks, Check{
			Area: areaStore, Level: Error, Message: st.ReadOnly,
			Remedy: "Make room on that disk; the host goes on by itself then. Runs that are queued wait, and workers keep what they have to report.",
		})
	}
	// What cannot be read of these the host works without; it is told here, and in the log.
	if _, err := d.o.Store.OpenRuns(ctx); err != nil {
		checks = append(checks, storeError(err))
	}
	if _, err := d.o.Store.RunsToRetry(ctx); err != nil {
		checks = append(checks, storeError(err))
	}
	if _, err := d.o.Store.KnownLocations(ctx); err != nil {
		checks = append(checks, storeError(err))
	}
	return append(checks, d.outputs(ctx)...)
}

func storeSize(f StoreFacts) Check {
	c := Check{
		Area:    areaStore,
		Message: fmt.Sprintf("store %s, format %d: %s, %d runs ever", f.ID, f.Format, sizeText(uint64(max(f.Bytes, 0))), f.Runs),
	}
	if f.Bytes > maxStoreBytes/5*4 || f.Runs > maxStoreRuns/5*4 {
		c.Level = Warning
		c.Message += fmt.Sprintf("; it is made for %s and %d runs", sizeText(maxStoreBytes), maxStoreRuns)
		c.Remedy = "Delete runs that nobody needs; room that they leave is used again, though the files do not shrink."
	}
	return c
}

// storeError is what is wrong with a store, in the words of whoever found it.
func storeError(err error) Check {
	c := Check{Area: areaStore, Level: Error, Message: err.Error(), Remedy: "See the host's log."}
	if e, ok := errors.AsType[*host.Error](err); ok && e.Remedy != "" {
		c.Remedy = e.Advice()
	}
	return c
}
