package boltstore

import (
	"context"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// RunTerms implements host.Store.
func (s *Store) RunTerms(ctx context.Context, asked host.TermQuery) (page host.TermPage, err error) {
	if asked.On == selector.Field && asked.Name == "" {
		return page, invalid("it is not said of which field values are asked for")
	}
	if err := ctx.Err(); err != nil || asked.Limit <= 0 {
		return page, err
	}
	var damage damagedRuns
	if err := s.selecting(ctx, &damage, func(q *query) error {
		q.reportUnread(0)
		terms, more, err := q.terms(asked)
		page.More = more
		for _, t := range terms {
			page.Terms = append(page.Terms, host.TermCount{Text: t.Text, Runs: t.Docs})
		}
		return err
	}); err != nil {
		return host.TermPage{}, err
	}
	return page, damage.AsError()
}

func (q *query) terms(asked host.TermQuery) (terms []tagindex.Count, more bool, err error) {
	kind, values := kindField, asked.Name != ""
	switch asked.On {
	case selector.Tag:
		if kind = kindTag; values && !host.ListsValues(asked.Name) {
			return nil, false, nil
		}
	case selector.Metadata:
		kind = kindMetadata
	case selector.Field:
		switch asked.Name {
		case host.FieldID:
			return q.idTerms(asked)
		case host.FieldStatus:
			return q.statusTerms(asked)
		case host.FieldPartition:
			kind, asked.Name = kindTag, host.PartitionKey
		}
	default:
		return nil, false, nil
	}
	switch {
	case !values:
		return q.view.Keys(q.ctx, kind, asked.Prefix, asked.Limit)
	case len(asked.Name) < wholeFrom:
		return q.view.Values(q.ctx, kind, asked.Name, asked.Prefix, asked.Limit)
	default:
		return q.termsOfLongKey(kind, asked)
	}
}

// statusTerms are the statuses that runs have.
func (q *query) statusTerms(asked host.TermQuery) (terms []tagindex.Count, more bool, err error) {
	counts, err := q.view.CountBy(q.ctx, tagindex.All(), host.FieldStatus, statusKinds...)
	if err != nil {
		return nil, false, err
	}
	for status, runs := range counts {
		if strings.HasPrefix(status, asked.Prefix) {
			terms = append(terms, tagindex.Count{Text: status, Docs: runs})
		}
	}
	return firstTerms(terms, asked.Limit)
}

// idTerms are the ids that begin so.
func (q *query) idTerms(asked host.TermQuery) (terms []tagindex.Count, more bool, err error) {
	err = eachID(q.tx, asked.Prefix, func(id host.RunID, _ uint64) (bool, error) {
		if more = len(terms) == asked.Limit; !more {
			terms = append(terms, tagindex.Count{Text: string(id), Docs: 1})
		}
		return !more, nil
	})
	return terms, more, err
}

// termsOfLongKey looks at the runs themselves, because the index has no more than the beginning of the key.
func (q *query) termsOfLongKey(kind byte, asked host.TermQuery) (terms []tagindex.Count, more bool, err error) {
	counts := map[string]uint64{}
	for before := uint64(0); ; {
		seqs, next, err := q.view.Page(q.ctx, tagindex.HasKey(kind, host.TermText(asked.Name)), before, sliceLen)
		if err != nil {
			return nil, false, err
		}
		for _, seq := range seqs {
			run, _ := q.run(seq, nil)
			if run == nil {
				continue
			}
			source := q.store.texts.source(q.tx, run)
			value, ok := source.Tag(asked.Name)
			if kind == kindMetadata {
				value, ok = source.Metadata(asked.Name)
			}
			if value = host.TermText(value); ok && strings.HasPrefix(value, asked.Prefix) {
				counts[value]++
			}
		}
		if before = next; before == 0 {
			break
		}
	}
	for value, runs := range counts {
		terms = append(terms, tagindex.Count{Text: value, Docs: runs})
	}
	return firstTerms(terms, asked.Limit)
}

// firstTerms sorts terms and returns the first of them.
func firstTerms(terms []tagindex.Count, limit int) (first []tagindex.Count, more bool, err error) {
	slices.SortFunc(terms, func(a, b tagindex.Count) int { return strings.Compare(a.Text, b.Text) })
	if more = len(terms) > limit; more {
		terms = terms[:limit]
	}
	return terms, more, nil
}
