// Command protodoc writes the protocol's reference page: it reads a descriptor set with source information (buf build)
// from standard input, and prints Markdown made of the names and comments in it.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "protodoc:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the descriptors: %w", err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &set); err != nil {
		return fmt.Errorf("read the descriptors: %w", err)
	}
	var b bytes.Buffer
	if err := newPage(&set, &b).write(); err != nil {
		return err
	}
	_, err = out.Write(b.Bytes())
	return err
}
