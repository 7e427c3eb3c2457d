package compat

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protoreflect"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// A feature that the fixture does not use is one that no peer of the kit tests.
func TestFixtureUsesEverything(t *testing.T) {
	used := map[protoreflect.FullName]bool{}
	use := func(m protoreflect.ProtoMessage) {
		eachMessage(m.ProtoReflect(), func(m protoreflect.Message) {
			used[m.Descriptor().FullName()] = true
			m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
				used[f.FullName()] = true
				return true
			})
		})
	}
	kinds := map[string]bool{}
	for _, r := range Fixture("text") {
		use(r.Definition())
		for _, j := range r.Jobs {
			use(j.Definition)
			use(&usercodev1.JobMetadata{Entries: j.Metadata})
			for _, e := range j.Metadata {
				kinds[e.GetKind()] = true
			}
		}
	}
	var demand func(d protoreflect.MessageDescriptor)
	seen := map[protoreflect.FullName]bool{}
	demand = func(d protoreflect.MessageDescriptor) {
		if seen[d.FullName()] {
			return
		}
		seen[d.FullName()] = true
		for i := range d.Fields().Len() {
			f := d.Fields().Get(i)
			switch {
			case f.FullName() == "penstock.tag.v1.Tag.origin", f.FullName() == "penstock.tag.v1.Tag.edit": // of runs alone
			case !used[f.FullName()]:
				t.Errorf("nothing in the fixture has %s", f.FullName())
			case f.Message() != nil:
				demand(f.Message())
			}
		}
	}
	for _, m := range []protoreflect.ProtoMessage{&usercodev1.RepositoryDefinition{}, &usercodev1.JobDefinition{}, &usercodev1.JobMetadata{}} {
		demand(m.ProtoReflect().Descriptor())
	}
	for _, k := range metadata.Kinds() {
		if !kinds[string(k)] {
			t.Errorf("nothing in the fixture is of kind %s", k)
		}
	}
	if !slices.ContainsFunc(EveryKind("x"), func(e *metadatav1.Entry) bool { return !metadata.Kind(e.GetKind()).Known() }) {
		t.Error("nothing in the fixture is of a kind that nobody knows yet")
	}
}

// Where the canary is decides what the kit's search for it proves.
func TestCanaryIsInMetadataAlone(t *testing.T) {
	const canary = "canary"
	for _, r := range Fixture(canary) {
		for _, j := range r.Jobs {
			if strings.Contains(prototext.Format(j.Definition), canary) {
				t.Errorf("the definition of %s has it", j.Definition.GetName())
			}
			for _, e := range j.Metadata {
				if !strings.Contains(prototext.Format(e), canary) {
					t.Errorf("the entry %s of %s lacks it", e.GetKey(), j.Definition.GetName())
				}
			}
		}
	}
}
