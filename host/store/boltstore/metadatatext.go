package boltstore

import (
	"container/list"
	"errors"
	"log/slog"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// textsKept is how many bodies of metadata are kept decoded: as many as jobs are launched from at a time.
const textsKept = 512

// metadataTexts are the texts of bodies of metadata, decoded once as long as they are in use.
type metadataTexts struct {
	decode func(body []byte) ([]host.MetadataText, error)
	log    *slog.Logger

	mu sync.Mutex
	m  map[host.Digest]*list.Element
	// used has the entries, those used last in front.
	used list.List
}

type textsOfBody struct {
	digest host.Digest
	texts  []host.MetadataText
}

// of returns the texts of a body; nil when there is none, or it cannot be read. Nobody changes what it returns.
func (m *metadataTexts) of(tx *bbolt.Tx, d host.Digest) []host.MetadataText {
	if m.decode == nil || d.IsZero() {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.m[d]; e != nil {
		m.used.MoveToFront(e)
		return e.Value.(*textsOfBody).texts
	}
	texts, err := m.read(tx, d)
	if err != nil {
		m.log.Warn("metadata of a job cannot be read; its runs are not found by it",
			slog.String("body", d.String()), slog.Any("error", err))
	}
	if m.m == nil {
		m.m = map[host.Digest]*list.Element{}
	}
	m.m[d] = m.used.PushFront(&textsOfBody{digest: d, texts: texts})
	if m.used.Len() > textsKept {
		delete(m.m, m.used.Remove(m.used.Back()).(*textsOfBody).digest)
	}
	return texts
}

func (m *metadataTexts) read(tx *bbolt.Tx, d host.Digest) ([]host.MetadataText, error) {
	value := tx.Bucket(bucketBodies).Get(d[:])
	if value == nil {
		return nil, damaged(string(bucketBodies), d[:], errors.New("a run names it, and it is missing"))
	}
	body, err := unpack(string(bucketBodies), d[:], value)
	if err != nil {
		return nil, err
	}
	return m.decode(body)
}
