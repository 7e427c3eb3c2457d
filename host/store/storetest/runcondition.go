package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// What runs that are selected by chance have. Texts are alike, odd, and longer than what an index may hold.
var (
	longText        = strings.Repeat("l", host.MaxTermText)
	selectableTexts = []string{"", "a", "ab", "a\x00", "a\x00b", "\x00", "\x00é", "etl", longText, longText + "a", longText + "b"}
	selectableKeys  = []string{"a", "ab", "a\x00b", "é", tag.KeyKubernetes, longText + "k", "penstock/partition"}
	// askedTexts may be in conditions too, but not in a run: a selector may escape bytes that are not UTF-8.
	askedTexts     = append(slices.Clone(selectableTexts), "\xff", strings.Repeat("\x80", host.MaxTermText+1))
	selectableJobs = rapid.SampledFrom([]host.JobName{
		{Location: "l", Repository: "r", Job: "j"}, {Location: "l", Repository: "r", Job: "k"},
		{Location: "ll", Repository: "l", Job: "r"}, {Location: "r", Repository: "rr", Job: "j"},
	})
	selectableFields = func() (names []string) {
		for _, f := range host.RunSchema().Fields {
			names = append(names, f.Name)
		}
		return append(names, "nothing")
	}()
	selectableTimes = []string{host.FieldCreated, host.FieldStarted, host.FieldEnded}
	selectableTags  = rapid.Custom(func(t *rapid.T) (tags []tag.Tag) {
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(selectableKeys), 0, 4, rapid.ID[string]).Draw(t, "keys") {
			tags = append(tags, tag.Tag{Key: key, Value: rapid.SampledFrom(selectableTexts).Draw(t, "value")})
		}
		slices.SortFunc(tags, func(a, b tag.Tag) int { return strings.Compare(a.Key, b.Key) })
		return tags
	})
	selectableMetadata = rapid.SampledFrom([]string{"", "a=1\nab=etl\n", "a=2\n", "é=a\x00b\n" + longText + "k=x\n"})
	// tenMinutes are few, at and around the bounds of ten minutes, and hours apart.
	tenMinutes = rapid.Custom(func(t *rapid.T) time.Time {
		return epoch.Truncate(10 * time.Minute).
			Add(time.Duration(rapid.IntRange(-3, 3).Draw(t, "hours")) * time.Hour).
			Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "tens")) * 10 * time.Minute).
			Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "ns")))
	})
	someTimes = rapid.SliceOfN(tenMinutes, 1, 5)
)

// condition makes an expression by chance.
func (c *choosing) condition(t *rapid.T, depth int) *selector.Expr {
	kinds := 9
	if depth == 0 {
		kinds = 6
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return c.onTime(t, rapid.SampledFrom(append(selectableTimes, host.FieldJob)).Draw(t, "field"))
	case 1:
		if seqs := c.newestFirst(); len(seqs) > 0 { // the beginning of what a run has
			run := c.runs[rapid.SampledFrom(seqs).Draw(t, "run of id")].Run
			field, value := host.FieldID, string(run.ID)
			if rapid.Bool().Draw(t, "snapshot") {
				field, value = host.FieldSnapshot, run.Launched.ID()
			}
			value = value[:rapid.IntRange(0, len(value)).Draw(t, "length")]
			return &selector.Expr{Op: rapid.SampledFrom([]selector.Op{selector.Is, selector.HasPrefix}).Draw(t, "op"), On: selector.Field, Name: field, Value: value}
		}
		return nil
	case 2, 3, 4:
		return value(t)
	case 5:
		status := rapid.SampledFrom(host.RunStatuses).Draw(t, "status")
		return host.StatusIn(status, rapid.SampledFrom(host.RunStatuses).Draw(t, "other status"))
	case 6:
		field := rapid.SampledFrom(selectableTimes).Draw(t, "field of a range")
		bounds := []*selector.Expr{c.onTime(t, field), c.onTime(t, field)}
		if rapid.Bool().Draw(t, "of two fields") {
			bounds = append(bounds, c.onTime(t, rapid.SampledFrom(selectableTimes).Draw(t, "other field")), value(t))
		}
		return selector.All(rapid.Permutation(bounds).Draw(t, "bounds")...)
	case 7:
		if e := c.condition(t, depth-1); e != nil {
			return selector.None(e)
		}
		return nil
	case 8:
		return selector.All(c.condition(t, depth-1), c.condition(t, depth-1))
	default:
		return selector.Any(c.condition(t, depth-1), c.condition(t, depth-1), c.condition(t, depth-1))
	}
}

