package workspace

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
)

// budget is what a body may still hold. Decoding makes a value of tens of bytes
// from each element, even from one that takes two bytes on the wire, so
// elements are counted before anything is decoded.
type budget struct {
	elements, cells int
}

func newBudget() *budget { return &budget{elements: maxElements, cells: maxTableCells} }

// What scan answers when a body holds too much.
var (
	errTooManyElements = fmt.Errorf("it holds more than %d elements", maxElements)
	errTooManyCells    = fmt.Errorf("it holds more than %d table cells", maxTableCells)
	errMalformed       = errors.New("it is not a valid message")
)

// cellName is the message that counts as a table cell.
var cellName = (&metadatav1.Table_Cell{}).ProtoReflect().Descriptor().FullName()

// scan walks an encoded message of the given type and takes every list element
// and every message in it from the budget. It decodes nothing and allocates
// nothing. Unknown fields are skipped: they stay bytes.
func (left *budget) scan(b []byte, d protoreflect.MessageDescriptor) error {
	fields := d.Fields()
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errMalformed
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(num, typ, b)
		if size < 0 {
			return errMalformed
		}
		value := b[:size]
		b = b[size:]
		f := fields.ByNumber(num)
		if f == nil || !f.IsList() && f.Message() == nil {
			continue
		}
		if err := left.take(f, typ, value); err != nil {
			return err
		}
		if f.Message() != nil && typ == protowire.BytesType {
			inner, _ := protowire.ConsumeBytes(value)
			if err := left.scan(inner, f.Message()); err != nil {
				return err
			}
		}
	}
	return nil
}

// take counts one occurrence of a field.
func (left *budget) take(f protoreflect.FieldDescriptor, typ protowire.Type, value []byte) error {
	n := 1
	if f.IsList() && typ == protowire.BytesType && f.Message() == nil && f.Kind() != protoreflect.StringKind && f.Kind() != protoreflect.BytesKind {
		n = len(value) // packed numbers: at most one for each byte
	}
	if left.elements -= n; left.elements < 0 {
		return errTooManyElements
	}
	if f.Message() != nil && f.Message().FullName() == cellName {
		if left.cells--; left.cells < 0 {
			return errTooManyCells
		}
	}
	return nil
}
