package tagindex

import (
	"bytes"
	"container/heap"
	"context"

	"go.etcd.io/bbolt"
)

// Count is a key or a value, and how many documents have it.
type Count struct {
	Text string
	Docs uint64
}

// Keys returns the keys of a kind that begin with prefix and that documents have, in order: at most limit, and whether
// there are more.
func (v *View) Keys(ctx context.Context, kind byte, prefix string, limit int) (keys []Count, more bool, err error) {
	return v.typeAhead(ctx, limit, func(c *chunk) (feed, error) {
		if c.inTail || v.x.volatileKind(kind) {
			return c.rememberedKeys(kind, prefix, limit)
		}
		f := &storedKeys{cursor: v.tx.Bucket(bucketPost).Cursor()}
		f.prefix = field{kind: kind, key: prefix}.appendKeyPrefix(nil, c.number)
		return f, f.seek(f.prefix)
	})
}

// Values returns the values of a key that begin with prefix and that documents have, in order: at most limit, and whether
// there are more.
func (v *View) Values(ctx context.Context, kind byte, key, prefix string, limit int) (values []Count, more bool, err error) {
	on := field{kind: kind, key: key}
	return v.typeAhead(ctx, limit, func(c *chunk) (feed, error) {
		if c.inTail || v.x.volatileKind(kind) {
			return c.rememberedValues(on, prefix, limit)
		}
		f := &storedValues{cursor: v.tx.Bucket(bucketPost).Cursor()}
		f.prefix = on.appendKey(nil, c.number, hasValue)
		f.skip = len(f.prefix)
		f.prefix = append(f.prefix, prefix...)
		f.at, f.value = f.cursor.Seek(f.prefix)
		return f, nil
	})
}

// feed is what a chunk has, in order of text.
type feed interface {
	// head returns the next text and what has it; ok is false at the end. The text is there until next is called.
	head() (text []byte, p found, ok bool, err error)
	next() error
}

// head is the front of a feed in the merge.
type head struct {
	feed  feed
	chunk *chunk
	text  []byte
	p     found
}

// heads are ordered by text, as a heap.
type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return bytes.Compare(h[i].text, h[j].text) < 0 }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)        { *h = append(*h, x.(*head)) } //nolint:forcetypeassert // heap passes what Push is given
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// typeAhead merges what the chunks have.
func (v *View) typeAhead(ctx context.Context, limit int, open func(*chunk) (feed, error)) (out []Count, more bool, err error) {
	if limit <= 0 {
		return nil, false, ctx.Err()
	}
	var merge heads
	if err := v.chunks(ctx, func(number uint32) error {
		c, ok, err := v.at(number)
		if err != nil || !ok {
			return err
		}
		f, err := open(c)
		if err != nil {
			return err
		}
		h := &head{feed: f, chunk: c}
		if h.text, h.p, ok, err = f.head(); ok {
			merge = append(merge, h)
		}
		return err
	}); err != nil {
		return nil, false, err
	}
	heap.Init(&merge)
	for steps := 0; len(merge) > 0; {
		text, docs := string(merge[0].text), uint64(0)
		for len(merge) > 0 && string(merge[0].text) == text {
			if steps++; steps%1000 == 0 && ctx.Err() != nil {
				return nil, false, ctx.Err()
			}
			n, err := merge.advance()
			if err != nil {
				return nil, false, err
			}
			docs += n
		}
		switch {
		case docs == 0: // only dead documents have it
		case len(out) == limit:
			return out, true, nil
		default:
			out = append(out, Count{Text: text, Docs: docs})
		}
	}
	return out, false, nil
}

// advance counts the first head and goes on to what comes behind it.
func (h *heads) advance() (docs uint64, err error) {
	first := (*h)[0]
	if r, ok := first.feed.(*remembered); ok {
		docs = r.list[0].Docs
	} else if docs, err = first.chunk.count(first.p); err != nil {
		return 0, err
	}
	if err := first.feed.next(); err != nil {
		return 0, err
	}
	var ok bool
	if first.text, first.p, ok, err = first.feed.head(); err != nil {
		return 0, err
	}
	if ok {
		heap.Fix(h, 0)
	} else {
		heap.Pop(h)
	}
	return docs, nil
}

