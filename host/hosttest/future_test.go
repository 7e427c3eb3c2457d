package hosttest

import (
	"errors"
	"io"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// unknowns counts the messages in m that have unknown fields, and those that have none.
func unknowns(m protoreflect.Message) (with, without int) {
	if len(m.GetUnknown()) > 0 {
		with++
	} else {
		without++
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Message() == nil {
			return true
		}
		inner := []protoreflect.Message{}
		if f.IsList() {
			for i := range v.List().Len() {
				inner = append(inner, v.List().Get(i).Message())
			}
		} else {
			inner = append(inner, v.Message())
		}
		for _, i := range inner {
			a, b := unknowns(i)
			with, without = with+a, without+b
		}
		return true
	})
	return with, without
}

func TestFuture(t *testing.T) {
	b := Current()
	b.Protocol, b.Future = "0.16.0", true
	p := Start(t, b)
	c := client(t, p)
	info, err := c.GetServerInfo(patience(t), &usercodev1.GetServerInfoRequest{})
	if with, without := unknowns(info.ProtoReflect()); err != nil || with < 5 || without > 0 {
		t.Errorf("%d messages with and %d without unknown fields, %v", with, without, err)
	}
	stream, err := c.GetDefinitions(patience(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&usercodev1.GetDefinitionsRequest{Message: &usercodev1.GetDefinitionsRequest_Open_{Open: &usercodev1.GetDefinitionsRequest_Open{}}}); err != nil {
		t.Fatal(err)
	}
	want, kinds := &usercodev1.GetDefinitionsRequest_Want{}, 0
	for asked := false; ; {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.GetFrame() == nil {
			kinds++
		} else if _, without := unknowns(m.ProtoReflect()); without > 0 {
			t.Errorf("a message in %v has no unknown field", m)
		}
		for _, j := range m.GetManifest().GetJobs() {
			want.BodyDigests = append(want.BodyDigests, j.GetDefinitionDigest())
		}
		if m.GetManifestEnd() != nil && !asked {
			asked = true
			if err := errors.Join(stream.Send(&usercodev1.GetDefinitionsRequest{Message: &usercodev1.GetDefinitionsRequest_Want_{Want: want}}), stream.CloseSend()); err != nil {
				t.Fatal(err)
			}
		}
		for _, body := range m.GetBodies().GetBodies() {
			var def usercodev1.JobDefinition
			if err := proto.Unmarshal(body, &def); err != nil {
				t.Fatal(err)
			}
			if with, without := unknowns(def.ProtoReflect()); with < 4 || without > 0 {
				t.Errorf("%s: %d messages with and %d without unknown fields", def.GetName(), with, without)
			}
		}
	}
	if kinds == 0 {
		t.Error("there was no frame of a new kind")
	}
}

func TestFutureWorker(t *testing.T) {
	b := Current()
	b.Future = true
	p, h := Start(t, b), &grantingHost{}
	start(t, p, h.serve(t), "plain")
	if state := ended(t, p); state.GetExitStatus() != 0 {
		t.Fatalf("got %v", state)
	}
	<-h.done
	kinds := h.kinds()
	if len(kinds) != 5 || kinds[1] != "op_dreamt" {
		t.Errorf("got %v", kinds)
	}
	for _, e := range h.events {
		if _, without := unknowns(e.ProtoReflect()); without > 0 {
			t.Errorf("a message in %v has no unknown field", e)
		}
	}
	if with, _ := unknowns(h.hello.ProtoReflect()); with != 1 {
		t.Error("hello has no unknown field")
	}
}

func TestRandomServerID(t *testing.T) {
	b := Current()
	b.RandomServerID = true
	p := Start(t, b)
	c := client(t, p)
	seen := map[string]bool{}
	for range 3 {
		info, err := c.GetServerInfo(patience(t), &usercodev1.GetServerInfoRequest{})
		if err != nil {
			t.Fatal(err)
		}
		seen[info.GetServer().GetServerId()] = true
	}
	if len(seen) != 3 {
		t.Errorf("got %v", seen)
	}
	r := &usercodev1.StartRunRequest{
		RunId: "run", Attempt: 1, HostAddress: "http://127.0.0.1:1", Repository: "tutorial", Job: "plain",
		DefinitionDigest: p.process.encoded.digests["tutorial/plain"], ExpectedServerId: "some other",
	}
	if reply, err := c.StartRun(patience(t), r); err != nil || reply.GetAccepted() == nil {
		t.Errorf("got %v, %v", reply, err)
	}
}
