package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/penstock-run/penstock"

// modulePackage is a package of this module. Imports are those of this module, relative to it.
type modulePackage struct {
	rel         string
	imports     []string
	testImports []string
	deps        []string // everything that is linked with it, full import paths without the standard library
	direct      []string // what its own files import, full import paths, standard library included
}

var listOnce = sync.OnceValues(func() ([]modulePackage, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,TestImports,XTestImports,Deps,Standard,Module", "./...")
	cmd.Dir = moduleRoot()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(stderr.String()))
	}
	return decodePackages(out)
})

func decodePackages(out []byte) (packages []modulePackage, err error) {
	type listed struct {
		ImportPath                               string
		Imports, TestImports, XTestImports, Deps []string
		Standard                                 bool
		Module                                   *struct{ Main bool }
	}
	var all []listed
	standard := map[string]bool{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) { //nolint:musttag // go list prints the names of Go's fields
			break
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
		standard[p.ImportPath] = p.Standard
	}
	for _, p := range all {
		if p.Module == nil || !p.Module.Main {
			continue
		}
		m := modulePackage{rel: relative(p.ImportPath), direct: p.Imports}
		m.imports = ofModule(p.Imports)
		m.testImports = ofModule(append(p.TestImports, p.XTestImports...))
		for _, dep := range p.Deps {
			if !standard[dep] {
				m.deps = append(m.deps, dep)
			}
		}
		packages = append(packages, m)
	}
	return packages, nil
}

// modulePackages lists all packages of this module.
func modulePackages(t *testing.T) []modulePackage {
	t.Helper()
	// Opened here so that a cached test result ends when a package of another folder changes: go list is not traced.
	err := filepath.WalkDir(moduleRoot(), func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || name == "gen" || name == ".git") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			_, err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	packages, err := listOnce()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(packages) == 0 {
		t.Fatal("go list: no packages of this module, so nothing would be checked")
	}
	return packages
}

func ofModule(importPaths []string) (rel []string) {
	for _, p := range importPaths {
		if strings.HasPrefix(p, module+"/") {
			rel = append(rel, relative(p))
		}
	}
	return rel
}

func relative(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// moduleRoot is where go.mod is, seen from the folder of this package, in which its tests run.
func moduleRoot() string { return filepath.Join("..", "..", "..") }

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(moduleRoot())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