// storedValues are the values of a key in a sealed chunk.
type storedValues struct {
	cursor    *bbolt.Cursor
	prefix    []byte
	skip      int // bytes in front of a value
	at, value []byte
}

func (f *storedValues) head() (text []byte, p found, ok bool, err error) {
	if !bytes.HasPrefix(f.at, f.prefix) {
		return nil, found{}, false, nil
	}
	p, err = openFound(f.at, f.value)
	return f.at[f.skip:], p, err == nil, err
}

func (f *storedValues) next() error {
	f.at, f.value = f.cursor.Next()
	return nil
}

func openFound(k, v []byte) (found, error) {
	stored, err := open(k, v)
	if err != nil {
		return found{}, damaged(bucketPost, k, err)
	}
	return found{n: stored.n, key: k, stored: stored}, nil
}

// storedKeys are the keys of a kind in a sealed chunk. It jumps over their values.
type storedKeys struct {
	cursor    *bbolt.Cursor
	prefix    []byte
	at, value []byte
	field     field
}

func (f *storedKeys) seek(key []byte) error {
	f.at, f.value = f.cursor.Seek(key)
	if !bytes.HasPrefix(f.at, f.prefix) {
		f.at = nil
		return nil
	}
	_, p, err := parseKey(f.at)
	if err != nil {
		return damaged(bucketPost, f.at, err)
	}
	f.field = p.field
	if !p.has {
		return damaged(bucketPost, p.field.posting().key(chunkOf(f.at)), errNoField)
	}
	return nil
}

func (f *storedKeys) head() (text []byte, p found, ok bool, err error) {
	if f.at == nil {
		return nil, found{}, false, nil
	}
	p, err = openFound(f.at, f.value)
	return []byte(f.field.key), p, err == nil, err
}

func (f *storedKeys) next() error {
	return f.seek(f.field.appendKey(nil, chunkOf(f.at), pastField))
}

// remembered is what a chunk in memory has, as much of it as can count.
type remembered struct{ list []Count }

func (r *remembered) head() (text []byte, p found, ok bool, err error) {
	if len(r.list) == 0 {
		return nil, found{}, false, nil
	}
	return []byte(r.list[0].Text), found{}, true, nil
}

func (r *remembered) next() error {
	r.list = r.list[1:]
	return nil
}

// rememberedValues lists values in memory that living documents have: no more than limit and one can be in the answer.
func (c *chunk) rememberedValues(on field, prefix string, limit int) (*remembered, error) {
	r := &remembered{}
	err := c.locked(func() error {
		return c.eachInMemory(on, prefixSpan(prefix), func(value []byte, p found) (bool, error) {
			return r.take(c, string(value), p, limit)
		})
	})
	return r, err
}

func (c *chunk) rememberedKeys(kind byte, prefix string, limit int) (*remembered, error) {
	r := &remembered{}
	return r, c.locked(func() error {
		if c.mem == nil {
			return nil
		}
		first := field{kind: kind, key: prefix}.text()
		for text, v := range c.mem.order.from(first) {
			if len(text) < len(first) || text[:len(first)] != first {
				return nil
			}
			f := fieldOf(text)
			if more, err := r.take(c, f.key, found{n: v.docs.len(), mem: v.docs}, limit); err != nil || !more {
				return err
			}
		}
		return nil
	})
}

func (r *remembered) take(c *chunk, text string, p found, limit int) (more bool, err error) {
	n, err := c.count(p)
	if err == nil && n > 0 {
		r.list = append(r.list, Count{Text: text, Docs: n})
	}
	return err == nil && len(r.list) <= limit, err
}
