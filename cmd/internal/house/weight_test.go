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
		if p.rel != "usercode/metadata" && p.rel != "usercode/tag" {
			continue
		}
		if len(p.deps) > 0 {
			t.Errorf("%s links %s; both programs import it, so it stands on the standard library alone", p.rel, strings.Join(p.deps, ", "))
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
