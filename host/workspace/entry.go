package workspace

import (
	"errors"
	"fmt"
	"unicode"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
)

var (
	jobMetadataDescriptor = (&usercodev1.JobMetadata{}).ProtoReflect().Descriptor()
	entryDescriptor       = (&metadatav1.Entry{}).ProtoReflect().Descriptor()
)

// entriesField is the number of JobMetadata.entries.
const entriesField = 1

// hold keeps a body and counts its entries without decoding them.
func (m *metadataBody) hold(body []byte) {
	m.body = body
	m.held = countEntries(body)
}

// countEntries is the number of entries in a metadata body. What follows damage does not count.
func countEntries(body []byte) (n uint32) {
	_ = eachEntry(body, func([]byte) bool { n++; return true })
	return n
}

// eachEntry calls f with each encoded entry of a metadata body until it answers false.
func eachEntry(body []byte, f func(encoded []byte) bool) error {
	for b := body; len(b) > 0; {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errMalformed
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return errMalformed
		}
		if num == entriesField && typ == protowire.BytesType {
			if encoded, _ := protowire.ConsumeBytes(b[n:]); !f(encoded) {
				return nil
			}
		}
		b = b[n+size:]
	}
	return nil
}

// decodeEntries decodes a metadata body entry by entry. An entry that is
// damaged, breaks a limit or is unfit to show is left out and spoils only
// itself; each problem says which. The limits of elements are those of the body.
func decodeEntries(body []byte) (entries []*metadatav1.Entry, problems []error) {
	entries = []*metadatav1.Entry{} // that are known to be none is not the same as unknown
	left := newBudget()
	keys := map[string]bool{}
	count := 0
	err := eachEntry(body, func(encoded []byte) bool {
		if count++; count > metadata.MaxEntries {
			problems = append(problems, fmt.Errorf("only the first %d entries are shown", metadata.MaxEntries))
			return false
		}
		e, err := decodeEntry(encoded, left)
		if err == nil && keys[e.GetKey()] {
			err = errors.New("the key occurs twice")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("entry %d%s: %w", count, keyText(e), err))
			return true
		}
		keys[e.GetKey()] = true
		entries = append(entries, e)
		return true
	})
	if err != nil {
		problems = append(problems, fmt.Errorf("what follows entry %d is damaged", count))
	}
	return entries, problems
}

func keyText(e *metadatav1.Entry) string {
	if e.GetKey() == "" {
		return ""
	}
	return " (" + quoted(e.GetKey()) + ")"
}

func decodeEntry(encoded []byte, left *budget) (*metadatav1.Entry, error) {
	if err := left.scan(encoded, entryDescriptor); err != nil {
		return nil, err
	}
	e := &metadatav1.Entry{}
	if err := proto.Unmarshal(encoded, e); err != nil {
		return nil, errors.New("it is damaged, or holds text that is not UTF-8")
	}
	if !metadata.Kind(e.GetKind()).Known() {
		e.Value = nil // an arm that does not belong to its kind means nothing
	}
	v := EntryOf(e)
	switch {
	case v.Key == "" || len(v.Key) > metadata.MaxKeyBytes:
		return e, fmt.Errorf("its key is not 1 to %d bytes long", metadata.MaxKeyBytes)
	case containsControl(v.Key):
		return e, errors.New("its key holds a control character")
	}
	return e, v.Value.Err()
}

func containsControl(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) {
			return true
		}
	}
	return false
}
