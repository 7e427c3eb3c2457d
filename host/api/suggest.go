package api

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// suggestWithin is how long keys and values are looked for; what was not found by then is not suggested.
const suggestWithin = 2 * time.Second

// suggester finds what may stand at a place of a selector.
type suggester struct {
	schema selector.Schema
	// terms are the keys and values that there are.
	terms  func(context.Context, host.TermQuery) (host.TermPage, error)
	limit  int
	logger *slog.Logger
}

// suggestions grow up to a limit.
type suggestions struct {
	*hostv1.CompleteSelectorResponse
	limit int
}

func (s *suggestions) add(kind hostv1.CompleteSelectorResponse_Suggestion_Kind, text, label string, count uint64) {
	if len(s.Suggestions) == s.limit {
		s.More = true
		return
	}
	s.Suggestions = append(s.Suggestions, &hostv1.CompleteSelectorResponse_Suggestion{
		Text: valid(text), Label: valid(label), Kind: kind, Count: count,
	})
}

const (
	suggestField       = hostv1.CompleteSelectorResponse_Suggestion_KIND_FIELD
	suggestTagKey      = hostv1.CompleteSelectorResponse_Suggestion_KIND_TAG_KEY
	suggestMetadataKey = hostv1.CompleteSelectorResponse_Suggestion_KIND_METADATA_KEY
	suggestValue       = hostv1.CompleteSelectorResponse_Suggestion_KIND_VALUE
	suggestWord        = hostv1.CompleteSelectorResponse_Suggestion_KIND_WORD
)

// suggest lists what may stand there: fields, then keys, or values, then words of the language.
func (s *suggester) suggest(ctx context.Context, c selector.Completion) (*hostv1.CompleteSelectorResponse, error) {
	out := &suggestions{limit: s.limit, CompleteSelectorResponse: &hostv1.CompleteSelectorResponse{From: uint32(c.From), To: uint32(c.To)}}
	limited, done := context.WithTimeout(ctx, suggestWithin)
	defer done()
	var err error
	switch c.Want {
	case selector.WantName:
		err = s.names(limited, &c, out)
	case selector.WantValue:
		err = s.values(limited, &c, out)
	case selector.WantNothing, selector.WantWord:
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		out.More, err = true, nil
	}
	for _, word := range c.Words {
		out.add(suggestWord, word, strings.TrimSuffix(word, " ("), 0)
	}
	return out.CompleteSelectorResponse, err
}

// names suggests fields and keys. Behind one that is there as it was typed come the operators.
func (s *suggester) names(ctx context.Context, c *selector.Completion, out *suggestions) error {
	var operators []string
	for i, f := range s.schema.Fields {
		if c.On != 0 || !strings.HasPrefix(f.Name, strings.ToLower(c.Typed)) {
			continue
		}
		out.add(suggestField, f.Name, f.Name, 0)
		if strings.EqualFold(f.Name, c.Typed) {
			operators = behind(f.Name, &s.schema.Fields[i])
		}
	}
	for _, keys := range []struct {
		on   selector.Subject
		kind hostv1.CompleteSelectorResponse_Suggestion_Kind
	}{{selector.Tag, suggestTagKey}, {selector.Metadata, suggestMetadataKey}} {
		if c.On != 0 && c.On != keys.on {
			continue
		}
		page, err := s.find(ctx, host.TermQuery{On: keys.on, Prefix: c.Typed, Limit: s.limit})
		if err != nil {
			return err
		}
		for _, term := range page.Terms {
			out.add(keys.kind, c.InsertName(keys.on, term.Text), term.Text, term.Runs)
			if term.Text == c.Typed && operators == nil && (c.On != 0 || keys.on == selector.Tag) {
				operators = behind(c.InsertName(keys.on, term.Text), nil)
			}
		}
		out.More = out.More || page.More
	}
	for _, text := range operators {
		out.add(suggestWord, text, text, 0)
	}
	return nil
}

// behind are a name with each of the operators.
func behind(name string, f *selector.SchemaField) (texts []string) {
	for _, op := range selector.Operators(f) {
		if strings.HasSuffix(op, "(") {
			op = " " + op
		}
		texts = append(texts, name+op)
	}
	return texts
}

// values suggests values. Of a field that has only certain ones, all of these.
func (s *suggester) values(ctx context.Context, c *selector.Completion, out *suggestions) error {
	if c.Field != nil && c.Field.Time {
		return nil
	}
	q := host.TermQuery{On: c.On, Name: c.Name, Prefix: c.Typed, Limit: s.limit}
	var words []string
	switch {
	case c.Field != nil && len(c.Field.Words) > 0:
		q.Prefix, words = strings.ToUpper(c.Typed), c.Field.Words
	case c.Field != nil && c.Field.Beginning:
		q.Prefix = strings.ToLower(c.Typed)
	}
	page, err := s.find(ctx, q)
	counts := map[string]uint64{}
	for _, term := range page.Terms {
		counts[term.Text] = term.Runs
		switch {
		case words != nil:
		case c.On == selector.Tag && len(term.Text) > host.MaxTermText-utf8.UTFMax:
			// What was cut is no value, but the beginning of as many as there are of it.
			if text, ok := c.InsertBeginning(term.Text); ok {
				out.add(suggestValue, text, term.Text+"…", term.Runs)
			}
		default:
			out.add(suggestValue, c.InsertValue(term.Text), term.Text, term.Runs)
		}
	}
	for _, word := range words {
		if strings.HasPrefix(word, q.Prefix) {
			out.add(suggestValue, c.InsertValue(word), word, counts[word])
		}
	}
	out.More = out.More || page.More
	return err
}

// find asks for keys or values. What cannot be read is passed over.
func (s *suggester) find(ctx context.Context, q host.TermQuery) (host.TermPage, error) {
	page, err := s.terms(ctx, q)
	damage, err := host.DamageIn(err)
	if len(damage) > 0 {
		s.logger.WarnContext(ctx, "what cannot be read is not suggested", slog.Any("error", damage))
	}
	return page, err
}
