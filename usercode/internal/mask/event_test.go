package mask

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func entry(kind string, value func(*metadatav1.Entry)) *metadatav1.Entry {
	e := &metadatav1.Entry{Key: "k", Kind: kind}
	value(e)
	return e
}

func TestEntries(t *testing.T) {
	m := New([]string{"1234567", "hunter2"})
	for name, c := range map[string]struct{ in, want *metadatav1.Entry }{
		"Text":      {entry("text", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Text{Text: "a hunter2"} }), entry("text", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Text{Text: "a ***"} })},
		"Key":       {&metadatav1.Entry{Key: "hunter2", Kind: "null", Value: &metadatav1.Entry_Null{Null: true}}, &metadatav1.Entry{Key: "***", Kind: "null", Value: &metadatav1.Entry_Null{Null: true}}},
		"Int":       {entry("int", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Int{Int: -91234567} }), entry("text", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Text{Text: "-9***"} })},
		"OtherInt":  {entry("int", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Int{Int: 1234} }), entry("int", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Int{Int: 1234} })},
		"Float":     {entry("float", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Float{Float: 1234567.5} }), entry("text", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Text{Text: "***.5"} })},
		"JSONText":  {entry("json", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Json{Json: `{"a":"hunter2"}`} }), entry("json", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Json{Json: `{"a":"***"}`} })},
		"JSONDigit": {entry("json", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Json{Json: `{"a":1234567}`} }), entry("text", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Text{Text: `{"a":***}`} })},
		"URL":       {entry("url", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Url{Url: "https://u:hunter2@h"} }), entry("text", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Text{Text: "https://u:***@h"} })},
		"Later": {
			entry("later", func(e *metadatav1.Entry) { e.TextFallback, e.Raw = "is hunter2", []byte(`"hunter2"`) }),
			entry("text", func(e *metadatav1.Entry) {
				e.TextFallback, e.Value = "is ***", &metadatav1.Entry_Text{Text: `"***"`}
			}),
		},
		"Table": {
			entry("table", func(e *metadatav1.Entry) { e.Value = &metadatav1.Entry_Table{Table: tableOf(1234567, "hunter2")} }),
			entry("table", func(e *metadatav1.Entry) {
				e.Value = &metadatav1.Entry_Table{Table: &metadatav1.Table{
					Schema: &metadatav1.TableSchema{Columns: []*metadatav1.TableSchema_Column{{Name: "***"}}},
					Rows:   []*metadatav1.Table_Row{{Cells: []*metadatav1.Table_Cell{{Value: &metadatav1.Table_Cell_Text{Text: "***"}}}}},
				}}
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			ev := &workerv1.Event{Detail: &workerv1.Event_Note{Note: &workerv1.Note{Entries: []*metadatav1.Entry{c.in}}}}
			m.Event(ev)
			if !proto.Equal(c.in, c.want) {
				t.Errorf("got %v, want %v", c.in, c.want)
			}
		})
	}
}

func tableOf(n int64, column string) *metadatav1.Table {
	return &metadatav1.Table{
		Schema: &metadatav1.TableSchema{Columns: []*metadatav1.TableSchema_Column{{Name: column}}},
		Rows:   []*metadatav1.Table_Row{{Cells: []*metadatav1.Table_Cell{{Value: &metadatav1.Table_Cell_Int{Int: n}}}}},
	}
}

func TestNamesStayNames(t *testing.T) {
	m := New([]string{"hunter2", "4711"})
	ev := &workerv1.Event{
		OpPath: "hunter2.load[hunter2].parse[a-hunter2][4711]", Message: "op load[hunter2]", Kind: "tags_added",
		Detail: &workerv1.Event_TagsAdded{TagsAdded: &workerv1.TagsAdded{Tags: []*tagv1.Tag{{Key: "x-hunter2", Value: "hunter2"}}}},
	}
	m.Event(ev)
	want := &workerv1.Event{
		OpPath: "hunter2.load[masked].parse[a-masked][4711]", Message: "op load[***]", Kind: "tags_added",
		Detail: &workerv1.Event_TagsAdded{TagsAdded: &workerv1.TagsAdded{Tags: []*tagv1.Tag{{Key: "x-masked", Value: "***"}}}},
	}
	if !proto.Equal(ev, want) {
		t.Errorf("got %v, want %v", ev, want)
	}
}

