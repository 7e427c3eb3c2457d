package boltstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// RunTerms implements host.Store.
func (s *Store) RunTerms(ctx context.Context, q host.TermQuery) (page host.TermPage, err error) {
	if q.On == selector.Field && q.Name == "" {
		return page, invalid("it is not said of which field values are asked for")
	}
	counts := map[string]uint64{}
	var damage host.Damage
	for before, done := uint64(0), false; !done; {
		if err := ctx.Err(); err != nil {
			return page, err
		}
		if err := s.meta.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketRuns).Cursor()
			k, v := seekBefore(c, before)
			for range sliceLen {
				if k == nil {
					break
				}
				if run, _, err := decodeRun(k, v); err != nil {
					damage = append(damage, err)
				} else {
					for _, text := range termsOf(s.source(tx, run), q) {
						counts[text]++
					}
				}
				before, _ = seqOf(k)
				k, v = c.Prev()
			}
			done = k == nil
			return nil
		}); err != nil {
			return page, err
		}
	}
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		if !strings.HasPrefix(text, q.Prefix) {
			continue
		}
		if page.More = len(page.Terms) >= q.Limit; page.More {
			break
		}
		page.Terms = append(page.Terms, host.TermCount{Text: text, Runs: counts[text]})
	}
	return page, damage.AsError()
}

// termsOf are the texts of a run that a query asks for, each once.
func termsOf(s host.RunSource, q host.TermQuery) (texts []string) {
	switch {
	case q.On == selector.Field:
		texts = slices.Clone(s.Field(q.Name))
	case q.On == selector.Tag && q.Name == "":
		for _, t := range s.Run.Tags {
			texts = append(texts, t.Key)
		}
	case q.On == selector.Tag && host.ListsValues(q.Name):
		if value, ok := s.Tag(q.Name); ok {
			texts = append(texts, value)
		}
	case q.On == selector.Metadata && q.Name == "":
		for _, m := range s.Texts {
			texts = append(texts, m.Key)
		}
	case q.On == selector.Metadata:
		if text, ok := s.Metadata(q.Name); ok {
			texts = append(texts, text)
		}
	}
	for i, text := range texts {
		texts[i] = host.TermText(text)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}
