package launch

import "sync"

// recent keeps values by key, bounded by their number and their size; what was
// used least recently goes first. It is meant for a few hundred values. Its
// methods may be called concurrently.
type recent[K comparable, V any] struct {
	maxEntries, maxSize int

	mu      sync.Mutex
	size    int
	uses    uint64
	entries map[K]*recentEntry[V]
}

type recentEntry[V any] struct {
	value V
	size  int
	// used counts up with each use of any entry.
	used uint64
}

func newRecent[K comparable, V any](maxEntries, maxSize int) *recent[K, V] {
	return &recent[K, V]{maxEntries: maxEntries, maxSize: maxSize, entries: map[K]*recentEntry[V]{}}
}

// get returns the value of a key. Without one it keeps what add makes, unless
// that alone is too large.
func (r *recent[K, V]) get(key K, size int, add func() V) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses++
	if e := r.entries[key]; e != nil {
		e.used = r.uses
		return e.value
	}
	value := add()
	if size > r.maxSize {
		return value
	}
	r.entries[key] = &recentEntry[V]{value: value, size: size, used: r.uses}
	r.size += size
	for len(r.entries) > r.maxEntries || r.size > r.maxSize {
		r.evict()
	}
	return value
}

// peek returns the value of a key, if it is there.
func (r *recent[K, V]) peek(key K) (value V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.entries[key]; e != nil {
		return e.value, true
	}
	return value, false
}

// evict drops the entry that was used least recently. mu must be held.
func (r *recent[K, V]) evict() {
	var oldest K
	least := r.uses + 1
	for key, e := range r.entries {
		if e.used < least {
			oldest, least = key, e.used
		}
	}
	r.size -= r.entries[oldest].size
	delete(r.entries, oldest)
}
