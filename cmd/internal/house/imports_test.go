package house

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrows lists what each package of this module may import of it; "x/..." stands for x and all below it. Tests are bound
// by crossings alone. A package that is not covered fails, so that its arrows are decided when it is made.
// The rows of packages that come later are here already: the order of the layers is one decision.
var arrows = map[string][]string{
	"usercode/metadata": {},
	"usercode/tag":      {},
	"usercode/livefile": {},
	"usercode/calendar": {},
	"usercode/output":   {},
	"versioncheck":      {},
	"proto/gen/...":     {"proto/gen/..."},

	"host/opselection":              {},
	"host/selector":                 {},
	"host":                          {"host/opselection", "host/selector", "usercode/metadata", "usercode/tag"},
	"host/store/boltstore/tagindex": {},
	"host/store/boltstore":          {"host/store/boltstore/tagindex", "host/selector", "host", "usercode/metadata", "usercode/tag", "proto/gen/penstock/store/v1"},
	"host/store/storetest":          {"host/selector", "host", "usercode/metadata", "usercode/tag"},
	"host/workspace":                {"host", "usercode/calendar", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/..."},
	"host/jobdiff":                  {"host", "usercode/metadata", "proto/gen/..."},
	"host/reexecution":              {"host/opselection", "host", "usercode/tag", "proto/gen/..."},
	"host/partition":                {"host/workspace", "host", "usercode/calendar", "usercode/metadata", "usercode/tag", "proto/gen/..."},
	"host/launch": {
		"host/partition", "usercode/calendar", "host/reexecution", "host/jobdiff", "host/workspace", "host/opselection", "host", "usercode/metadata", "usercode/tag", "versioncheck",
		"proto/gen/...",
	},
	"host/attempt":    {"host/launch", "host/reexecution", "host", "usercode/metadata", "usercode/tag", "proto/gen/..."},
	"host/queue":      {"host/attempt", "host/launch", "host/workspace", "host", "usercode/metadata", "usercode/tag"},
	"host/retry":      {"host/launch", "host/reexecution", "host", "usercode/tag"},
	"host/runtag":     {"host/launch", "host/selector", "host", "usercode/tag", "proto/gen/..."},
	"host/bulk":       {"host/runtag", "host/queue", "host/attempt", "host/launch", "host/reexecution", "host/selector", "host", "usercode/tag", "proto/gen/..."},
	"host/retention":  {"host/reexecution", "host/selector", "host", "usercode/tag"},
	"host/collect":    {"host/workspace", "host", "versioncheck", "proto/gen/..."},
	"host/diagnose":   {"host/queue", "host/workspace", "host", "proto/gen/..."},
	"host/explain":    {"host/queue", "host/attempt", "host/launch", "host/workspace", "host", "usercode/tag", "proto/gen/..."},
	"host/automation": {"host/partition", "host/queue", "host/launch", "host/workspace", "host", "usercode/calendar", "usercode/tag", "proto/gen/..."},
	"host/schedule":   {"host/automation", "host/partition", "host/queue", "host/attempt", "host/launch", "host/workspace", "host", "usercode/calendar", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/..."},
	"host/sensor":     {"host/automation", "host/partition", "host/selector", "host/queue", "host/attempt", "host/launch", "host/workspace", "host", "usercode/calendar", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/..."},
	"host/backfill":   {"host/partition", "host/selector", "host/queue", "host/attempt", "host/launch", "host/workspace", "host", "usercode/calendar", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/..."},
	"host/alert":      {"host/selector", "host", "usercode/calendar", "usercode/tag"},
	"host/api": {
		"host/alert", "host/partition", "usercode/calendar", "host/automation", "host/schedule", "host/sensor", "host/backfill", "host/bulk", "host/retention", "host/runtag", "host/selector", "host/diagnose", "host/explain", "host/queue", "host/attempt", "host/launch", "host/reexecution", "host/jobdiff",
		"host/workspace", "host", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/...",
	},
	"host/web":      {},
	"host/hosttest": {"host/...", "usercode/calendar", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/..."},

	"usercode/internal/spec": {"usercode/calendar", "usercode/metadata", "usercode/tag"},
	"usercode/internal/wire": {"usercode/calendar", "usercode/internal/spec", "usercode/metadata", "usercode/tag", "proto/gen/..."},
	"usercode/internal/mask": {"proto/gen/..."},
	// It needs no message: both the server and usertest call it.
	"usercode/internal/evaluate": {"usercode/calendar", "usercode/internal/mask", "usercode/internal/spec", "usercode/tag"},
	"usercode/internal/engine": {
		"usercode/calendar",
		"usercode/internal/mask", "usercode/internal/wire", "usercode/internal/spec", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/...",
	},
	"usercode/internal/server": {
		"usercode/calendar",
		"usercode/internal/worker", "usercode/internal/evaluate", "usercode/internal/outputs", "usercode/internal/mask", "usercode/internal/wire", "usercode/internal/spec", "usercode/metadata", "usercode/output",
		"usercode/tag", "usercode/livefile", "versioncheck", "proto/gen/...",
	},
	"usercode/internal/worker": {
		"usercode/internal/outputs", "usercode/internal/engine", "usercode/internal/mask", "usercode/internal/wire", "usercode/internal/spec", "usercode/metadata", "usercode/output",
		"usercode/tag", "versioncheck", "proto/gen/...",
	},
	"usercode/internal/outputs": {
		"usercode/output", "usercode/internal/engine", "usercode/internal/wire", "usercode/internal/spec", "usercode/metadata", "usercode/tag", "proto/gen/...",
	},
	"usercode/output/internal/blobstore": {"usercode/output"},
	"usercode/output/s3":                 {"usercode/output", "usercode/output/internal/blobstore"},
	"usercode/output/gcs":                {"usercode/output", "usercode/output/internal/blobstore"},
	"usercode/output/azure":              {"usercode/output", "usercode/output/internal/blobstore"},
	"usercode/output/outputtest":         {"usercode/output"},

	"usercode":          {"usercode/calendar", "usercode/internal/...", "usercode/metadata", "usercode/output", "usercode/tag", "versioncheck"},
	"usercode/usertest": {"usercode/calendar", "usercode", "usercode/internal/...", "usercode/metadata", "usercode/tag", "proto/gen/..."},

	"cmd/penstock/...":   {"cmd/penstock/...", "host/...", "usercode/livefile", "usercode/calendar", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/..."},
	"cmd/tutorial/...":   {"cmd/tutorial/...", "usercode", "usercode/metadata", "usercode/tag"},
	"cmd/internal/house": {},
	// What the tests across processes run: a user's binary, and a peer of another version.
	"cmd/internal/protodoc":      {},
	"cmd/internal/e2e":           {},
	"cmd/internal/e2e/testcode":  {"usercode", "usercode/metadata", "usercode/tag"},
	"cmd/internal/e2e/wrongcode": {"usercode"},
	"cmd/internal/e2e/speedcode": {"usercode"},
	"cmd/internal/benchtable":    {},
	"cmd/internal/benchstore":    {"host/store/boltstore", "host/selector", "host", "usercode/tag", "proto/gen/..."},
	"cmd/internal/upgradedemo":   {"host/hosttest", "proto/gen/..."},
	"host/hosttest/peerserver":   {"host/hosttest"},
	"host/hosttest/compat":       {"host/...", "usercode/calendar", "usercode/metadata", "usercode/tag", "versioncheck", "proto/gen/..."},
	"cmd/internal/compat":        {},
}

// crossings are what even a test must not do: the two programs meet in cmd and in the contracts, nowhere else.
var crossings = []struct {
	from, to string
	except   []string
}{
	{from: "host/...", to: "usercode/...", except: []string{"usercode/calendar", "usercode/metadata", "usercode/tag"}},
	{from: "usercode/...", to: "host/..."},
	{from: "versioncheck", to: "host/..."},
	{from: "versioncheck", to: "usercode/..."},
	{from: "cmd/tutorial/...", to: "host/..."},
}

// onlyTests are packages that production code never imports.
var onlyTests = []string{"cmd/internal/upgradedemo", "host/hosttest", "host/hosttest/compat", "host/hosttest/peerserver", "host/store/storetest", "usercode/output/outputtest", "usercode/usertest"}

func TestArrows(t *testing.T) {
	for _, p := range modulePackages(t) {
		allowed, ok := allowedBy(p.rel)
		if !ok {
			t.Errorf("package %s has no row in arrows: decide what it may import and add one", p.rel)
			continue
		}
		for _, imported := range p.imports {
			if slices.Contains(onlyTests, imported) && !slices.Contains(onlyTests, p.rel) {
				t.Errorf("%s imports %s, which is for tests alone", p.rel, imported)
			} else if !matchesAny(allowed, imported) {
				t.Errorf("%s imports %s; it may import only %s: move the code, or argue for a new arrow in docs",
					p.rel, imported, orNothing(allowed))
			}
		}
	}
}

func TestCrossings(t *testing.T) {
	for _, p := range modulePackages(t) {
		for _, c := range crossings {
			if !matches(c.from, p.rel) {
				continue
			}
			for _, imported := range slices.Concat(p.imports, p.testImports) {
				if matches(c.to, imported) && !matchesAny(c.except, imported) {
					t.Errorf("%s (or its tests) imports %s: only cmd brings %s and %s together", p.rel, imported, c.from, c.to)
				}
			}
		}
	}
}

// TestArrowsNameRealPackages catches a row that guards nothing although its folder holds a package. A row without a folder
// is a later layer.
func TestArrowsNameRealPackages(t *testing.T) {
	packages := modulePackages(t)
	for pattern := range arrows {
		if slices.ContainsFunc(packages, func(p modulePackage) bool { return matches(pattern, p.rel) }) {
			continue
		}
		folder := filepath.Join(root(t), filepath.FromSlash(strings.TrimSuffix(pattern, "/...")))
		if sources, err := filepath.Glob(filepath.Join(folder, "*.go")); err != nil || len(sources) > 0 {
			t.Errorf("the row %q of arrows guards no package, though %s has sources %v (%v)", pattern, folder, sources, err)
		}
	}
}

// allowedBy returns the row of the package: its own, or the longest one with "/..." that covers it.
func allowedBy(rel string) (allowed []string, ok bool) {
	best := ""
	for pattern := range arrows {
		if pattern == rel {
			return arrows[pattern], true
		}
		if matches(pattern, rel) && len(pattern) > len(best) {
			best = pattern
		}
	}
	allowed, ok = arrows[best]
	return allowed, ok
}

func matches(pattern, rel string) bool {
	tree, isTree := strings.CutSuffix(pattern, "/...")
	return rel == tree || isTree && strings.HasPrefix(rel, tree+"/")
}

func matchesAny(patterns []string, rel string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, rel) })
}

func orNothing(patterns []string) string {
	if len(patterns) == 0 {
		return "nothing of this module"
	}
	return strings.Join(patterns, ", ")
}
