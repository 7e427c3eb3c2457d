package compat

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Check names a promise that the kit looks after.
type Check string

// The checks.
const (
	CheckLocation   Check = "location"   // state, code, what the server reported
	CheckCapability Check = "capability" // the decision as the location shows it
	CheckJobs       Check = "jobs"       // the listing: every job, field by field
	CheckDefinition Check = "definition" // a job's page, field by field
	CheckMetadata   Check = "metadata"   // the state of metadata, its entries or its refusal, field by field
	CheckAutomation Check = "automation" // schedules, sensors and partitions, field by field, or their refusals
	CheckFetched    Check = "fetched"    // what was asked of the peer: refused metadata never
	CheckLaunch     Check = "launch"     // a run of a job starts, ends, and keeps the job as of launch
	CheckCancel     Check = "cancel"     // a run ends when it is asked to
	CheckLeak       Check = "leak"       // withheld text gets out, or shown text does not
	CheckStore      Check = "store"      // withheld text is stored, or shown text is not
)

// Finding is a promise that was not kept.
type Finding struct {
	Check  Check
	Detail string
}

func (f Finding) String() string { return string(f.Check) + ": " + f.Detail }

// findings collects.
type findings struct {
	list []Finding
	// told is all that the host answered, to look for what must not be in it.
	told strings.Builder
}

func (f *findings) addf(c Check, format string, args ...any) {
	f.list = append(f.list, Finding{c, fmt.Sprintf(format, args...)})
}

// heard notes an answer of the host.
func (f *findings) heard(messages ...proto.Message) {
	for _, m := range messages {
		f.told.WriteString(prototext.MarshalOptions{EmitUnknown: true}.Format(m))
		f.told.WriteByte('\n')
	}
}

// equal compares an answer with what must be shown.
func (f *findings) equal(c Check, what string, got, want proto.Message) {
	if diff := difference(got, want); diff != "" {
		f.addf(c, "%s: %s", what, diff)
	}
}

// difference says how two messages differ, unknown fields aside; empty when they do not.
func difference(got, want proto.Message) string {
	got, want = known(got), known(want)
	if proto.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("shown is %s, want %s", only(got, want), only(want, got))
}

// only is what one message has and the other has not, field by field.
func only(m, other proto.Message) string {
	m = proto.Clone(m)
	a, b := m.ProtoReflect(), other.ProtoReflect()
	a.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if b.Has(f) && v.Equal(b.Get(f)) {
			a.Clear(f)
		}
		return true
	})
	const most = 2_000
	if text := prototext.Format(m); len(text) <= most {
		return "{" + strings.ReplaceAll(strings.TrimSpace(text), "\n", " ") + "}"
	}
	return fmt.Sprintf("%d bytes of %s", proto.Size(m), m.ProtoReflect().Descriptor().Name())
}

// known is a copy of a message without unknown fields.
func known(m proto.Message) proto.Message {
	m = proto.Clone(m)
	eachMessage(m.ProtoReflect(), func(inner protoreflect.Message) { inner.SetUnknown(nil) })
	return m
}

// eachMessage calls f with a message and every message inside.
func eachMessage(m protoreflect.Message, f func(protoreflect.Message)) {
	if !m.IsValid() {
		return
	}
	f(m)
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			for i := range v.List().Len() {
				eachMessage(v.List().Get(i).Message(), f)
			}
		default:
			eachMessage(v.Message(), f)
		}
		return true
	})
}
