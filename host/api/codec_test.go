package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// TestMistypedFieldOfJSON would select every run if fields that are not known were ignored.
func TestMistypedFieldOfJSON(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	f.launch(&hostv1.LaunchRunRequest{Job: "my_job_with_tags"})
	for body, want := range map[string]string{
		`{"request_id":"` + uuid.NewString() + `","action":{"filter":{"wehre":"env=dev"},"delete":{}}}`: `unknown field \"wehre\"`,
		`{"request_id":"` + uuid.NewString() + `","action":{"filter":{"where":"env=dev"},"delete":{}}}`: `"id":`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/penstock.host.v1.BulkService/StartBulk", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %s, %v; want %s", body, got, err, want)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBulkOfANewerClient has a filter that says what this host does not know.
func TestBulkOfANewerClient(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	a := retag("", "env", "dev")
	a.GetFilter().ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 999, protowire.VarintType), 1))
	_, err := f.bulks.StartBulk(t.Context(), &hostv1.StartBulkRequest{RequestId: uuid.NewString(), Action: a})
	if connect.CodeOf(err) != connect.CodeInvalidArgument || !strings.Contains(err.Error(), "something that this host does not know") {
		t.Errorf("StartBulk: %v", err)
	}
	preview, err := f.bulks.PreviewBulk(t.Context(), &hostv1.PreviewBulkRequest{Action: a})
	if err != nil || len(preview.GetProblems()) != 1 {
		t.Errorf("PreviewBulk = %v, %v", preview, err)
	}
}
