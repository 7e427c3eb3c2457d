package workspace

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/penstock-run/penstock/host/hosttest"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// elementsOf counts a decoded message as scan counts an encoded one.
func elementsOf(m protoreflect.Message) (elements, cells int) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		visit := func(v protoreflect.Value) {
			elements++
			if f.Message() == nil {
				return
			}
			if f.Message().FullName() == cellName {
				cells++
			}
			e, c := elementsOf(v.Message())
			elements, cells = elements+e, cells+c
		}
		switch {
		case f.IsList():
			for i := range v.List().Len() {
				visit(v.List().Get(i))
			}
		case f.Message() != nil:
			visit(v)
		}
		return true
	})
	return elements, cells
}

func TestScan(t *testing.T) {
	for _, m := range []proto.Message{
		&usercodev1.JobMetadata{Entries: hosttest.EveryKind()},
		hosttest.Nested("job"),
		&usercodev1.RepositoryDefinition{},
	} {
		elements, cells := elementsOf(m.ProtoReflect())
		left := newBudget()
		if err := left.scan(encodeProto(t, m), m.ProtoReflect().Descriptor()); err != nil {
			t.Errorf("%T: %v", m, err)
		}
		if got := maxElements - left.elements; got != elements {
			t.Errorf("%T: counted %d elements, want %d", m, got, elements)
		}
		if got := maxTableCells - left.cells; got != cells {
			t.Errorf("%T: counted %d cells, want %d", m, got, cells)
		}
	}
}

func TestScanLimits(t *testing.T) {
	table := func(cells int) []byte {
		row := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType),
			bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), nil), cells))
		return protowire.AppendBytes(protowire.AppendTag(nil, 26, protowire.BytesType), row)
	}
	// An entry with a table counts the table and its row beside the cells.
	if err := newBudget().scan(table(maxTableCells), entryDescriptor); err != nil {
		t.Errorf("at the limit of cells: %v", err)
	}
	if err := newBudget().scan(table(maxTableCells+1), entryDescriptor); !errors.Is(err, errTooManyCells) {
		t.Errorf("over the limit of cells: %v", err)
	}
	ops := func(n int) []byte {
		return bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), nil), n)
	}
	definition := (&usercodev1.JobDefinition{}).ProtoReflect().Descriptor()
	if err := newBudget().scan(ops(maxElements), definition); err != nil {
		t.Errorf("at the limit of elements: %v", err)
	}
	if err := newBudget().scan(ops(maxElements+1), definition); !errors.Is(err, errTooManyElements) {
		t.Errorf("over the limit of elements: %v", err)
	}
	for _, damaged := range []string{"\xff", "\x0a\xff", "\x0a\x05ab", "\x12\x02\x0a\x05"} {
		if err := newBudget().scan([]byte(damaged), jobMetadataDescriptor); !errors.Is(err, errMalformed) && damaged != "\x12\x02\x0a\x05" {
			t.Errorf("%x: got %v", damaged, err)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add(encodeProto(f, &usercodev1.JobMetadata{Entries: hosttest.EveryKind()}))
	f.Add(encodeProto(f, hosttest.Nested("job")))
	f.Add([]byte("\x0a\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range []proto.Message{&usercodev1.JobMetadata{}, &usercodev1.JobDefinition{}, &usercodev1.GetDefinitionsResponse{}, &metadatav1.Entry{}} {
			left := newBudget()
			if left.scan(b, m.ProtoReflect().Descriptor()) != nil || proto.Unmarshal(b, m) != nil {
				continue
			}
			// Decoding merges what occurs twice, so it never has more than was counted.
			elements, cells := elementsOf(m.ProtoReflect())
			if elements > maxElements-left.elements || cells > maxTableCells-left.cells {
				t.Errorf("%T decodes to %d elements and %d cells, counted %d and %d", m, elements, cells, maxElements-left.elements, maxTableCells-left.cells)
			}
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add(encodeProto(f, &usercodev1.JobMetadata{Entries: hosttest.EveryKind()}))
	f.Add([]byte("\x0a\x02\x0a\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := metadataBody{announced: 1}
		m.hold(b)
		entries, problems := decodeEntries(b)
		if int(m.held) < len(entries) {
			t.Errorf("counted %d entries, decoded %d", m.held, len(entries))
		}
		for _, e := range entries {
			if EntryOf(e).Value.Err() != nil || e.GetKey() == "" {
				t.Errorf("an unfit entry passed: %v", e)
			}
		}
		for _, p := range problems {
			for _, r := range p.Error() {
				if r < ' ' {
					t.Errorf("a problem holds a control character: %q", p)
				}
			}
		}
	})
}
