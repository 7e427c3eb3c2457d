package house

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDeployPageNamesAllThereIs holds docs/deploy.md to the code: each field of the configuration file, each metric and
// each variable of the environment is on it, and it speaks of no other.
func TestDeployPageNamesAllThereIs(t *testing.T) {
	page := string(read(t, "docs/deploy.md"))
	for _, c := range []struct {
		what         string
		inCode, page *regexp.Regexp
		// in are the folders whose code has them.
		in []string
	}{
		{"field of the configuration", regexp.MustCompile(`yaml:"([a-z_]+)"`), regexp.MustCompile("(?m)^\\| `(?:[a-z]+(?:\\[\\])?\\.)*([a-z_]+)` \\|"), []string{"cmd/penstock"}},
		{"metric", regexp.MustCompile(`"(penstock_[a-z_]+)"`), regexp.MustCompile("(?m)^\\| `(penstock_[a-z_]+)` \\|"), []string{"host"}},
		{"variable", regexp.MustCompile(`env\("(PENSTOCK_[A-Z_]+)"\)`), regexp.MustCompile("(?m)^\\| `(PENSTOCK_[A-Z_]+)` \\|"), []string{"cmd/penstock", "usercode"}},
	} {
		inCode := found(c.inCode, sourceOf(t, c.in))
		onPage := found(c.page, page)
		if c.what == "field of the configuration" {
			onPage = slices.DeleteFunc(onPage, func(s string) bool { return strings.HasPrefix(s, "penstock_") })
		}
		if len(inCode) == 0 {
			t.Errorf("there is no %s in %s, so nothing was checked", c.what, strings.Join(c.in, ", "))
		}
		if !slices.Equal(inCode, onPage) {
			t.Errorf("%s: the code has %s,\nthe page %s", c.what, strings.Join(inCode, " "), strings.Join(onPage, " "))
		}
	}
}

// sourceOf is the Go code of folders and those below them, without tests.
func sourceOf(t *testing.T, folders []string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range files(t) {
		if path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") && !generated(name) &&
			slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(name, folder+"/") }) {
			all.Write(read(t, name))
		}
	}
	return all.String()
}

// found are the first groups of all matches, sorted, each once.
func found(pattern *regexp.Regexp, text string) (all []string) {
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}
