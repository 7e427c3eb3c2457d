package tag

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// FromAny makes a list of a Go map and applies the rule of Validate. A string stays as it is, also one of a named
// type; any other value that encoding/json can encode becomes canonical JSON text: no white space, keys sorted,
// numbers with all their digits. The result is sorted by key and has no origin. The error is Problems: all of them.
func FromAny(m map[string]any) (List, error) {
	list := make(List, 0, len(m))
	all := checkCount(len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		value, err := textOf(m[key])
		if err != nil {
			all = append(all, Problem{Key: key, Err: err})
			err = checkKey(key)
		} else {
			err = check(key, value)
		}
		if err != nil {
			all = append(all, Problem{Key: key, Value: value, Err: err})
		}
		list = append(list, Tag{Key: key, Value: value})
	}
	if len(all) > 0 {
		return nil, all
	}
	return list, nil
}

func textOf(x any) (string, error) {
	switch x := x.(type) {
	case string:
		return x, nil
	case error:
		return "", fmt.Errorf("an error (%T) would lose its text as JSON; use err.Error()", x)
	case json.Marshaler, encoding.TextMarshaler:
	default:
		if v := reflect.ValueOf(x); v.Kind() == reflect.String {
			return v.String(), nil
		}
	}
	text, err := encodeJSON(x)
	if err == nil {
		text, err = canonical(text)
	}
	if err != nil {
		return "", fmt.Errorf("a Go %T cannot become the text of a tag: %w; use a string", x, err)
	}
	return text, nil
}

// encodeJSON encodes without the escapes for HTML. A MarshalJSON of the author's that panics spoils its own tag, not
// the process.
func encodeJSON(x any) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			text, err = "", fmt.Errorf("its encoding panicked: %v", p)
		}
	}()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		if marshaler, ok := errors.AsType[*json.MarshalerError](err); ok {
			err = marshaler.Err // the outer text names a method instead of what is wrong
		}
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// canonical brings JSON into the one text of its value, and refuses what would not survive being read again.
func canonical(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errors.New("it holds text that is not UTF-8")
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	tree, err := readTree(dec)
	if err != nil {
		return "", err
	}
	return encodeJSON(tree)
}

// readTree reads one value from text that encodeJSON has checked. Other than json.Unmarshal it sees a key that occurs
// twice; and U+FFFD, which is what encoding/json makes of bytes that are not UTF-8.
func readTree(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case string:
		return token, checkWhole(token)
	case json.Delim:
		if token == '[' {
			return readList(dec)
		}
		return readObject(dec)
	}
	return token, nil
}

func readList(dec *json.Decoder) (any, error) {
	list := []any{}
	for dec.More() {
		item, err := readTree(dec)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err := dec.Token() // the closing bracket
	return list, err
}

func readObject(dec *json.Decoder) (any, error) {
	object := map[string]any{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // the decoder answers nothing else here
		if err := checkWhole(key); err != nil {
			return nil, err
		}
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("it holds the key %s twice", quote(key))
		}
		if object[key], err = readTree(dec); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token() // the closing brace
	return object, err
}

func checkWhole(s string) error {
	if strings.ContainsRune(s, utf8.RuneError) {
		return fmt.Errorf("it holds %s, which is or was not UTF-8", quote(s))
	}
	return nil
}
