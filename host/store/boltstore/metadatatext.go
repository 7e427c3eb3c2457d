package boltstore

import (
	"errors"
	"log/slog"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// textsKept is how many bodies of metadata are kept decoded at least: as many as jobs are launched from at a time. Twice as
// many are at most.
const textsKept = 256

// metadataTexts are the texts of bodies of metadata, decoded once as long as they are in use.
type metadataTexts struct {
	decode func(body []byte) ([]host.MetadataText, error)
	log    *slog.Logger

	mu sync.Mutex
	// used has those that were used since before was put aside; when it is full, it takes the place of before.
	used, before map[host.Digest][]host.MetadataText
}

func newMetadataTexts(o *Options) *metadataTexts {
	return &metadataTexts{decode: o.MetadataTexts, log: o.Logger}
}

// of returns the texts of a body, which read reads; nil when there is none, or it cannot be read. Nobody changes what it
// returns.
func (m *metadataTexts) of(d host.Digest, read func() ([]byte, error)) []host.MetadataText {
	if m.decode == nil || d.IsZero() {
		return nil
	}
	if texts, ok := m.kept(d); ok {
		return texts
	}
	body, err := read()
	if err != nil {
		m.warn(d, err) // and look again the next time: a damaged body is made good when it comes again
		return nil
	}
	texts, err := m.decode(body)
	if err != nil {
		m.warn(d, err)
	}
	m.keep(d, texts)
	return texts
}

func (m *metadataTexts) warn(d host.Digest, err error) {
	m.log.Warn("metadata of a job cannot be read; its runs are not found by it",
		slog.String("body", d.String()), slog.Any("error", err))
}

func (m *metadataTexts) kept(d host.Digest) (texts []host.MetadataText, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if texts, ok = m.used[d]; ok {
		return texts, true
	}
	if texts, ok = m.before[d]; ok {
		m.use(d, texts)
	}
	return texts, ok
}

func (m *metadataTexts) keep(d host.Digest, texts []host.MetadataText) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.use(d, texts)
}

// use is called with mu held.
func (m *metadataTexts) use(d host.Digest, texts []host.MetadataText) {
	if len(m.used) >= textsKept {
		m.used, m.before = nil, m.used
	}
	if m.used == nil {
		m.used = make(map[host.Digest][]host.MetadataText, textsKept)
	}
	m.used[d] = texts
}

// source is a run as selectors see it.
func (m *metadataTexts) source(tx *bbolt.Tx, run *host.Run) host.RunSource {
	return host.RunSource{Run: run, Texts: m.of(run.Launched.Metadata, func() ([]byte, error) {
		return readBody(tx, run.Launched.Metadata)
	})}
}

// readBody reads a body, which may lie in the memory of the transaction.
func readBody(tx *bbolt.Tx, d host.Digest) ([]byte, error) {
	value := tx.Bucket(bucketBodies).Get(d[:])
	if value == nil {
		return nil, damaged(string(bucketBodies), d[:], errors.New("a run names it, and it is missing"))
	}
	return unpack(string(bucketBodies), d[:], value)
}
