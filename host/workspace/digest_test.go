package workspace

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

const testdata = "../../proto/testdata"

// The formulas agree with vectors that were computed without this code; package usercode/internal/wire reads the same.
func TestDigestVectors(t *testing.T) {
	text, err := os.ReadFile(testdata + "/digests.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Cases []struct {
			Name         string `json:"name"`
			Repositories []struct {
				Name       string `json:"name"`
				BodyDigest string `json:"repository_body_digest"`
				Jobs       []struct {
					Name             string `json:"name"`
					DefinitionDigest string `json:"definition_digest"`
					MetadataDigest   string `json:"metadata_digest"`
				} `json:"jobs"`
				RepositoryDigest string `json:"repository_digest"`
			} `json:"repositories"`
			DefinitionsDigest string `json:"definitions_digest"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.Cases) < 4 {
		t.Fatalf("%d cases, %v", len(vectors.Cases), err)
	}
	for _, c := range vectors.Cases {
		t.Run(c.Name, func(t *testing.T) {
			m, jobs := newManifest(nil), 0
			for _, r := range c.Repositories {
				f := &usercodev1.GetDefinitionsResponse_Manifest{
					Repository: r.Name, RepositoryBodyDigest: unhex(t, r.BodyDigest), RepositoryDigest: unhex(t, r.RepositoryDigest),
				}
				for _, j := range r.Jobs {
					f.Jobs = append(f.Jobs, &usercodev1.GetDefinitionsResponse_Job{
						Name: j.Name, DefinitionDigest: unhex(t, j.DefinitionDigest), MetadataDigest: unhex(t, j.MetadataDigest),
					})
				}
				slices.SortFunc(f.Jobs, func(a, b *usercodev1.GetDefinitionsResponse_Job) int {
					return strings.Compare(a.GetName(), b.GetName())
				})
				jobs += len(f.GetJobs())
				if fault := m.add(f); fault != nil {
					t.Fatal(fault)
				}
			}
			_, root, fault := m.end(&usercodev1.GetDefinitionsResponse_ManifestEnd{Jobs: uint32(jobs)})
			if fault != nil {
				t.Fatal(fault) // a repository's digest is another one
			}
			if !bytes.Equal(root[:], unhex(t, c.DefinitionsDigest)) {
				t.Errorf("got %s, want %s", root, c.DefinitionsDigest)
			}
		})
	}
}

// Frames and bodies of every age lead from the bodies' bytes to the digest that the server reports, and the host reads
// the definition and the metadata in them, unknown fields or not.
func TestWireFixtures(t *testing.T) {
	ages, err := filepath.Glob(testdata + "/wire/*.*")
	if err != nil || len(ages) < 3 {
		t.Fatalf("%d ages, %v", len(ages), err)
	}
	for _, age := range ages {
		t.Run(filepath.Base(age), func(t *testing.T) {
			frame := func(name string) received {
				r, known, fault := decodeFrame(wireFixture(t, age, name))
				if fault != nil || !known {
					t.Fatalf("%s: known: %t, %v", name, known, fault)
				}
				return r
			}
			m := newManifest(nil)
			listed := frame("frame_manifest").manifest
			if fault := m.add(listed); fault != nil {
				t.Fatal(fault)
			}
			_, root, fault := m.end(frame("frame_manifest_end").manifestEnd)
			if fault != nil {
				t.Fatal(fault)
			}
			if f := matchRoot(frame("frame_opening").opening.GetServer().GetDefinitionsDigest(), root, "reports"); f != nil {
				t.Error(f)
			}
			if f := matchRoot(frame("frame_closing").closing.GetDefinitionsDigest(), root, "closes with"); f != nil {
				t.Error(f)
			}
			if bodies := frame("frame_bodies").bodies; len(bodies) == 0 {
				t.Error("the frame of bodies is empty")
			}
			checkBodies(t, age, listed)
		})
	}
}

func checkBodies(t *testing.T, age string, listed *usercodev1.GetDefinitionsResponse_Manifest) {
	t.Helper()
	job := listed.GetJobs()[0]
	repository, definition := wireFixture(t, age, "repository_definition"), wireFixture(t, age, "job_definition")
	if host.DigestFrom(listed.GetRepositoryBodyDigest()) != digestOf(repository) || host.DigestFrom(job.GetDefinitionDigest()) != digestOf(definition) {
		t.Error("the manifest names other bodies")
	}
	if d := repositoryDescription(repository); d != "Jobs that use everything." {
		t.Errorf("got description %q", d)
	}
	def, err := DecodeDefinition(definition)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := JobDefinitionOf(def); err != nil || d.Name != job.GetName() || len(d.Tags) != 2 || len(d.Graph.Nodes) != 3 {
		t.Errorf("got %+v, %v", d, err)
	}
	if len(job.GetMetadataDigest()) == 0 {
		return
	}
	body := wireFixture(t, age, "job_metadata")
	if host.DigestFrom(job.GetMetadataDigest()) != digestOf(body) {
		t.Error("the manifest names other metadata")
	}
	if entries, problems := decodeEntries(body); len(entries) != int(job.GetMetadataEntries()) || len(problems) > 0 {
		t.Errorf("got %d entries of %d, problems %v", len(entries), job.GetMetadataEntries(), problems)
	}
}

// A report is kept as it came, with what this host does not know.
func TestReportOfTheFutureIsKept(t *testing.T) {
	var reply, again usercodev1.GetServerInfoResponse
	if err := proto.Unmarshal(wireFixture(t, testdata+"/wire/0.16.0", "server_info"), &reply); err != nil {
		t.Fatal(err)
	}
	r, err := newReport(reply.GetServer())
	if err != nil {
		t.Fatal(err)
	}
	again.Server = &usercodev1.ServerInfo{}
	if err := proto.Unmarshal(r.encoded, again.GetServer()); err != nil {
		t.Fatal(err)
	}
	if len(again.GetServer().ProtoReflect().GetUnknown()) == 0 || !proto.Equal(reply.GetServer(), again.GetServer()) {
		t.Errorf("got %v", again.GetServer())
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

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
