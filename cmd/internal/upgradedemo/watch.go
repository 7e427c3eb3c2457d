package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// watch follows the stream that the UI follows, and keeps for each location what a person saw of its definitions: each
// change of digest, version or state of the metadata.
type watch struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	seen map[string][]string
}

// follow begins to watch; it goes on over restarts of the host.
func (d *demo) follow(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{cancel: cancel, done: make(chan struct{}), seen: map[string][]string{}}
	d.watch = w
	go func() {
		defer close(w.done)
		for ctx.Err() == nil {
			_ = d.followOnce(ctx, w) // the host may be down: that is part of the demo
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}()
}

func (d *demo) followOnce(ctx context.Context, w *watch) error {
	stream, err := d.locations.WatchLocations(ctx, &hostv1.WatchLocationsRequest{})
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	for {
		m, err := stream.Receive()
		if err != nil {
			return err
		}
		w.note(m.GetLocation())
	}
}

func (w *watch) note(l *hostv1.Location) {
	if l.GetState() != hostv1.LocationState_LOCATION_STATE_READY {
		return
	}
	metadata := "?"
	for _, c := range l.GetCapabilities() {
		if c.GetCapability() == "job_metadata" {
			metadata = c.GetState().String()
		}
	}
	digest := hex.EncodeToString(l.GetDefinitionsDigest())
	now := fmt.Sprintf("%s %.8s %s", l.GetServer().GetProtocolVersion(), digest, metadata)
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen[l.GetName()]
	if len(seen) == 0 || seen[len(seen)-1] != now {
		w.seen[l.GetName()] = append(seen, now)
	}
}

// transitions are the changes of a location since the count was n.
func (w *watch) transitions(location string, n int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.seen[location][min(n, len(w.seen[location])):]...)
}

func (w *watch) stop() {
	w.cancel()
	<-w.done
}
