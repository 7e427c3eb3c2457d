package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/output"
)

const someRun = "0192a3b4-0000-7000-8000-000000000001"

// stuck is a store that cannot delete what one run has.
type stuck struct{ output.Store }

func (s stuck) Delete(ctx context.Context, name string) error {
	if strings.HasSuffix(name, "19") {
		panic("bucket is read-only, and so on")
	}
	if strings.HasSuffix(name, "9") {
		return errors.New("bucket is read-only " + strings.Repeat("é", 2000))
	}
	return s.Store.Delete(ctx, name)
}

func TestDeleteOutputs(t *testing.T) {
	dir := t.TempDir()
	store, err := output.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, repositories(), Options{Outputs: stuck{store}, OutputLocation: "file://" + dir})
	var runs []string
	for i := range 20 {
		run := fmt.Sprintf("0192a3b4-0000-7000-8000-%012d", i)
		runs = append(runs, run)
		if err := store.Put(t.Context(), "runs/"+run+"/output", []byte("1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "other"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	odd := []string{"", ".", "..", "../runs", "0192a3b4-0000-7000-8000-00000000000", "0192A3B4-0000-7000-8000-000000000001", "a\xff", runs[3] + "/output"}
	for range 2 { // the second time they are gone
		response, err := s.client.DeleteOutputs(t.Context(), &usercodev1.DeleteOutputsRequest{RunIds: append(append([]string{}, runs...), odd[:6]...)})
		if err != nil {
			t.Fatal(err)
		}
		if response.GetServerId() != s.ID() || len(response.GetFailed()) != 8 {
			t.Fatalf("got %v; want the six odd ids and two runs that are stuck", response)
		}
		for i, f := range response.GetFailed() {
			want := "is no run id"
			if i < 2 {
				want = "bucket is read-only"
			}
			if !strings.Contains(f.GetMessage(), want) || len(f.GetMessage()) > maxFailedBytes {
				t.Errorf("%q: got %q", f.GetRunId(), f.GetMessage())
			}
		}
	}
	for _, run := range odd[6:] {
		response, err := s.client.DeleteOutputs(t.Context(), &usercodev1.DeleteOutputsRequest{RunIds: []string{strings.ToValidUTF8(run, "?")}})
		if err != nil || len(response.GetFailed()) != 1 {
			t.Errorf("%q: got %v, %v", run, response, err)
		}
	}
	left, err := store.List(t.Context(), "runs")
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err != nil {
		t.Error(err)
	}
}

func TestDeleteOutputsRefused(t *testing.T) {
	off := serve(t, repositories(), Options{})
	if _, err := off.client.DeleteOutputs(t.Context(), &usercodev1.DeleteOutputsRequest{RunIds: []string{someRun}}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("without a store: got %v", err)
	}
	store, err := output.NewLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	on := serve(t, repositories(), Options{Outputs: store, OutputLocation: "file:///outputs"})
	if _, err := on.client.DeleteOutputs(t.Context(), &usercodev1.DeleteOutputsRequest{RunIds: make([]string, maxDeletedRuns+1)}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("too many: got %v", err)
	}
}

func TestInfoSaysWhereOutputsAre(t *testing.T) {
	store, err := output.NewLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for location, want := range map[string]string{"": "", "s3://user:secret@bucket/folder?key=secret": "s3://bucket/folder"} {
		opts := Options{}
		if location != "" {
			opts.Outputs, opts.OutputLocation = store, location
		}
		s := serve(t, repositories(), opts)
		response, err := s.client.GetServerInfo(t.Context(), &usercodev1.GetServerInfoRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if got := response.GetServer().GetOutputStore(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, c := range response.GetServer().GetCapabilities() {
			if c.GetName() == "output_store" && c.GetEnabled() != (location != "") {
				t.Errorf("with store %q: got %v", location, c)
			}
		}
	}
}
