package partition

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/penstock-run/penstock/host"
)

// PageRequest selects keys.
type PageRequest struct {
	// Dimension is the name of one; empty means whole partitions.
	Dimension string
	// Prefix is how the keys begin; empty means all.
	Prefix string
	// NewestFirst reverses the order.
	NewestFirst bool
	// Limit is how many there are at most, more than 0.
	Limit int
	// Cursor is Next of the page before; empty for the first one.
	Cursor string
}

// Page is a page of keys.
type Page struct {
	Keys []host.Partition
	// Total is how many there are with the prefix.
	Total int
	// Next is the cursor of the next page; empty at the end.
	Next string
}

// scanned is how many keys one step of a search looks at.
const scanned = 10_000

// Page pages through keys. What is added or removed meanwhile makes no other key come twice or not at all. Invalid when
// there is no such dimension, or the cursor is none.
func (s *Set) Page(ctx context.Context, r PageRequest) (Page, error) {
	list, err := s.listOf(r.Dimension)
	if err != nil {
		return Page{}, err
	}
	n, err := list.count(ctx)
	if err != nil {
		return Page{}, err
	}
	at, err := list.resume(ctx, r, n)
	if err != nil {
		return Page{}, err
	}
	page := Page{Total: n}
	if r.Prefix == "" {
		err = page.take(ctx, list, r, at, n)
	} else {
		err = page.search(ctx, list, r, at, n)
	}
	return page, err
}

// list is the keys of a dimension, or whole partitions.
type list struct {
	count func(ctx context.Context) (int, error)
	slice func(ctx context.Context, from, to int) ([]host.Partition, error)
	index func(ctx context.Context, key string) (at int, found bool)
}

func (s *Set) listOf(dimension string) (list, error) {
	if dimension == "" && len(s.rows) == 2 {
		return list{s.Count, s.slice, func(ctx context.Context, key string) (int, bool) {
			at, err := s.index(ctx, key)
			return at, err == nil
		}}, nil
	}
	for i, d := range s.partitions.Dimensions {
		if d.Name == dimension || dimension == "" {
			r := s.rows[i]
			return list{r.count, r.slice, func(ctx context.Context, key string) (int, bool) {
				at, found, _, err := r.index(ctx, key)
				return at, found && err == nil
			}}, nil
		}
	}
	return list{}, s.noDimension(dimension)
}

// resume is the index at which a page begins. A key that is not there any more was at the index that stands beside it, or
// before it.
func (l *list) resume(ctx context.Context, r PageRequest, n int) (int, error) {
	if r.Cursor == "" {
		if r.NewestFirst {
			return n - 1, nil
		}
		return 0, nil
	}
	number, key, ok := strings.Cut(r.Cursor, ":")
	at, err := strconv.Atoi(number)
	if !ok || err != nil || at < 0 {
		return 0, &host.Error{Code: host.Invalid, Reason: "PAGE_CURSOR", Message: fmt.Sprintf("%.80q is not the cursor of a page of partitions", r.Cursor)}
	}
	now, found := l.index(ctx, key)
	switch {
	case found && r.NewestFirst:
		return now - 1, nil
	case found:
		return now + 1, nil
	case r.NewestFirst:
		return min(at, n) - 1, nil
	}
	return min(at, n), nil
}

// take takes a page from an index on.
func (p *Page) take(ctx context.Context, l list, r PageRequest, at, n int) (err error) {
	from, to := at, min(at+r.Limit, n)
	if r.NewestFirst {
		from, to = max(at+1-r.Limit, 0), at+1
	}
	if from >= to {
		return nil
	}
	if p.Keys, err = l.slice(ctx, from, to); err != nil {
		return err
	}
	if r.NewestFirst {
		slices.Reverse(p.Keys)
		if from > 0 {
			p.Next = cursor(from, p.Keys)
		}
	} else if to < n {
		p.Next = cursor(to-1, p.Keys)
	}
	return nil
}

// search takes a page of keys that have a prefix, and counts all that have it.
func (p *Page) search(ctx context.Context, l list, r PageRequest, at, n int) error {
	p.Total = 0
	last := 0
	for done := 0; done < n; done += scanned {
		from, to := done, min(done+scanned, n)
		if r.NewestFirst {
			from, to = max(n-done-scanned, 0), n-done
		}
		keys, err := l.slice(ctx, from, to)
		if err != nil {
			return err
		}
		for k := range keys {
			i := k
			if r.NewestFirst {
				i = len(keys) - 1 - k
			}
			if !strings.HasPrefix(keys[i].Key, r.Prefix) {
				continue
			}
			p.Total++
			switch {
			case r.NewestFirst && from+i > at, !r.NewestFirst && from+i < at:
			case len(p.Keys) < r.Limit:
				p.Keys, last = append(p.Keys, keys[i]), from+i
			case p.Next == "":
				p.Next = cursor(last, p.Keys)
			}
		}
	}
	return nil
}

// cursor is that of the page behind one whose last key has an index.
func cursor(at int, keys []host.Partition) string {
	return strconv.Itoa(at) + ":" + keys[len(keys)-1].Key
}
