package blobstore_test

import (
	"net/url"
	"strings"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/usercode/output/internal/blobstore"
	"github.com/penstock-run/penstock/usercode/output/outputtest"
)

func TestMemory(t *testing.T) {
	outputtest.Exercise(t, func(*testing.T) output.Store { return blobstore.New(memblob.OpenBucket(nil)) })
}

func TestFolderOfABucket(t *testing.T) {
	outputtest.Exercise(t, func(*testing.T) output.Store {
		return blobstore.New(blob.PrefixedBucket(memblob.OpenBucket(nil), "a/folder/"))
	})
}

func TestFiles(t *testing.T) {
	outputtest.Exercise(t, func(t *testing.T) output.Store {
		bucket, err := fileblob.OpenBucket(t.TempDir(), &fileblob.Options{Metadata: fileblob.MetadataDontWrite})
		if err != nil {
			t.Fatal(err)
		}
		return blobstore.New(bucket)
	})
}

func TestErrorHasNoParameters(t *testing.T) {
	u, err := url.Parse("mem://name:hush@bucket/folder?key_of_account=secret%2Fsecret")
	if err != nil {
		t.Fatal(err)
	}
	s, err := blobstore.Open(t.Context(), u)
	if err == nil {
		t.Fatalf("it opened: %v", s)
	}
	for _, secret := range []string{"secret", "hush"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error has %q in it: %v", secret, err)
		}
	}
}
