package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/descriptorpb"
)

// path leads to something in a file, as source information has it.
type path []int32

func (p path) to(field, index int) path {
	return append(slices.Clip(p), int32(field), int32(index))
}

// comments are those of a file, by path.
type comments map[string]string

func commentsOf(f *descriptorpb.FileDescriptorProto) comments {
	c := comments{}
	for _, l := range f.GetSourceCodeInfo().GetLocation() {
		if text := strings.Join(strings.Fields(l.GetLeadingComments()), " "); text != "" {
			c[fmt.Sprint(l.GetPath())] = text
		}
	}
	return c
}

// comment is that of the thing at the path, and notes when there is none.
func (p *page) comment(c comments, at path, name string) string {
	text := c[fmt.Sprint([]int32(at))]
	if text == "" {
		p.missing = append(p.missing, strings.TrimPrefix(name, "."))
	}
	return text
}
