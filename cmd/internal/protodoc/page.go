package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/descriptorpb"
)

// packages are those on the page, in its order, with what they are. The store's is no contract: nobody else reads it.
var packages = []struct{ name, about string }{
	{"penstock.usercode.v1", "Between the host, which calls, and a user-code server: a team's binary with `serve`."},
	{"penstock.worker.v1", "Between a worker, the process that executes one attempt of one run, and the host, which it dials."},
	{"penstock.host.v1", "What the host serves to the web UI, the command line and scripts, over Connect, gRPC, gRPC-Web and JSON."},
	{"penstock.metadata.v1", "Metadata values, in all three contracts."},
	{"penstock.tag.v1", "Tags, in all three contracts."},
}

const head = `# Protocol

<!-- Generated from the comments in proto/ by make generate. Do not edit. -->

Three contracts connect the processes of Penstock; [versions](../versions.md) says how peers of different ages get along.
An additive change keeps the package; anything else makes a new one (` + "`v2`" + `).
Fields that a reader does not know are kept where messages are stored, and ignored otherwise.

`

// page writes the descriptors as one page.
type page struct {
	files map[string][]*descriptorpb.FileDescriptorProto // by package, sorted by name
	known map[string]bool                                // full names with a heading on the page
	out   *bytes.Buffer
	// missing are the things without a comment.
	missing []string
}

func newPage(set *descriptorpb.FileDescriptorSet, out *bytes.Buffer) *page {
	p := &page{files: map[string][]*descriptorpb.FileDescriptorProto{}, known: map[string]bool{}, out: out}
	for _, f := range set.GetFile() {
		p.files[f.GetPackage()] = append(p.files[f.GetPackage()], f)
		for _, m := range f.GetMessageType() {
			p.learn("."+f.GetPackage(), m)
		}
		for _, e := range f.GetEnumType() {
			p.known["."+f.GetPackage()+"."+e.GetName()] = true
		}
	}
	for _, files := range p.files {
		slices.SortFunc(files, func(a, b *descriptorpb.FileDescriptorProto) int { return cmp.Compare(a.GetName(), b.GetName()) })
	}
	return p
}

func (p *page) learn(scope string, m *descriptorpb.DescriptorProto) {
	name := scope + "." + m.GetName()
	p.known[name] = true
	for _, nested := range m.GetNestedType() {
		p.learn(name, nested)
	}
	for _, e := range m.GetEnumType() {
		p.known[name+"."+e.GetName()] = true
	}
}

func (p *page) write() error {
	p.out.WriteString(head)
	for _, pkg := range packages {
		if len(p.files[pkg.name]) == 0 {
			return fmt.Errorf("there is no package %s in the descriptors", pkg.name)
		}
		fmt.Fprintf(p.out, "- [%s](#%s): %s\n", pkg.name, anchor(pkg.name), pkg.about)
	}
	for _, pkg := range packages {
		fmt.Fprintf(p.out, "\n## %s\n\n%s\n", pkg.name, pkg.about)
		for _, f := range p.files[pkg.name] {
			for i, s := range f.GetService() {
				p.service(commentsOf(f), path{fileServices, int32(i)}, "."+f.GetPackage(), s)
			}
		}
		for _, f := range p.files[pkg.name] {
			p.types(f)
		}
	}
	if len(p.missing) > 0 {
		return fmt.Errorf("without a comment (were the descriptors built without source information?): %s", strings.Join(p.missing, ", "))
	}
	return nil
}

// Numbers of fields in descriptor.proto, which paths of comments are made of.
const (
	fileMessages, fileEnums, fileServices      = 4, 5, 6
	messageFields, messageNested, messageEnums = 2, 3, 4
	enumValues, serviceMethods                 = 2, 2
)

func (p *page) types(f *descriptorpb.FileDescriptorProto) {
	c := commentsOf(f)
	scope := "." + f.GetPackage()
	for i, m := range f.GetMessageType() {
		p.message(c, path{fileMessages, int32(i)}, scope, m)
	}
	for i, e := range f.GetEnumType() {
		p.enum(c, path{fileEnums, int32(i)}, scope, e)
	}
}

