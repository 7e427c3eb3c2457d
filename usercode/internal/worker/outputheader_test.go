package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSecretNames(t *testing.T) {
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("VARIABLE_%010d", i))
	}
	for name, c := range map[string]struct {
		written []string
		refused bool
	}{
		"None":    {nil, false},
		"One":     {[]string{"TOKEN"}, false},
		"Many":    {many[:190], false},
		"TooMany": {many, true},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Create(filepath.Join(t.TempDir(), "output"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			if _, err := f.WriteAt([]byte("output"), OutputHeader); err != nil {
				t.Fatal(err)
			}
			if len(c.written) > 0 {
				if err := writeSecretNames(f, c.written); err != nil {
					t.Fatal(err)
				}
			}
			got, err := SecretNames(f)
			if (err != nil) != c.refused || !c.refused && !slices.Equal(got, c.written) {
				t.Errorf("got %d names, %v", len(got), err)
			}
			output := make([]byte, 6)
			if _, err := f.ReadAt(output, OutputHeader); err != nil || string(output) != "output" {
				t.Errorf("the output became %q, %v", output, err)
			}
		})
	}
}

func TestSecretNamesSurviveTrimming(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := writeSecretNames(f, []string{"TOKEN"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("x", 1<<20)), OutputHeader); err != nil {
		t.Fatal(err)
	}
	if err := trimOutput(f, 1<<16, 1<<14); err != nil {
		t.Fatal(err)
	}
	if got, err := SecretNames(f); err != nil || !slices.Equal(got, []string{"TOKEN"}) {
		t.Errorf("got %q, %v", got, err)
	}
}
