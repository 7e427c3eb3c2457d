package launch

import (
	"container/list"
	"sync"
)

// recent keeps values by key, bounded by their number and their size; what was
// used least recently goes first. Its methods may be called concurrently.
type recent[K comparable, V any] struct {
	maxEntries, maxSize int

	mu    sync.Mutex
	size  int
	order list.List // of *recentEntry[K, V], the newest use in front
	index map[K]*list.Element
}

type recentEntry[K comparable, V any] struct {
	key   K
	value V
	size  int
}

func newRecent[K comparable, V any](maxEntries, maxSize int) *recent[K, V] {
	return &recent[K, V]{maxEntries: maxEntries, maxSize: maxSize, index: map[K]*list.Element{}}
}

// get returns the value of a key. Without one it keeps what add makes, unless
// that alone is too large.
func (r *recent[K, V]) get(key K, size int, add func() V) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.index[key]; e != nil {
		r.order.MoveToFront(e)
		return e.Value.(*recentEntry[K, V]).value
	}
	entry := &recentEntry[K, V]{key: key, value: add(), size: size}
	if size > r.maxSize {
		return entry.value
	}
	r.index[key] = r.order.PushFront(entry)
	r.size += size
	for r.order.Len() > r.maxEntries || r.size > r.maxSize {
		oldest := r.order.Remove(r.order.Back()).(*recentEntry[K, V])
		delete(r.index, oldest.key)
		r.size -= oldest.size
	}
	return entry.value
}

// peek returns the value of a key, if it is there.
func (r *recent[K, V]) peek(key K) (value V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.index[key]; e != nil {
		return e.Value.(*recentEntry[K, V]).value, true
	}
	return value, false
}
