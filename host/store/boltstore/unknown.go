package boltstore

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// keepUnknown returns payload, which takes the place of before, with the fields that a newer host wrote into that one: of
// the run itself, and of those parts of it that stay what they were.
func keepUnknown(payload, before []byte) ([]byte, error) {
	was, is := &storev1.Run{}, &storev1.Run{}
	if err := proto.Unmarshal(before, was); err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(payload, is); err != nil {
		return nil, err
	}
	keep(was, is, true)
	keep(was.GetLaunchedAs(), is.GetLaunchedAs(), proto.Equal(known(was.GetLaunchedAs()), is.GetLaunchedAs()))
	keep(was.GetLaunched(), is.GetLaunched(), bytes.Equal(was.GetLaunched().GetDefinitionDigest(), is.GetLaunched().GetDefinitionDigest()))
	keep(was.GetStarted(), is.GetStarted(), bytes.Equal(was.GetStarted().GetDefinitionDigest(), is.GetStarted().GetDefinitionDigest()))
	keep(was.GetCurrent(), is.GetCurrent(), was.GetAttempt() == is.GetAttempt())
	tags := map[string]*storev1.Tag{}
	for _, t := range was.GetTags() {
		tags[t.GetKey()] = t
	}
	for _, t := range is.GetTags() {
		old := tags[t.GetKey()]
		keep(old, t, proto.Equal(known(old), t))
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(is)
}

// keep copies the unknown fields of a message.
func keep[M proto.Message](from, to M, same bool) {
	if same && from.ProtoReflect().IsValid() && to.ProtoReflect().IsValid() {
		to.ProtoReflect().SetUnknown(from.ProtoReflect().GetUnknown())
	}
}

// known is a copy of a message without its unknown fields.
func known[M proto.Message](m M) proto.Message {
	c := proto.Clone(m)
	if c.ProtoReflect().IsValid() {
		c.ProtoReflect().SetUnknown(nil)
	}
	return c
}
