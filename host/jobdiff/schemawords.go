package jobdiff

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Keywords of JSON schema that have words of their own; others are shown as they are.
const (
	keywordType        = "type"
	keywordEnum        = "enum"
	keywordDefault     = "default"
	keywordRequired    = "required"
	keywordDescription = "description"
	keywordOthers      = "additionalProperties"
	// presence is no keyword: whether the field must be given.
	presence = "(presence)"
)

// importance is the order in which facets are said; others follow, and the description is last.
var importance = []string{keywordType, keywordEnum, presence, keywordDefault}

func byImportance(a, b string) int {
	rank := func(k string) int {
		if k == keywordDescription {
			return len(importance) + 1
		}
		if i := slices.Index(importance, k); i >= 0 {
			return i
		}
		return len(importance)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// words say what a keyword says.
func words(keyword string, value any) string {
	switch keyword {
	case keywordType:
		return typeText(value)
	case keywordEnum:
		if list, ok := value.([]any); ok {
			texts := make([]string, len(list))
			for i, v := range list {
				texts[i] = compact(v)
			}
			return "one of " + strings.Join(texts, ", ")
		}
	case keywordOthers:
		if ruledOut(value) {
			return "other keys ruled out"
		}
		return "other keys allowed"
	case keywordDescription:
		if text, ok := value.(string); ok {
			return "described as " + compact(text)
		}
	}
	return keyword + " " + compact(value)
}

// orAbsent says that a keyword is not there.
func orAbsent(text, keyword string) string {
	switch {
	case text != "":
		return text
	case keyword == keywordType:
		return "of any type"
	case keyword == keywordEnum:
		return "any value"
	case keyword == presence:
		return "optional"
	case keyword == keywordOthers:
		return "other keys allowed"
	case keyword == "":
		return "a schema"
	default:
		return "no " + keyword
	}
}

// ruledOut reports whether nothing fits a schema: it is false, or the negation of a schema that everything fits.
func ruledOut(schema any) bool {
	s, ok := schema.(map[string]any)
	not, _ := s["not"].(map[string]any)
	return schema == false || ok && not != nil && len(not) == 0
}

var typeWords = map[string]string{
	"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
	"object": "an object", "null": "null",
}

// typeText is a type, or a list of them, in words.
func typeText(value any) string {
	switch v := value.(type) {
	case string:
		return cmp.Or(typeWords[v], keywordType+" "+compact(v))
	case []any:
		var texts []string
		for _, one := range v {
			texts = append(texts, typeText(one))
		}
		slices.Sort(texts)
		return strings.Join(texts, " or ")
	default:
		return keywordType + " " + compact(value)
	}
}

// compact is a value as JSON on one line, with the keys of objects sorted.
func compact(value any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return "?" // it came from JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}
