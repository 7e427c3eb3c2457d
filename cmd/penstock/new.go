package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/usercode/tag"
)

// What a new module needs.
const (
	modulePath = "github.com/penstock-run/penstock"
	moduleGo   = "1.26.0" // the oldest Go that builds it: that of Penstock's own go.mod
	// unpublished is the version that stands for one that nobody published; only a replace line can satisfy it.
	unpublished = "v0.0.0-00010101000000-000000000000"
)

//go:embed newmodule
var newModule embed.FS

// newModuleFiles are the files of a new module and their templates.
var newModuleFiles = [][2]string{
	{"go.mod", "go.mod.tmpl"}, {"main.go", "main.go.tmpl"}, {"README.md", "README.md.tmpl"}, {".gitignore", "gitignore.tmpl"},
}

func newNewCommand() *cobra.Command {
	var replace string
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Write a small Go module with one job",
		Long: `Write a small Go module with one job into DIR, which must be empty or not there. Its name is that of the directory.

The module requires the release of Penstock that this command is of. A command that was built from a clone is of no
release: the module then takes Penstock from the clone, by a replace line in its go.mod. The clone is found from the
place of this binary (bin/ in the clone), or named with --replace.`,
		Example: `  penstock new etl
  penstock new etl --replace ../penstock`,
		Args: usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := describeModule(args[0], replace)
			if err != nil {
				return err
			}
			if err := m.write(); err != nil {
				return err
			}
			p := printer{out: cmd.OutOrStdout(), err: cmd.ErrOrStderr()}
			fmt.Fprintf(p.out, "%s has a module with one job. Next:\n\n  cd %s\n  go mod tidy && go build -o bin/%s . && %s dev -- bin/%s\n",
				inert(args[0]), shellQuote(args[0]), m.Name, ownCommand(), m.Name)
			if m.Replace != "" {
				fmt.Fprintf(p.err, "\nThis penstock is no release, so go.mod takes the module from %s.\n", m.Replace)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&replace, "replace", "", "clone of Penstock that the module is built with, instead of a release")
	must(cmd.MarkFlagDirname("replace"))
	return cmd
}

// module is what the templates of a new module are filled with.
type module struct {
	dir                                string
	Name, Module, Version, Go, Replace string
}

func describeModule(dir, replace string) (*module, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", dir, err)
	}
	m := &module{dir: abs, Name: filepath.Base(abs), Module: modulePath, Version: unpublished, Go: moduleGo}
	if err := tag.CheckLocationName(m.Name); err != nil {
		return nil, usageErrorf("the directory names the module and its repository: %w", err)
	}
	switch release := releaseOf(version); {
	case replace != "":
		if m.Replace, err = checkClone(replace); err != nil {
			return nil, usageErrorf("--replace: %w", err)
		}
	case release != "":
		m.Version = release
	default:
		if m.Replace = ownClone(); m.Replace == "" {
			return nil, usageErrorf("this penstock (%s) is no release, so no published module fits it: name the clone that it was built from with --replace DIR", version)
		}
	}
	if m.Replace != "" && strings.ContainsAny(m.Replace, " \t\"'`()[]{},") {
		m.Replace = strconv.Quote(m.Replace)
	}
	return m, nil
}

var releaseVersion = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-(alpha|beta|rc)[.0-9]*)?$`)

// releaseOf is the module version of a binary that is a release, "" for any other. The version is git describe's, which
// adds to it for later commits and changed trees.
func releaseOf(version string) string {
	if releaseVersion.MatchString(version) {
		return version
	}
	return ""
}

// checkClone returns the absolute path of a clone of Penstock.
func checkClone(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(filepath.Join(abs, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("%s is no clone of Penstock: %w", dir, err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	if strings.TrimSpace(first) != "module "+modulePath {
		return "", fmt.Errorf("%s is no clone of Penstock: its go.mod is not that of %s", dir, modulePath)
	}
	return abs, nil
}

// ownClone is the clone whose bin/ this binary is in, or "".
func ownClone() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return ""
	}
	clone, err := checkClone(filepath.Dir(filepath.Dir(path)))
	if err != nil {
		return ""
	}
	return clone
}

// ownCommand is how to call this command from another directory.
func ownCommand() string {
	if filepath.Base(os.Args[0]) == os.Args[0] {
		return shellQuote(os.Args[0]) // found in PATH
	}
	path, err := filepath.Abs(os.Args[0])
	if err != nil {
		return "penstock"
	}
	return shellQuote(path)
}

// write makes the files, or leaves everything as it was.
func (m *module) write() (err error) {
	contents := map[string][]byte{}
	for _, file := range newModuleFiles {
		t, err := template.ParseFS(newModule, "newmodule/"+file[1])
		if err != nil {
			return fmt.Errorf("read the template of %s: %w", file[0], err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, m); err != nil {
			return fmt.Errorf("fill the template of %s: %w", file[0], err)
		}
		contents[file[0]] = b.Bytes()
	}
	made, err := emptyDir(m.dir)
	if err != nil {
		return err
	}
	var written []string
	defer func() {
		if err == nil {
			return
		}
		for _, path := range written {
			_ = os.Remove(path) // the error that led here says more
		}
		if made {
			_ = os.Remove(m.dir)
		}
	}()
	for _, file := range newModuleFiles {
		path := filepath.Join(m.dir, file[0])
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // source that others may read, as umask allows
		if err != nil {
			return fmt.Errorf("make the module: %w", err)
		}
		written = append(written, path)
		_, err = f.Write(contents[file[0]])
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("make the module: %w", err)
		}
	}
	return nil
}

// emptyDir makes the directory, or checks that it is empty. made tells which.
func emptyDir(dir string) (made bool, err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as for the files in it
			return false, fmt.Errorf("make the directory: %w", err)
		}
		return true, nil
	case err != nil:
		return false, usageErrorf("look into %s: %w", dir, err)
	case len(entries) > 0:
		return false, &exitError{code: exitRejected, err: fmt.Errorf(
			"%s is not empty: it has %s, and nothing in it is touched; name a directory that is empty or not there", dir, entries[0].Name())}
	}
	return false, nil
}
