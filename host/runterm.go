package host

import (
	"unicode/utf8"

	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// MaxTermText is how many bytes of a key or value a TermCount has.
const MaxTermText = 256

// TermText is the text of a key or value as a TermCount has it: cut after MaxTermText bytes, or up to three earlier so that
// it is between characters. Values that are alike until there are one.
func TermText(text string) string {
	if len(text) <= MaxTermText {
		return text
	}
	end := MaxTermText
	for end > MaxTermText-utf8.UTFMax+1 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// ListsValues says whether the values of a tag are listed: penstock/k8s, whose values are documents, is found by its key
// alone.
func ListsValues(key string) bool { return key != tag.KeyKubernetes }

// TermQuery asks which keys, or values, runs have.
type TermQuery struct {
	// On is tags, metadata or a field.
	On selector.Subject
	// Name is the key, or the field, whose values are asked for; empty asks for the keys of tags or metadata. Of fields
	// that are times nothing is listed, and the values of others are those of RunSource.Field.
	Name string
	// Prefix is what they begin with. Nothing begins with more than MaxTermText bytes.
	Prefix string
	// Limit is how many at most.
	Limit int
}

// TermPage answers a TermQuery.
type TermPage struct {
	// Terms are in order of the bytes of their text.
	Terms []TermCount
	// More tells that there are more.
	More bool
}

// TermCount is a key or a value.
type TermCount struct {
	// Text as TermText makes it.
	Text string
	// Runs is how many have it, exactly.
	Runs uint64
}

// RunCounts says how many runs have each status; statuses that none has are left out.
type RunCounts map[RunStatus]uint64

// Total is the number of all.
func (c RunCounts) Total() (n uint64) {
	for _, runs := range c {
		n += runs
	}
	return n
}

// RunRef names a run both ways.
type RunRef struct {
	Seq uint64
	ID  RunID
}

// RunRefs is a page of runs by name, newest first.
type RunRefs struct {
	Runs []RunRef
	// Next is the Seq below which the next page starts; 0 at the end.
	Next uint64
}

// RunResult is what became of one run of several.
type RunResult struct {
	// Run as it is stored now; zero with an Err.
	Run Run
	// Err is why it was not changed.
	Err error
	// Repeated tells that it was changed before, by the same Request.
	Repeated bool
}