// TestEveryFieldIsDecided fills every text of every kind of event with a value: it is in none of them afterwards, but for
// those that are known to hold nothing of user code's.
func TestEveryFieldIsDecided(t *testing.T) {
	const value = "hunter2"
	m := New([]string{value})
	details := (&workerv1.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("detail").Fields()
	if details.Len() < 12 {
		t.Fatalf("only %d kinds of events", details.Len())
	}
	for i := range details.Len() {
		ev := &workerv1.Event{}
		fill(ev.ProtoReflect(), value, details.Get(i), 0)
		m.Event(ev)
		blank(ev.ProtoReflect())
		encoded, err := proto.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(encoded, []byte(value)) {
			t.Errorf("%s holds the value: %v", details.Get(i).Name(), ev)
		}
		if !bytes.Contains(encoded, []byte(Replacement)) {
			t.Errorf("%s: nothing was masked: %v", details.Get(i).Name(), ev)
		}
	}
}

// fill sets every field; of a oneof that of the detail, or the last one.
func fill(message protoreflect.Message, value string, detail protoreflect.FieldDescriptor, depth int) {
	all := message.Descriptor().Fields()
	for i := range all.Len() {
		field := all.Get(i)
		if one := field.ContainingOneof(); one != nil && depth == 0 && field != detail {
			continue
		}
		var filled protoreflect.Value
		switch field.Kind() {
		case protoreflect.StringKind:
			filled = protoreflect.ValueOfString("x[" + value + "]")
		case protoreflect.BytesKind:
			filled = protoreflect.ValueOfBytes([]byte(value))
		case protoreflect.MessageKind:
			if depth > 6 {
				continue
			}
			inner := message.NewField(field)
			if field.IsList() {
				inner = inner.List().NewElement()
			}
			fill(inner.Message(), value, nil, depth+1)
			filled = inner
		default:
			continue
		}
		if field.IsList() {
			message.Mutable(field).List().Append(filled)
		} else {
			message.Set(field, filled)
		}
	}
}

// blank clears what is kept on purpose.
func blank(message protoreflect.Message) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		name := string(field.FullName())
		switch {
		case field.Kind() == protoreflect.MessageKind && field.IsList():
			for i := range value.List().Len() {
				blank(value.List().Get(i).Message())
			}
		case field.Kind() == protoreflect.MessageKind:
			blank(value.Message())
		case fields[field.FullName()] != nil && !strings.HasSuffix(name, "path") && !strings.HasSuffix(name, "paths") && !strings.HasSuffix(name, "key") && !strings.HasSuffix(name, "keys") && !strings.HasSuffix(name, "candidates"):
			message.Clear(field)
		}
		return true
	})
}

func BenchmarkEvent(b *testing.B) {
	m := New([]string{"hunter2hunter2", "AKIAIOSFODNN7EXAMPLE"})
	ev := &workerv1.Event{OpPath: "load", OpAttempt: 1, Kind: "log", Message: "read a row of the table", Detail: &workerv1.Event_Log{Log: &workerv1.LogRecord{
		Attributes: []*metadatav1.Entry{{Key: "row", Kind: "int", Value: &metadatav1.Entry_Int{Int: 4711}}, {Key: "table", Kind: "text", Value: &metadatav1.Entry_Text{Text: "orders"}}},
	}}}
	b.ReportAllocs()
	for b.Loop() {
		m.Event(ev)
	}
}
