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

// cutField takes the message field num out of an encoded message. Its encoded
// value is empty and not nil for an empty message, and nil when there is none;
// one that occurs twice is merged, as decoding does. What cannot be read is left
// as it is. The rest is the message itself when there was nothing to take out.
func cutField(message []byte, num protowire.Number) (rest, value []byte) {
	if err := eachField(message, func(at protowire.Number, typ protowire.Type, whole, encoded []byte) bool {
		if at != num || typ != protowire.BytesType {
			rest = append(rest, whole...)
			return true
		}
		inner, _ := protowire.ConsumeBytes(encoded)
		if value == nil {
			value = []byte{}
		}
		value = append(value, inner...)
		return true
	}); err != nil || value == nil {
		return message, nil
	}
	return rest, value
}
