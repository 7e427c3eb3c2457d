package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

var files = []protoreflect.FileDescriptor{
	usercodev1.File_penstock_usercode_v1_server_info_proto, usercodev1.File_penstock_usercode_v1_body_proto,
	usercodev1.File_penstock_usercode_v1_usercode_proto, workerv1.File_penstock_worker_v1_worker_proto,
	hostv1.File_penstock_host_v1_host_proto, hostv1.File_penstock_host_v1_job_proto, hostv1.File_penstock_host_v1_location_proto,
	hostv1.File_penstock_host_v1_problem_proto, hostv1.File_penstock_host_v1_refusal_proto, hostv1.File_penstock_host_v1_run_proto,
	metadatav1.File_penstock_metadata_v1_metadata_proto, tagv1.File_penstock_tag_v1_tag_proto,
}

// TestPageHasTheWholeContract compares the committed page with the generated code. Comments are in neither descriptor:
// make check-generate compares those.
func TestPageHasTheWholeContract(t *testing.T) {
	content, err := os.ReadFile("../../../docs/reference/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for section := range strings.SplitSeq(string(content), "\n### ") {
		name, body, _ := strings.Cut(section, "\n")
		sections[name] = body
	}
	has := func(of protoreflect.Descriptor, row string) {
		t.Helper()
		if !strings.Contains(sections[short("."+string(of.FullName()))], row) {
			t.Errorf("docs/reference/protocol.md lacks %q of %s: run make generate", row, of.FullName())
		}
	}
	var types func(messages protoreflect.MessageDescriptors, enums protoreflect.EnumDescriptors)
	types = func(messages protoreflect.MessageDescriptors, enums protoreflect.EnumDescriptors) {
		for i := range messages.Len() {
			m := messages.Get(i)
			has(m, "*Message.* ")
			for j := range m.Fields().Len() {
				f := m.Fields().Get(j)
				has(m, fmt.Sprintf("| %d | `%s` | ", f.Number(), f.Name()))
			}
			types(m.Messages(), m.Enums())
		}
		for i := range enums.Len() {
			e := enums.Get(i)
			for j := range e.Values().Len() {
				has(e, fmt.Sprintf("| %d | `%s` | ", e.Values().Get(j).Number(), e.Values().Get(j).Name()))
			}
		}
	}
	for _, f := range files {
		types(f.Messages(), f.Enums())
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				has(s, fmt.Sprintf("| `%s` | ", s.Methods().Get(j).Name()))
			}
		}
	}
}

// input is the descriptors of files, without comments, which generated code does not have.
func input(t *testing.T, change func(*descriptorpb.FileDescriptorSet)) *bytes.Buffer {
	t.Helper()
	set := &descriptorpb.FileDescriptorSet{}
	for _, f := range files {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(f))
	}
	change(set)
	data, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewBuffer(data)
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*descriptorpb.FileDescriptorSet)
		want   string
	}{
		"ErrNoComments": {func(*descriptorpb.FileDescriptorSet) {}, "without source information"},
		"ErrNoPackage":  {func(s *descriptorpb.FileDescriptorSet) { s.File = s.GetFile()[:3] }, "there is no package penstock.worker.v1"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(input(t, c.change), &out)
			if err == nil || !strings.Contains(err.Error(), c.want) || out.Len() > 0 {
				t.Errorf("got %v and %d bytes, want the error %q and none", err, out.Len(), c.want)
			}
		})
	}
	t.Run("ErrGarbage", func(t *testing.T) {
		if err := run(strings.NewReader("garbage"), new(bytes.Buffer)); err == nil {
			t.Error("no error")
		}
	})
}

func TestTextStaysAsWritten(t *testing.T) {
	if got, want := cell("a_b | <c> [d]"), `a\_b \| &lt;c> \[d]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := anchor("host.v1.Table.Row"); got != "hostv1tablerow" {
		t.Errorf("got %s", got)
	}
}
