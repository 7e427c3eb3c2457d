package house

import (
	"slices"
	"strings"
	"testing"
)

// heavy are modules that no team's binary may link: each start of a worker pays for their package initialisation.
var heavy = []string{
	"connectrpc.com/",
	"github.com/prometheus/",
	"github.com/santhosh-tekuri/jsonschema",
	"github.com/spf13/",
	"go.etcd.io/bbolt",
}

// clouds are modules of output drivers, which a binary links when it imports the driver and not otherwise.
var (
	clouds  = []string{"cloud.google.com/", "github.com/Azure/", "github.com/aws/", "go.opentelemetry.io/", "gocloud.dev", "google.golang.org/api/"}
	drivers = []string{"usercode/output/azure", "usercode/output/gcs", "usercode/output/internal/blobstore", "usercode/output/s3"}
)

func TestCloudsAreLinkedByImportOnly(t *testing.T) {
	linked := 0
	for _, p := range modulePackages(t) {
		i := slices.IndexFunc(p.deps, func(dep string) bool {
			return slices.ContainsFunc(clouds, func(prefix string) bool { return strings.HasPrefix(dep, prefix) })
		})
		switch isDriver := slices.Contains(drivers, p.rel); {
		case i >= 0 && isDriver:
			linked++
		case i >= 0:
			t.Errorf("%s links %s, which only the drivers below usercode/output may", p.rel, p.deps[i])
		}
	}
	if linked != len(drivers) {
		t.Errorf("%d of the drivers %s link a cloud's module, so the names in clouds are not those of today", linked, strings.Join(drivers, ", "))
	}
}

func TestUserCodeStartsLight(t *testing.T) {
	for _, p := range modulePackages(t) {
		if !matches("usercode/...", p.rel) && !matches("cmd/tutorial/...", p.rel) {
			continue
		}
		for _, dep := range p.deps {
			if slices.ContainsFunc(heavy, func(prefix string) bool { return strings.HasPrefix(dep, prefix) }) {
				t.Errorf("%s links %s, which every worker would load at its start: go mod why -m tells through what", p.rel, dep)
			}
		}
	}
}

func TestLeavesAreStandardLibraryOnly(t *testing.T) {
	for _, p := range modulePackages(t) {
		if p.rel != "usercode/metadata" && p.rel != "usercode/tag" && p.rel != "usercode/output" {
			continue
		}
		if len(p.deps) > 0 {
			t.Errorf("%s links %s; every program imports it, so it stands on the standard library alone", p.rel, strings.Join(p.deps, ", "))
		}
	}
}

// TestDomainDoesNoIO reads the direct imports: the standard library itself links os almost everywhere.
func TestDomainDoesNoIO(t *testing.T) {
	outside := []string{"os", "os/exec", "net", "net/http", "io/ioutil", "database/sql", "syscall"}
	for _, p := range modulePackages(t) {
		if p.rel != "host" {
			continue
		}
		for _, imported := range p.direct {
			if slices.Contains(outside, imported) {
				t.Errorf("host imports %s: the domain does no I/O, technology is in the folders under it", imported)
			}
		}
	}
}

func TestBinariesLinkNoTestCode(t *testing.T) {
	for _, p := range modulePackages(t) {
		if !matches("cmd/penstock/...", p.rel) && !matches("cmd/tutorial/...", p.rel) {
			continue
		}
		for _, dep := range p.deps {
			for _, testing := range []string{"github.com/google/go-cmp/", "pgregory.net/rapid", "go.uber.org/goleak"} {
				if strings.HasPrefix(dep, testing) {
					t.Errorf("%s links %s, which is for tests", p.rel, dep)
				}
			}
		}
	}
}

// workers are the modules that every team's binary links, and so every worker initialises at its start. What that takes
// is measured by make bench, SpeedWorkerStart; another module needs a reason.
var workers = []string{
	"github.com/google/jsonschema-go/",
	"github.com/hashicorp/go-version",
	"github.com/netresearch/go-cron", // so that a cron that is wrong fails the build of its author, not the host; it initialises nothing to speak of
	"golang.org/x/net/",
	"golang.org/x/sys/",
	"golang.org/x/text/",
	"google.golang.org/genproto/googleapis/rpc/",
	"google.golang.org/grpc",
	"google.golang.org/protobuf/",
}

func TestWorkersLinkTheseModulesAlone(t *testing.T) {
	linked := map[string]bool{}
	for _, p := range modulePackages(t) {
		if p.rel != "usercode" {
			continue
		}
		for _, dep := range p.deps {
			if strings.HasPrefix(dep, "github.com/penstock-run/penstock/") {
				continue
			}
			i := slices.IndexFunc(workers, func(prefix string) bool { return strings.HasPrefix(dep, prefix) })
			if i < 0 {
				t.Errorf("usercode links %s, which every worker would load at its start: is it worth that?", dep)
				continue
			}
			linked[workers[i]] = true
		}
	}
	for _, module := range workers {
		if !linked[module] {
			t.Errorf("usercode does not link %s any more: take it off the list", module)
		}
	}
}
