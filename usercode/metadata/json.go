package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// JSON is any value that encoding/json can encode, at most 1 MiB as text. Keys of maps are sorted; a
// json.RawMessage keeps its order and its digits and loses only white space between tokens. A string becomes a
// JSON string: for JSON text use json.RawMessage(text).
func JSON(v any) Value {
	text, err := encodeJSON(v)
	if err != nil {
		return invalid(KindJSON, err)
	}
	if err := checkText("the JSON", text, MaxJSONBytes); err != nil {
		return invalid(KindJSON, err)
	}
	return Value{kind: KindJSON, payload: text}
}

// Unknown is a value of a kind that this version does not know: the text that stands in for it, at most 4 KiB, and
// its canonical JSON, at most 1 MiB, which may be absent and is kept byte for byte. Converters make it; definitions
// have no use for it. A known kind makes an invalid value, because it came without its payload.
func Unknown(kind Kind, fallback string, raw []byte) Value {
	err := func() error {
		if !kind.wellFormed() {
			return fmt.Errorf("the kind %s is not 1 to %d ASCII characters in lower case", quote(string(kind)), maxKindBytes)
		}
		if kind.Known() {
			return fmt.Errorf("the kind %s came without its value", kind)
		}
		if err := checkText("the fallback text", fallback, MaxFallbackBytes); err != nil {
			return err
		}
		if err := checkText("the JSON", string(raw), MaxJSONBytes); err != nil {
			return err
		}
		if len(raw) > 0 && !json.Valid(raw) {
			return fmt.Errorf("%s is not JSON", quote(string(raw)))
		}
		return nil
	}()
	if err != nil {
		if !kind.wellFormed() {
			kind = "" // Kind() promises text that is fit to show and send
		}
		return invalid(kind, err)
	}
	return Value{kind: kind, payload: unknown{fallback: fallback, raw: string(raw)}}
}

// encodeJSON encodes without the escapes for HTML. A MarshalJSON of the author's that panics spoils its own entry,
// not the process.
func encodeJSON(v any) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			text, err = "", fmt.Errorf("a %T cannot become JSON: its encoding panicked: %v", v, p)
		}
	}()
	if e, ok := v.(error); ok {
		return "", fmt.Errorf("an error (%T) would lose its text as JSON; use metadata.Text(err.Error())", e)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		if marshaler, ok := errors.AsType[*json.MarshalerError](err); ok {
			err = marshaler.Err // the outer text names a method instead of what to do
		}
		return "", fmt.Errorf("a %T cannot become JSON: %w", v, err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
