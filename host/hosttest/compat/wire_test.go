package compat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// addFlag writes wire fixtures that are not there yet. None that is there is ever written again.
var addFlag = flag.Bool("add", false, "add wire fixtures that are missing to proto/testdata/wire")

// oneSpace is where the text form has one or two spaces, as it likes.
var oneSpace = regexp.MustCompile(`(?m)^( *\w+):  `)

const (
	wireFolder = "../../../proto/testdata/wire"
	sumsName   = "SUMS"
	typePrefix = "# proto-message: "
)

// Messages as other versions send them are read as they always were, and keep what this version does not know.
func TestWireFixtures(t *testing.T) {
	if *addFlag {
		addFixtures(t)
	}
	texts, err := filepath.Glob(filepath.Join(wireFolder, "*", "*.txtpb"))
	if err != nil || len(texts) < 40 {
		t.Fatalf("%d fixtures, %v", len(texts), err)
	}
	for _, path := range texts {
		folder, file := filepath.Split(path)
		version, kind := filepath.Base(folder), strings.TrimSuffix(file, ".txtpb")
		t.Run(version+"/"+kind, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			encoded := readHex(t, strings.TrimSuffix(path, ".txtpb")+".hex")
			got, want := newMessage(t, text), newMessage(t, text)
			if err := prototext.Unmarshal(text, want); err != nil {
				t.Fatal(err)
			}
			if err := proto.Unmarshal(encoded, got); err != nil {
				t.Fatal(err)
			}
			if diff := difference(got, want); diff != "" {
				t.Errorf("it is read as something else: %s", diff)
			}
			unknown := 0
			eachMessage(got.ProtoReflect(), func(m protoreflect.Message) { unknown += len(m.GetUnknown()) })
			if future := strings.HasPrefix(version, "0.16"); (unknown > 0) != future {
				t.Errorf("%d bytes of it are unknown", unknown)
			}
			// What is passed on keeps what is not known.
			again, err := proto.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			second := newMessage(t, text)
			if err := proto.Unmarshal(again, second); err != nil || !proto.Equal(got, second) {
				t.Errorf("it does not survive being encoded again: %v", err)
			}
		})
	}
}

// A fixture that was there once stays as it is: SUMS says what was.
func TestWireFixturesAreOnlyAdded(t *testing.T) {
	sums, err := os.ReadFile(filepath.Join(wireFolder, sumsName))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(sums)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("line %q of %s", line, sumsName)
		}
		listed[name] = true
		content, err := os.ReadFile(filepath.Join(wireFolder, filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("a fixture is gone: %v", err)
		} else if got := fmt.Sprintf("%x", sha256.Sum256(content)); got != sum {
			t.Errorf("fixture %s was changed: its sum is %s, not %s", name, got, sum)
		}
	}
	for _, name := range fixtureFiles(t) {
		if !listed[name] {
			t.Errorf("fixture %s is not in %s: add it with -add", name, sumsName)
		}
	}
}

func newMessage(t *testing.T, text []byte) proto.Message {
	t.Helper()
	line, _, _ := strings.Cut(string(text), "\n")
	name, ok := strings.CutPrefix(line, typePrefix)
	if !ok {
		t.Fatalf("its first line is %q, want %q and a name", line, typePrefix)
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
	if err != nil {
		t.Fatal(err)
	}
	return kind.New().Interface()
}

func readHex(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fixtureFiles are the names of all fixtures, sorted.
func fixtureFiles(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(wireFolder), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && name != sumsName {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// addFixtures writes what is missing, and lists it.
func addFixtures(t *testing.T) {
	t.Helper()
	for _, f := range fixtures(t) {
		base := filepath.Join(wireFolder, f.version, f.name)
		if _, err := os.Stat(base + ".hex"); err == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(base), 0o755); err != nil {
			t.Fatal(err)
		}
		encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(f.message)
		if err != nil {
			t.Fatal(err)
		}
		text := typePrefix + string(f.message.ProtoReflect().Descriptor().FullName()) + "\n" +
			oneSpace.ReplaceAllString(prototext.MarshalOptions{Multiline: true, Indent: "  ", EmitASCII: true}.Format(known(f.message)), "$1: ")
		for name, content := range map[string]string{base + ".hex": hexLines(encoded), base + ".txtpb": text} {
			if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	var sums bytes.Buffer
	for _, name := range fixtureFiles(t) {
		content, err := os.ReadFile(filepath.Join(wireFolder, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
	}
	if err := os.WriteFile(filepath.Join(wireFolder, sumsName), sums.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// hexLines is hex with a line for every 48 bytes.
func hexLines(b []byte) string {
	var text strings.Builder
	for line := range slices.Chunk(b, 48) {
		text.WriteString(hex.EncodeToString(line))
		text.WriteByte('\n')
	}
	return text.String()
}
