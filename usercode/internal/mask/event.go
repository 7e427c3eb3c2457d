package mask

import (
	"encoding/json"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// named stands for a value in a name, where the characters of Replacement are not allowed.
const named = "masked"

// fields says what to do with text that is not for people alone. Every other field, also one that a later version of
// the contract adds, is masked as text.
var fields = map[protoreflect.FullName]func(m *Masker, text string) string{
	// Names out of definitions, and words of the contract.
	"penstock.worker.v1.Event.kind":          keep,
	"penstock.worker.v1.Failure.reason":      keep,
	"penstock.worker.v1.ResourceChange.name": keep,
	"penstock.metadata.v1.Entry.kind":        keep,
	// What the worker has made: where an output is, and what it is.
	"penstock.worker.v1.Output.name":        keep,
	"penstock.worker.v1.Output.address":     keep,
	"penstock.worker.v1.Output.digest":      keep,
	"penstock.worker.v1.Output.codec":       keep,
	"penstock.worker.v1.Output.reused_from": keep,
	// Names with keys of items in them, which user code makes.
	"penstock.worker.v1.Event.op_path":        (*Masker).path,
	"penstock.worker.v1.Captured.candidates":  (*Masker).path,
	"penstock.worker.v1.MapExpanded.op_paths": (*Masker).path,
	"penstock.worker.v1.MapExpanded.keys":     (*Masker).key,
	"penstock.tag.v1.Tag.key":                 (*Masker).name,
}

func keep(_ *Masker, text string) string { return text }

// Event masks an event in place: all text, and every number that is or holds a value. Kinds of metadata that would not
// be what they say any more become text.
func (m *Masker) Event(ev *workerv1.Event) {
	if m != nil {
		m.message(ev.ProtoReflect())
	}
}

func (m *Masker) message(message protoreflect.Message) {
	switch typed := message.Interface().(type) {
	case *metadatav1.Entry:
		m.entry(typed)
		return
	case *metadatav1.Table_Cell:
		m.cell(typed)
		return
	}
	m.fieldsOf(message)
}

func (m *Masker) fieldsOf(message protoreflect.Message) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap(): // the contracts have none
		case field.IsList():
			list := value.List()
			for i := range list.Len() {
				if changed, ok := m.value(field, list.Get(i)); ok {
					list.Set(i, changed)
				}
			}
		default:
			if changed, ok := m.value(field, value); ok {
				message.Set(field, changed)
			}
		}
		return true
	})
}

// value masks what is inside of a message, and answers what has to take the place of another value.
func (m *Masker) value(field protoreflect.FieldDescriptor, value protoreflect.Value) (changed protoreflect.Value, ok bool) {
	masked := fields[field.FullName()]
	if masked == nil {
		masked = (*Masker).String
	}
	switch field.Kind() { //nolint:exhaustive // no other holds text
	case protoreflect.MessageKind:
		m.message(value.Message())
	case protoreflect.StringKind:
		text := masked(m, value.String())
		return protoreflect.ValueOfString(text), text != value.String()
	case protoreflect.BytesKind:
		before := string(value.Bytes())
		data := masked(m, before)
		return protoreflect.ValueOfBytes([]byte(data)), data != before
	}
	return changed, false
}

// entry masks metadata. A value that may have only a certain form and had to be masked becomes text.
func (m *Masker) entry(e *metadatav1.Entry) {
	e.Key, e.TextFallback = m.String(e.GetKey()), m.String(e.GetTextFallback())
	asText := func(text string) {
		if masked := m.String(text); masked != text {
			e.Kind, e.Value = "text", &metadatav1.Entry_Text{Text: masked}
		}
	}
	switch v := e.GetValue().(type) {
	case *metadatav1.Entry_Int:
		asText(strconv.FormatInt(v.Int, 10))
	case *metadatav1.Entry_BigInt:
		asText(v.BigInt)
	case *metadatav1.Entry_Float:
		asText(strconv.FormatFloat(v.Float, 'f', -1, 64))
	case *metadatav1.Entry_Url:
		asText(v.Url)
	case *metadatav1.Entry_RunId:
		asText(v.RunId)
	case *metadatav1.Entry_Json:
		if masked := m.String(v.Json); json.Valid([]byte(masked)) {
			v.Json = masked
		} else {
			asText(v.Json)
		}
	case nil:
		if raw := string(e.GetRaw()); m.String(raw) != raw { // of a kind that came later, whose form nobody here knows
			e.Raw = nil
			asText(raw)
		}
	default:
		m.fieldsOf(e.ProtoReflect())
	}
}

// cell masks numbers of tables, too.
func (m *Masker) cell(c *metadatav1.Table_Cell) {
	text := c.GetText()
	switch v := c.GetValue().(type) {
	case *metadatav1.Table_Cell_Int:
		text = strconv.FormatInt(v.Int, 10)
	case *metadatav1.Table_Cell_Float:
		text = strconv.FormatFloat(v.Float, 'f', -1, 64)
	}
	if masked := m.String(text); masked != text {
		c.Value = &metadatav1.Table_Cell_Text{Text: masked}
	}
}

// name masks text that is a name: letters, digits and a few others.
func (m *Masker) name(text string) string {
	if masked := m.String(text); masked != text {
		return strings.ReplaceAll(masked, Replacement, named)
	}
	return text
}

// key masks the key of an item. An index is none that user code made.
func (m *Masker) key(text string) string {
	if strings.Trim(text, "0123456789") == "" {
		return text
	}
	return m.name(text)
}

// path masks the keys in an op path; the names beside them are those of the definition.
func (m *Masker) path(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "[")
		key, after, closed := strings.Cut(rest, "]")
		if !found || !closed {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before + "[" + m.key(key) + "]")
		text = after
	}
}