func (p *page) service(c comments, at path, scope string, s *descriptorpb.ServiceDescriptorProto) {
	p.heading(c, at, scope+"."+s.GetName(), "service")
	p.out.WriteString("\n| Method | Request | Response | |\n|---|---|---|---|\n")
	for i, m := range s.GetMethod() {
		fmt.Fprintf(p.out, "| `%s` | %s | %s | %s |\n", m.GetName(),
			streamed(m.GetClientStreaming())+p.typeLink(m.GetInputType()), streamed(m.GetServerStreaming())+p.typeLink(m.GetOutputType()),
			cell(p.comment(c, at.to(serviceMethods, i), s.GetName()+"."+m.GetName())))
	}
}

func streamed(is bool) string {
	if is {
		return "stream of "
	}
	return ""
}

func (p *page) message(c comments, at path, scope string, m *descriptorpb.DescriptorProto) {
	name := scope + "." + m.GetName()
	p.heading(c, at, name, "message")
	if len(m.GetField()) > 0 {
		p.out.WriteString("\n| No. | Field | Type | |\n|---|---|---|---|\n")
	}
	for i, f := range m.GetField() {
		about := p.comment(c, at.to(messageFields, i), name+"."+f.GetName())
		if f.OneofIndex != nil && !f.GetProto3Optional() {
			about += " *One of `" + m.GetOneofDecl()[f.GetOneofIndex()].GetName() + "`.*"
		}
		fmt.Fprintf(p.out, "| %d | `%s` | %s | %s |\n", f.GetNumber(), f.GetName(), p.fieldType(f), cell(about))
	}
	for i, nested := range m.GetNestedType() {
		p.message(c, at.to(messageNested, i), name, nested)
	}
	for i, e := range m.GetEnumType() {
		p.enum(c, at.to(messageEnums, i), name, e)
	}
}

func (p *page) enum(c comments, at path, scope string, e *descriptorpb.EnumDescriptorProto) {
	name := scope + "." + e.GetName()
	p.heading(c, at, name, "enum")
	p.out.WriteString("\n| No. | Value | |\n|---|---|---|\n")
	for i, v := range e.GetValue() {
		fmt.Fprintf(p.out, "| %d | `%s` | %s |\n", v.GetNumber(), v.GetName(), cell(p.comment(c, at.to(enumValues, i), name+"."+v.GetName())))
	}
}

func (p *page) heading(c comments, at path, name, kind string) {
	fmt.Fprintf(p.out, "\n### %s\n\n*%s.* %s\n", short(name), strings.ToUpper(kind[:1])+kind[1:], text(p.comment(c, at, name)))
}

// fieldType is the type as the contract writes it, with a link to messages of the page.
func (p *page) fieldType(f *descriptorpb.FieldDescriptorProto) string {
	name := "`" + strings.ToLower(strings.TrimPrefix(f.GetType().String(), "TYPE_")) + "`"
	if f.GetTypeName() != "" {
		name = p.typeLink(f.GetTypeName())
	}
	switch {
	case f.GetLabel() == descriptorpb.FieldDescriptorProto_LABEL_REPEATED:
		return "repeated " + name
	case f.GetProto3Optional():
		return "optional " + name
	default:
		return name
	}
}

func (p *page) typeLink(name string) string {
	if !p.known[name] || !strings.HasPrefix(name, ".penstock.") {
		return "`" + strings.TrimPrefix(name, ".") + "`"
	}
	return fmt.Sprintf("[%s](#%s)", short(name), anchor(short(name)))
}

// short is a full name without what all of them begin with.
func short(name string) string { return strings.TrimPrefix(name, ".penstock.") }

// anchor is what Markdown readers make of a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ToLower(heading), ".", "")
}

// cell is text for a cell of a table.
func cell(s string) string { return strings.ReplaceAll(text(s), "|", `\|`) }

// text keeps names as they are written: an underscore is no emphasis, a bracket no link or tag.
func text(s string) string {
	return strings.NewReplacer("_", `\_`, "<", "&lt;", "[", `\[`).Replace(s)
}
