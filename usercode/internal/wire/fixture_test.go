package wire

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// TestWireFixtures demands that frames and bodies of every age have the digests that this SDK computes, as the host does.
func TestWireFixtures(t *testing.T) {
	ages, err := filepath.Glob("../../../proto/testdata/wire/*.*")
	if err != nil || len(ages) < 3 {
		t.Fatalf("%d ages, %v", len(ages), err)
	}
	for _, age := range ages {
		t.Run(filepath.Base(age), func(t *testing.T) {
			var manifest, closing usercodev1.GetDefinitionsResponse
			for name, m := range map[string]proto.Message{"frame_manifest": &manifest, "frame_closing": &closing} {
				if err := proto.Unmarshal(wireFixture(t, age, name), m); err != nil {
					t.Fatal(err)
				}
			}
			m := manifest.GetManifest()
			digests := map[string][]byte{"repository_definition": m.GetRepositoryBodyDigest()}
			for _, j := range m.GetJobs() {
				digests["job_definition"] = j.GetDefinitionDigest()
				if len(j.GetMetadataDigest()) > 0 {
					digests["job_metadata"] = j.GetMetadataDigest()
				}
			}
			for name, want := range digests {
				if got := DigestOf(wireFixture(t, age, name)); !bytes.Equal(got.Bytes(), want) {
					t.Errorf("%s: got %s, want %x", name, got, want)
				}
			}
			repository := RepositoryDigest(m.GetRepositoryBodyDigest(), m.GetJobs())
			if !bytes.Equal(repository.Bytes(), m.GetRepositoryDigest()) {
				t.Errorf("repository: got %s, want %x", repository, m.GetRepositoryDigest())
			}
			root := RootDigest(map[string]Digest{m.GetRepository(): repository})
			if want := closing.GetClosing().GetDefinitionsDigest(); !bytes.Equal(root.Bytes(), want) {
				t.Errorf("definitions: got %s, want %x", root, want)
			}
		})
	}
}

func wireFixture(t *testing.T, age, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(age, name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	return unhex(t, strings.Join(strings.Fields(string(text)), ""))
}
