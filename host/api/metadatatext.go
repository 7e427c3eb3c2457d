package api

import (
	"context"
	"log/slog"
	"sync"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
)

// maxTexts is how many bodies of metadata are remembered as selectors see them.
const maxTexts = 512

// metadataTexts remembers what the metadata of runs says, for watches that select by it. All methods may be called
// concurrently.
type metadataTexts struct {
	store  host.Store
	logger *slog.Logger

	mu sync.Mutex
	of map[host.Digest][]host.MetadataText
}

func newMetadataTexts(store host.Store, logger *slog.Logger) *metadataTexts {
	return &metadataTexts{store: store, logger: logger, of: map[host.Digest][]host.MetadataText{}}
}

// source is a run as selectors see it. Entries of metadata that cannot be read are left out, as the store does.
func (m *metadataTexts) source(ctx context.Context, run *host.Run) (host.RunSource, error) {
	s, d := host.RunSource{Run: run}, run.Launched.Metadata
	if d.IsZero() {
		return s, nil
	}
	m.mu.Lock()
	texts, known := m.of[d]
	m.mu.Unlock()
	if known {
		s.Texts = texts
		return s, nil
	}
	body, err := m.store.Body(ctx, d)
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	if err == nil {
		s.Texts, err = workspace.MetadataTexts(body)
	}
	if err != nil {
		m.logger.WarnContext(ctx, "metadata of a run cannot be read; a watch does not select by it",
			slog.String("run", string(run.ID)), slog.Any("error", err))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.of) == maxTexts {
		clear(m.of) // those in use come again at once
	}
	m.of[d] = s.Texts
	return s, nil
}
