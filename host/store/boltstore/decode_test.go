package boltstore

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// fillByChance sets fields of a message by chance, ones that are added later too.
func fillByChance(t *rapid.T, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		name := string(f.FullName())
		if rapid.IntRange(0, 3).Draw(t, name+" is there") == 0 && f.Number() != fieldID {
			continue
		}
		if f.IsList() {
			list := m.Mutable(f).List()
			for range rapid.IntRange(1, 3).Draw(t, name+" items") {
				if f.Kind() == protoreflect.MessageKind {
					fillByChance(t, list.AppendMutable().Message())
				} else {
					list.Append(drawValue(t, f))
				}
			}
			continue
		}
		if f.Kind() == protoreflect.MessageKind {
			fillByChance(t, m.Mutable(f).Message())
		} else {
			m.Set(f, drawValue(t, f))
		}
	}
}

func drawValue(t *rapid.T, f protoreflect.FieldDescriptor) protoreflect.Value {
	name := string(f.FullName())
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.String().Draw(t, name))
	case protoreflect.BytesKind:
		length := map[string]int{"id": 16, "parent": 16, "root": 16}[string(f.Name())]
		if length == 0 {
			length = 32 // a digest
		}
		return protoreflect.ValueOfBytes(rapid.SliceOfN(rapid.ByteRange(1, 255), length, length).Draw(t, name))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, name))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, name))
	case protoreflect.Int64Kind: // seconds
		return protoreflect.ValueOfInt64(rapid.Int64Range(0, 9e9).Draw(t, name))
	case protoreflect.Int32Kind: // nanoseconds
		return protoreflect.ValueOfInt32(rapid.Int32Range(0, 999_999_999).Draw(t, name))
	default:
		t.Fatalf("field %s is of kind %s, which the test does not fill", name, f.Kind())
		return protoreflect.Value{}
	}
}

// TestRecordsOfRuns reads records in which any field may be set, and writes what was read: nothing is lost. With fields of a
// newer host in every message the same is read, and they stay when the record is written in its place.
func TestRecordsOfRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &storev1.Run{}
		fillByChance(t, want.ProtoReflect())
		payload := mustMarshal(t, want)
		run, unknown, err := readRun(payload)
		if err != nil || unknown {
			t.Fatalf("readRun = unknown %t, %v", unknown, err)
		}
		key := seqKey(run.Seq)
		bare, err := readTermFields(key, pack(key, payload))
		if err != nil || !slices.Equal(termsOf(host.RunSource{Run: bare}), termsOf(host.RunSource{Run: run})) {
			t.Fatalf("a part of the record has other terms than the whole: %v", err)
		}
		written, err := marshalRun(run)
		if err != nil {
			t.Fatal(err)
		}
		got := &storev1.Run{}
		if err := proto.Unmarshal(written, got); err != nil {
			t.Fatal(err)
		}
		if canonical := mustMarshal(t, got); !bytes.Equal(written, canonical) {
			t.Fatalf("written as %x, while the generated message is %x", written, canonical)
		}
		for _, m := range []*storev1.Run{got, want} { // empty messages, which a run always has or never
			m.Launched, m.Started, m.Current = whole(m.Launched), whole(m.Started), whole(m.Current)
			if proto.Size(m.LaunchedAs) == 0 {
				m.LaunchedAs = nil
			}
			if proto.Size(m.Waited) == 0 {
				m.Waited = nil
			}
		}
		if !proto.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}

		newer := proto.Clone(want).(*storev1.Run)
		addField(newer.ProtoReflect())
		again, unknown, err := readRun(mustMarshal(t, newer))
		if err != nil || !unknown {
			t.Fatalf("readRun of a newer record = unknown %t, %v", unknown, err)
		}
		if rewritten, err := marshalRun(again); err != nil || !bytes.Equal(rewritten, written) {
			t.Fatalf("a newer record is read as %x, %v; want %x", rewritten, err, written)
		}
		kept, err := keepUnknown(mustMarshal(t, want), mustMarshal(t, newer))
		if err != nil {
			t.Fatal(err)
		}
		got.Reset()
		if err := proto.Unmarshal(kept, got); err != nil {
			t.Fatal(err)
		}
		for what, u := range map[string]protoreflect.RawFields{
			"run": got.ProtoReflect().GetUnknown(), "launched": got.Launched.ProtoReflect().GetUnknown(),
			"started": got.Started.ProtoReflect().GetUnknown(), "current": got.Current.ProtoReflect().GetUnknown(),
		} {
			if len(u) == 0 {
				t.Errorf("what a newer host wrote into %s is gone", what)
			}
		}
	})
}

// whole is m, empty when it is nil.
func whole[M any](m *M) *M {
	if m == nil {
		return new(M)
	}
	return m
}

func mustMarshal(t *rapid.T, m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
