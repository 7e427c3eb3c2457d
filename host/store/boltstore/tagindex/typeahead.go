package tagindex

import (
	"bytes"
	"container/heap"
	"context"
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
		first := field{kind: kind, key: prefix}.appendKeyPrefix(nil, c.number)
		s, err := v.scan(first, []byte(prefixSpan(string(first)).to))
		if err != nil {
			return nil, err
		}
		f := &storedKeys{scan: s}
		return f, f.parse()
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
		start := on.appendKey(nil, c.number, hasValue)
		skip := len(start)
		s, err := v.scan(append(start, prefix...), on.endOf(c.number, prefixSpan(prefix)))
		return &storedValues{scan: s, skip: skip}, err
	})
}

// feed is what a chunk has, in order of text.
type feed interface {
	// head returns the next text and what has it; ok is false at the end. The text is there until next is called.
	head() (text []byte, p found, ok bool)
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
		if h.text, h.p, ok = f.head(); ok {
			merge = append(merge, h)
		}
		return nil
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
	if first.text, first.p, ok = first.feed.head(); ok {
		heap.Fix(h, 0)
	} else {
		heap.Pop(h)
	}
	return docs, nil
}

// storedValues are the values of a key in a sealed chunk.
type storedValues struct {
	*scan

	skip int // bytes in front of a value
}

func (f *storedValues) head() (text []byte, p found, ok bool) {
	if f.key == nil {
		return nil, found{}, false
	}
	return f.key[f.skip:], f.at, true
}

// storedKeys are the keys of a kind in a sealed chunk. It jumps over their values.
type storedKeys struct {
	*scan

	field field
}

// parse reads the key that the scan has come to.
func (f *storedKeys) parse() error {
	if f.key == nil {
		return nil
	}
	_, p, err := parseKey(f.key)
	if err != nil {
		return damaged(bucketPost, f.key, err)
	}
	f.field = p.field
	if !p.has {
		return damaged(bucketPost, p.field.posting().key(chunkOf(f.key)), errNoField)
	}
	return nil
}

func (f *storedKeys) head() (text []byte, p found, ok bool) {
	if f.key == nil {
		return nil, found{}, false
	}
	return []byte(f.field.key), f.at, true
}

func (f *storedKeys) next() error {
	if err := f.seek(f.field.appendKey(nil, chunkOf(f.key), pastField)); err != nil {
		return err
	}
	return f.parse()
}

// remembered is what a chunk in memory has, as much of it as can count.
type remembered struct{ list []Count }

func (r *remembered) head() (text []byte, p found, ok bool) {
	if len(r.list) == 0 {
		return nil, found{}, false
	}
	return []byte(r.list[0].Text), found{}, true
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
