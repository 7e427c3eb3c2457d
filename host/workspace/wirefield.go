package workspace

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// eachField calls f with each field of an encoded message, whole and its value,
// until that answers false. It decodes nothing.
func eachField(message []byte, f func(num protowire.Number, typ protowire.Type, whole, value []byte) bool) error {
	for b := message; len(b) > 0; {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errMalformed
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return errMalformed
		}
		if !f(num, typ, b[:n+size], b[n:n+size]) {
			return nil
		}
		b = b[n+size:]
	}
	return nil
}

// cutPartitions takes the partitions out of an encoded JobDefinition. Their
// encoded value is empty and not nil for an empty message, and nil when there are
// none; when they are there twice they are merged, as decoding does. What cannot
// be read is left as it is. The rest is the definition itself when there was
// nothing to take out.
func cutPartitions(definition []byte) (rest, partitions []byte) {
	if err := eachField(definition, func(num protowire.Number, typ protowire.Type, whole, encoded []byte) bool {
		if num != partitionsField || typ != protowire.BytesType {
			rest = append(rest, whole...)
			return true
		}
		inner, _ := protowire.ConsumeBytes(encoded)
		if partitions == nil {
			partitions = []byte{}
		}
		partitions = append(partitions, inner...)
		return true
	}); err != nil || partitions == nil {
		return definition, nil
	}
	return rest, partitions
}
