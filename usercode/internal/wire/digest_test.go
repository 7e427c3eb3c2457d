package wire

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// vectors is the form of proto/testdata/digests.json; digests are hex.
type vectors struct {
	Comment string `json:"comment"`
	Cases   []struct {
		Name         string `json:"name"`
		Repositories []struct {
			Name       string `json:"name"`
			BodyDigest string `json:"repository_body_digest"`
			Jobs       []struct {
				Name             string `json:"name"`
				DefinitionDigest string `json:"definition_digest"`
				MetadataDigest   string `json:"metadata_digest"`
				MetadataEntries  uint32 `json:"metadata_entries"`
			} `json:"jobs"`
			RepositoryDigest string `json:"repository_digest"`
		} `json:"repositories"`
		DefinitionsDigest string `json:"definitions_digest"`
	} `json:"cases"`
}

// TestDigestVectors checks the formulas against vectors that were computed without this code.
func TestDigestVectors(t *testing.T) {
	text, err := os.ReadFile("../../../proto/testdata/digests.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil || len(v.Cases) < 4 {
		t.Fatalf("%d cases, %v", len(v.Cases), err)
	}
	for _, c := range v.Cases {
		t.Run(c.Name, func(t *testing.T) {
			roots := map[string]Digest{}
			for _, r := range c.Repositories {
				var jobs []*usercodev1.GetDefinitionsResponse_Job
				for _, j := range r.Jobs {
					jobs = append(jobs, &usercodev1.GetDefinitionsResponse_Job{
						Name: j.Name, DefinitionDigest: unhex(t, j.DefinitionDigest), MetadataDigest: unhex(t, j.MetadataDigest), MetadataEntries: j.MetadataEntries,
					})
				}
				roots[r.Name] = RepositoryDigest(unhex(t, r.BodyDigest), jobs)
				slices.Reverse(jobs)
				for _, got := range []Digest{roots[r.Name], RepositoryDigest(unhex(t, r.BodyDigest), jobs)} {
					if got.String() != r.RepositoryDigest {
						t.Errorf("repository %q: got %s, want %s", r.Name, got, r.RepositoryDigest)
					}
				}
			}
			if got := RootDigest(roots).String(); got != c.DefinitionsDigest {
				t.Errorf("definitions: got %s, want %s", got, c.DefinitionsDigest)
			}
		})
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
