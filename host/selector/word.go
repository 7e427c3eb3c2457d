package selector

import (
	"slices"
	"strings"
)

// The words of the language. They are read in any case; a tag whose key is one of them is written as tag:and.
const (
	wordAnd = "and"
	wordOr  = "or"
	wordNot = "not"
	wordIn  = "in"
	wordNow = "now"
)

// Prefixes that say what a name is of, whatever it is.
const (
	prefixTag      = "tag:"
	prefixMetadata = "meta:"
)

// prefixes are what people write for them.
var prefixes = map[string]Subject{"metadata": Metadata, "tags": Tag, "label": Tag, "labels": Tag}

// fieldWords are the names of fields of every Schema. One that a Schema has not is an error there, not a tag: a text means
// the same tags for all subjects.
var fieldWords = []string{
	"status", "job", "location", "repository", "id", "partition", "version", "snapshot", "created", "started", "ended",
}

// isWord tells whether text is one of the operators and, or, not, in.
func isWord(text string) bool {
	switch strings.ToLower(text) {
	case wordAnd, wordOr, wordNot, wordIn:
		return true
	default:
		return false
	}
}

// beginsWith tells whether text begins with prefix, in any case.
func beginsWith(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// isFieldWord tells whether text is the name of a field of some Schema.
func isFieldWord(text string) bool { return slices.Contains(fieldWords, strings.ToLower(text)) }

// field finds a field of the schema by its name in any case.
func (s *Schema) field(name string) *SchemaField {
	for i := range s.Fields {
		if strings.EqualFold(s.Fields[i].Name, name) {
			return &s.Fields[i]
		}
	}
	return nil
}

// times are the names of the fields that are times.
func (s *Schema) times() (names []string) {
	for _, f := range s.Fields {
		if f.Time {
			names = append(names, f.Name)
		}
	}
	return names
}

// isTagKey tells whether key may be one of a tag, but for its length.
func isTagKey(key string) bool {
	namespace, name, slash := strings.Cut(key, "/")
	return isKeyPart(namespace) && (!slash || isKeyPart(name))
}

func isKeyPart(part string) bool {
	return part != "" && strings.Trim(part[:1]+part[len(part)-1:], "_.-") == part[:1]+part[len(part)-1:] &&
		strings.IndexFunc(part, func(r rune) bool { return !inKeyPart(r) }) < 0
}

func inKeyPart(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '.' || r == '-'
}