// onTime makes a condition on a field that is a time, or should be one: often exactly that of a run.
func (c *choosing) onTime(t *rapid.T, field string) *selector.Expr {
	e := &selector.Expr{
		Op: rapid.SampledFrom([]selector.Op{selector.Before, selector.NotAfter, selector.After, selector.NotBefore}).Draw(t, "op"),
		On: selector.Field, Name: field, Time: selector.Time{At: tenMinutes.Draw(t, "time")},
	}
	if seqs := c.newestFirst(); len(seqs) > 0 && rapid.Bool().Draw(t, "of a run") {
		if at := c.runs[rapid.SampledFrom(seqs).Draw(t, "run of time")].Time(field); !at.IsZero() {
			e.Time.At = at
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "far") == 0 {
		e.Time.At = rapid.SampledFrom([]time.Time{{}, time.Unix(0, 0), epoch.AddDate(1000, 0, 0)}).Draw(t, "far time")
	}
	e.Time.Relative = rapid.IntRange(0, 9).Draw(t, "unbound") == 0
	return e
}

// value makes a condition on a tag, metadata or a field.
func value(t *rapid.T) *selector.Expr {
	e := &selector.Expr{
		Op:    rapid.SampledFrom([]selector.Op{selector.Exists, selector.Is, selector.HasPrefix}).Draw(t, "op"),
		On:    rapid.SampledFrom([]selector.Subject{selector.Tag, selector.Tag, selector.Metadata, selector.Field}).Draw(t, "on"),
		Name:  rapid.OneOf(rapid.SampledFrom(selectableKeys), rapid.SampledFrom(selectableKeys), rapid.SampledFrom(askedTexts)).Draw(t, "key"),
		Value: rapid.SampledFrom(askedTexts).Draw(t, "value"),
	}
	if e.On == selector.Field {
		e.Name = rapid.SampledFrom(selectableFields).Draw(t, "field")
		e.Value = rapid.OneOf(rapid.SampledFrom([]string{"l", "r", "r/j", "l/r/k", "Q", "SUCCESS", "0"}), rapid.SampledFrom(askedTexts)).Draw(t, "value of field")
	}
	return e
}

// countTerms is RunTerms by counting.
func (c *choosing) countTerms(q host.TermQuery) (page host.TermPage) {
	counts := map[string]uint64{}
	for _, source := range c.runs {
		has := map[string]bool{}
		for _, text := range textsOf(source, q) {
			has[host.TermText(text)] = true
		}
		for text := range has {
			counts[text]++
		}
	}
	for text, runs := range counts {
		if strings.HasPrefix(text, q.Prefix) {
			page.Terms = append(page.Terms, host.TermCount{Text: text, Runs: runs})
		}
	}
	slices.SortFunc(page.Terms, func(a, b host.TermCount) int { return strings.Compare(a.Text, b.Text) })
	if page.More = len(page.Terms) > q.Limit; page.More {
		page.Terms = page.Terms[:q.Limit]
	}
	return page
}

// textsOf are the texts of a run that a query asks for.
func textsOf(s host.RunSource, q host.TermQuery) (texts []string) {
	switch {
	case q.On == selector.Field:
		return s.Field(q.Name)
	case q.On == selector.Tag && q.Name == "":
		for _, t := range s.Run.Tags {
			texts = append(texts, t.Key)
		}
	case q.On == selector.Metadata && q.Name == "":
		for _, m := range s.Texts {
			texts = append(texts, m.Key)
		}
	case q.On == selector.Tag:
		if text, ok := s.Tag(q.Name); ok && q.Name != tag.KeyKubernetes {
			texts = append(texts, text)
		}
	default:
		if text, ok := s.Metadata(q.Name); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// conditionText is a condition for messages.
func conditionText(e *selector.Expr) string {
	if e == nil {
		return "everything"
	}
	if len(e.Args) > 0 {
		var args []string
		for _, arg := range e.Args {
			args = append(args, conditionText(arg))
		}
		return fmt.Sprintf("%d(%s)", e.Op, strings.Join(args, ", "))
	}
	return fmt.Sprintf("{op %d on %d %.40q value %.300q time %v}", e.Op, e.On, e.Name, e.Value, e.Time)
}
