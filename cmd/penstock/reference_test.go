package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const referencePath = "../../docs/reference/cli.md"

// TestReferenceIsCurrent makes docs/reference/cli.md of the commands, their exit codes, the objects that --json prints
// and what a user-code binary says of itself.
func TestReferenceIsCurrent(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "etl")
	installCode(t, binary, "hello")
	var b bytes.Buffer
	b.WriteString(`# Command line

<!-- Generated from the commands by make generate. Do not edit. -->

` + "`penstock`" + ` is the host and its command line; your own binary has a few commands too, [below](#your-binary).
` + "`penstock completion --help`" + ` says how to complete commands, job names and run ids in your shell.

The client commands (location, job, run, launch, bulk, partition, backfill, schedule, sensor, backup, retention, alert, doctor, host, version) find the host by these flags:

`)
	flagTable(&b, newJobCommand().PersistentFlags())
	b.WriteString("\n## Exit codes\n\n| Code | Meaning |\n|---|---|\n")
	exitCodes(t, &b)
	b.WriteString("\n## Commands\n")
	commandSections(&b, newRoot())
	b.WriteString("\n## JSON\n\nWhat `--json` prints. " + jsonSections(t))
	fmt.Fprintf(&b, "\n## Your binary\n\nWhat a binary says whose main function calls `usercode.Main`, here one called etl:\n\n```\n%s```\n\n```\n%s```\n\n```\n%s```\n",
		help(t, binary, "help"), help(t, binary, "serve", "-h"), help(t, binary, "check", "-h"))

	if *update {
		if err := os.MkdirAll(filepath.Dir(referencePath), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(referencePath, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s is not what the commands are now: run make generate-docs and commit the result", referencePath)
	}
}

func commandSections(b *bytes.Buffer, cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	if cmd.HasParent() {
		fmt.Fprintf(b, "\n### %s\n\n", cmd.CommandPath())
		about := cmd.Long
		if about == "" {
			about = cmd.Short + "."
		}
		fmt.Fprintf(b, "%s\n", prose(about))
		if cmd.Runnable() && !cmd.HasAvailableSubCommands() {
			fmt.Fprintf(b, "\n```\n%s\n```\n", cmd.UseLine())
		}
		if cmd.Example != "" {
			fmt.Fprintf(b, "\nExamples:\n\n```\n%s\n```\n", unindent(cmd.Example))
		}
		if own := ownFlags(cmd); own.HasFlags() {
			b.WriteString("\n")
			flagTable(b, own)
		}
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" && sub.Name() != "help" {
			commandSections(b, sub)
		}
	}
}

// ownFlags are those of the command itself: not help, and not those of every client command.
func ownFlags(cmd *cobra.Command) *pflag.FlagSet {
	shared := newJobCommand().PersistentFlags()
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if s := shared.Lookup(f.Name); f.Name != "help" && (s == nil || s.Usage != f.Usage) {
			own.AddFlag(f)
		}
	})
	return own
}

func flagTable(b *bytes.Buffer, flags *pflag.FlagSet) {
	b.WriteString("| Flag | |\n|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		usage := f.Usage
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			usage += " (default `" + f.DefValue + "`)"
		}
		fmt.Fprintf(b, "| %s | %s |\n", name, prose(usage))
	})
}

// prose keeps text as it is written: Markdown would take stars for emphasis and bars for columns.
func prose(s string) string {
	return strings.NewReplacer("*", `\*`, "|", `\|`, "<", "&lt;").Replace(s)
}

func unindent(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

// exitCodes reads the constants of exit.go and their comments.
func exitCodes(t *testing.T, b *bytes.Buffer) {
	t.Helper()
	found := 0
	for _, decl := range parse(t, "exit.go").Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			continue
		}
		for _, spec := range d.Specs {
			v := spec.(*ast.ValueSpec)
			fmt.Fprintf(b, "| %s | %s |\n", v.Values[0].(*ast.BasicLit).Value, prose(strings.TrimSpace(v.Comment.Text())))
			found++
		}
	}
	if found < 7 {
		t.Fatalf("exit.go has %d exit codes", found)
	}
}

// jsonSections reads the structs of object.go and its sisters; it returns what object.go says of all of them.
func jsonSections(t *testing.T) string {
	t.Helper()
	file := parse(t, "object.go")
	decls := file.Decls
	for _, name := range []string{"listobject.go", "bulkobject.go", "partitionobject.go", "backfillobject.go", "checkobject.go", "whyobject.go", "reported.go", "tagobject.go", "automationobject.go", "hostobject.go", "storageobject.go", "alertobject.go"} {
		decls = append(decls, parse(t, name).Decls...)
	}
	var b bytes.Buffer
	for _, decl := range decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.TYPE {
			continue
		}
		s := d.Specs[0].(*ast.TypeSpec)
		fmt.Fprintf(&b, "\n### %s\n\n", s.Name.Name)
		if about := strings.TrimSpace(d.Doc.Text()); about != "" {
			fmt.Fprintf(&b, "%s\n\n", prose(sentence(strings.TrimPrefix(strings.TrimPrefix(about, s.Name.Name+" is "), s.Name.Name+" "))))
		}
		b.WriteString("| Field | Type | |\n|---|---|---|\n")
		for _, f := range s.Type.(*ast.StructType).Fields.List {
			name, optional, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
			about := strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
			about = strings.TrimPrefix(about, f.Names[0].Name+" ")
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, jsonType(f.Type, optional != ""), prose(about))
		}
	}
	for _, c := range file.Comments {
		if about, ok := strings.CutPrefix(c.Text(), "What --json prints."); ok {
			return strings.TrimSpace(about) + "\n" + b.String()
		}
	}
	t.Fatal("object.go does not say what it is")
	return ""
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func jsonType(e ast.Expr, optional bool) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		if optional {
			return jsonType(e.X, false) + ", may be left out"
		}
		return jsonType(e.X, false) + " or null"
	case *ast.ArrayType:
		if optional {
			return "list of " + jsonType(e.Elt, false) + ", may be left out"
		}
		return "list of " + jsonType(e.Elt, false)
	case *ast.SelectorExpr:
		if e.Sel.Name == "Time" {
			return "time"
		}
		return "any"
	case *ast.Ident:
		name := map[string]string{"string": "text", "bool": "true or false", "any": "any", "float64": "number"}[e.Name]
		switch {
		case name == "" && strings.Contains(e.Name, "int"):
			name = "whole number"
		case name == "":
			name = fmt.Sprintf("[%s](#%s)", e.Name, strings.ToLower(e.Name))
		}
		if optional {
			name += ", may be left out"
		}
		return name
	default:
		return fmt.Sprintf("%T", e)
	}
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// help runs the user code's own help.
func help(t *testing.T, binary string, args ...string) string {
	t.Helper()
	out, err := exec.Command(binary, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestEveryFieldIsSnakeCase holds the names that scripts depend on to one style.
func TestEveryFieldIsSnakeCase(t *testing.T) {
	ast.Inspect(parse(t, "object.go"), func(n ast.Node) bool {
		f, ok := n.(*ast.Field)
		if !ok || f.Tag == nil {
			return true
		}
		name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("%s has the name %q", f.Names[0].Name, name)
		}
		return true
	})
}
