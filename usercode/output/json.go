package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// JSON is the codec of types that have no other. It writes what encoding/json does, without escapes for HTML, and reads
// strictly: a member that the type has no field for is an error, because a field that was renamed would silently be
// empty otherwise.
var JSON Codec = jsonCodec{}

type jsonCodec struct{}

func (jsonCodec) Name() string { return "json" }

func (jsonCodec) Encode(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	if unsupported, ok := errors.AsType[*json.UnsupportedValueError](err); ok {
		return fmt.Errorf("JSON has no way to write %s; replace it, or register a codec for the type", unsupported.Str)
	}
	if unsupported, ok := errors.AsType[*json.UnsupportedTypeError](err); ok {
		return fmt.Errorf("JSON has no way to write a %v; register a codec for the type that has it", unsupported.Type)
	}
	return err
}

func (jsonCodec) Decode(r io.Reader, into any) error {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}
