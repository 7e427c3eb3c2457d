package s3_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/usercode/output/outputtest"
	_ "github.com/penstock-run/penstock/usercode/output/s3"
)

// TestS3 talks to a server of the protocol in this process, with the SDK that talks to Amazon's.
func TestS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	buckets := 0
	outputtest.Exercise(t, func(t *testing.T) output.Store {
		buckets++
		s, err := output.Open(t.Context(), location(t, fmt.Sprintf("bucket-%d", buckets)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestParametersAreSecret(t *testing.T) {
	_, err := output.Open(t.Context(), "s3://bucket?region=eu-central-1&token=secret")
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "s3://bucket") {
		t.Errorf("got %v", err)
	}
}

// location is that of a folder in a new bucket of a new server.
func location(t *testing.T, bucket string) string {
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	parameters := url.Values{"region": {"eu-central-1"}, "endpoint": {server.URL}, "use_path_style": {"true"}}
	return "s3://" + bucket + "/a/folder?" + parameters.Encode()
}
