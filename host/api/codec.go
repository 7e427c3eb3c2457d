package api

import (
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// codecs are how messages are written. In JSON, which people write by hand, a field that this host does not know is an
// error: without the one that is mistyped in its filter, a request would be about every run that there is.
func codecs() []connect.Codec {
	json := connectproto.NewJSONCodec()
	json.UnmarshalOptions.DiscardUnknown = false
	return []connect.Codec{connectproto.NewBinaryCodec(), json}
}

// hasUnknown tells whether a message, or one in it, has a field that this host does not know.
func hasUnknown(m protoreflect.Message) (found bool) {
	if len(m.GetUnknown()) > 0 {
		return true
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				found = found || hasUnknown(v.List().Get(i).Message())
			}
		default:
			found = hasUnknown(v.Message())
		}
		return !found
	})
	return found
}
