package boltstore

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Kinds of terms. They are stored: a number never comes to mean something else.
const (
	// kindTag and kindMetadata have the values of a key as the key's.
	kindTag      byte = 1
	kindMetadata byte = 2
	// kindField has the values of a field of host.RunSchema as the field's; of the status only ones that are final.
	kindField byte = 3
	// kindOpen has the status of a run that is not final, as host.FieldStatus. It changes often and is never stored.
	kindOpen byte = 4
	// kindTime has the slots of times.
	kindTime byte = 5
	// kindUnread marks runs whose records could not be read when the index was made of them: whether a selector finds them
	// nobody knows.
	kindUnread byte = 6
)

// statusKinds are those of a status. Who asks for all of them has to ask at once: a run that ends goes from one to the other.
var statusKinds = []byte{kindField, kindOpen}

// volatile says which terms the index keeps in memory alone.
func volatile(kind byte) bool { return kind == kindOpen }

// unreadTerm is the one term of such a run.
var unreadTerm = tagindex.Term{Kind: kindUnread, Key: "record"}

// slotSeconds is the length of a slot: times are indexed by the slot that they lie in. Runs that are near the bounds of a
// range are looked at themselves, so a slot is about as long as what a few hundred runs need.
const slotSeconds = 600

// slotOf is the slot of an instant, such that slots order like instants.
func slotOf(t time.Time) string {
	slot := t.Unix() / slotSeconds
	if t.Unix()%slotSeconds < 0 {
		slot--
	}
	return string(binary.BigEndian.AppendUint64(nil, uint64(slot)^1<<63))
}

// termsOf are the terms of a run, in no order.
func termsOf(source host.RunSource) []tagindex.Term {
	run := source.Run
	terms := make([]tagindex.Term, 0, 12+len(run.Tags)+len(source.Texts))
	for i, t := range run.Tags {
		if !hasKey(run.Tags[:i], t.Key) {
			terms = append(terms, tagTerm(t.Key, t.Value))
		}
	}
	for i, m := range source.Texts {
		if !slices.ContainsFunc(source.Texts[:i], func(before host.MetadataText) bool { return before.Key == m.Key }) {
			terms = append(terms, tagindex.Term{Kind: kindMetadata, Key: host.TermText(m.Key), Value: host.TermText(m.Text)})
		}
	}
	terms = append(terms, statusTerm(run.Status))
	for _, field := range indexedFields {
		for _, value := range source.Field(field) {
			terms = append(terms, tagindex.Term{Kind: kindField, Key: field, Value: host.TermText(value)})
		}
	}
	for _, of := range []struct {
		field string
		at    time.Time
	}{{host.FieldStarted, run.StartedAt}, {host.FieldEnded, run.EndedAt}} {
		if !of.at.IsZero() {
			terms = append(terms, tagindex.Term{Kind: kindTime, Key: of.field, Value: slotOf(of.at)})
		}
	}
	return terms
}

// indexedFields are those whose values are terms of kindField as they are.
var indexedFields = []string{host.FieldJob, host.FieldLocation, host.FieldRepository, host.FieldVersion, host.FieldSnapshot}

// tagTerm is the term of a tag. Values that are not listed are not in the index either.
func tagTerm(key, value string) tagindex.Term {
	if !host.ListsValues(key) {
		value = ""
	}
	return tagindex.Term{Kind: kindTag, Key: host.TermText(key), Value: host.TermText(value)}
}

func statusTerm(status host.RunStatus) tagindex.Term {
	kind := kindOpen
	if status.Final() {
		kind = kindField
	}
	return tagindex.Term{Kind: kind, Key: host.FieldStatus, Value: string(status)}
}

func hasKey(tags []tag.Tag, key string) bool {
	return slices.ContainsFunc(tags, func(t tag.Tag) bool { return t.Key == key })
}

// ordered sorts terms and leaves each once.
func ordered(terms []tagindex.Term) []tagindex.Term {
	slices.SortFunc(terms, compareTerms)
	return slices.Compact(terms)
}

func compareTerms(a, b tagindex.Term) int {
	if a.Kind != b.Kind {
		return int(a.Kind) - int(b.Kind)
	}
	if c := strings.Compare(a.Key, b.Key); c != 0 {
		return c
	}
	return strings.Compare(a.Value, b.Value)
}

// changedKeys are the terms of those keys whose terms are not the same in both.
func changedKeys(before, after []tagindex.Term) (was, is []tagindex.Term) {
	before, after = ordered(before), ordered(after)
	for len(before) > 0 || len(after) > 0 {
		b, a := ofFirstKey(before, after)
		if !slices.Equal(before[:b], after[:a]) {
			was, is = append(was, before[:b]...), append(is, after[:a]...)
		}
		before, after = before[b:], after[a:]
	}
	return was, is
}

// ofFirstKey is how many terms at the beginning of each list are of the least key of both.
func ofFirstKey(a, b []tagindex.Term) (ofA, ofB int) {
	var first tagindex.Term
	switch {
	case len(a) == 0:
		first = b[0]
	case len(b) == 0 || compareTerms(a[0], b[0]) <= 0:
		first = a[0]
	default:
		first = b[0]
	}
	count := func(terms []tagindex.Term) int {
		n := slices.IndexFunc(terms, func(t tagindex.Term) bool { return t.Kind != first.Kind || t.Key != first.Key })
		if n < 0 {
			return len(terms)
		}
		return n
	}
	return count(a), count(b)
}

// sameTerms tells at little cost that two states of a run have the same terms; false when that needs a look at them.
func sameTerms(a, b *host.Run) bool {
	return a.Status == b.Status && a.Job == b.Job &&
		a.StartedAt.Equal(b.StartedAt) && a.EndedAt.Equal(b.EndedAt) &&
		sameSnapshot(&a.Launched, &b.Launched) && sameSnapshot(&a.StartedFrom, &b.StartedFrom) &&
		slices.EqualFunc(a.Tags, b.Tags, func(a, b tag.Tag) bool { return a.Key == b.Key && a.Value == b.Value })
}

func sameSnapshot(a, b *host.Snapshot) bool {
	return a.Definition == b.Definition && a.Metadata == b.Metadata && a.CodeVersion == b.CodeVersion
}
