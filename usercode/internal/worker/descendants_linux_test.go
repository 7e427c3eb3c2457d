package worker

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

func TestParseStat(t *testing.T) {
	for stat, want := range map[string]process{
		"7 (sh) S 3 7 5 0 -1":          {7, 3, 5, false},
		"7 (a) Z 9 (b) Z 3 7 5 0 -1\n": {7, 3, 5, true},
	} {
		if got, ok := parseStat(7, []byte(stat)); !ok || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", stat, got, ok, want)
		}
	}
	for _, stat := range []string{"", "7 (sh)", "7 (sh) S x 7 5", "7 (sh) S 3 7"} {
		if got, ok := parseStat(7, []byte(stat)); ok {
			t.Errorf("%q: got %+v", stat, got)
		}
	}
}

// TestChildless looks at this process itself, which has no other children while its tests run one after the other.
func TestChildless(t *testing.T) {
	if err := adoptDescendants(); err != nil {
		t.Fatal(err)
	}
	if !childless() {
		t.Skip("this process has children, perhaps of whoever runs the tests")
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	child := exec.Command("cat")
	child.Stdin = read
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if childless() {
		t.Error("a child that runs is not seen")
	}
	if err := errors.Join(write.Close(), child.Wait()); err != nil {
		t.Error(err)
	}
	if !childless() {
		t.Error("a child that has ended and was waited for is seen")
	}
}
