// Package outputtest says what every output store has to do, for the tests of drivers.
package outputtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/usercode/output"
)

// Exercise tests a driver. Open opens an empty store, each time another one; Exercise closes it.
func Exercise(t *testing.T, open func(t *testing.T) output.Store) {
	tests := map[string]func(*testing.T, output.Store){
		"PutAndGet":          testPutAndGet,
		"PutReplaces":        testPutReplaces,
		"DataIsTheCallers":   testDataIsTheCallers,
		"GetKeepsItsLimit":   testGetKeepsItsLimit,
		"NotFound":           testNotFound,
		"CopyIsIndependent":  testCopyIsIndependent,
		"CopyReplaces":       testCopyReplaces,
		"ListIsBelowPrefix":  testListIsBelowPrefix,
		"DeleteIsIdempotent": testDeleteIsIdempotent,
		"DeleteLeavesOthers": testDeleteLeavesOthers,
		"PutAfterDelete":     testPutAfterDelete,
		"OddNamesAreRefused": testOddNamesAreRefused,
		"LargeData":          testLargeData,
		"ManyAtOnce":         testManyAtOnce,
		"OneNameManyWriters": testOneNameManyWriters,
		"ContextThatEnded":   testContextThatEnded,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			test(t, s)
		})
	}
}

const limit = 64 << 20

func put(t *testing.T, s output.Store, name, data string) {
	t.Helper()
	if err := s.Put(t.Context(), name, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, s output.Store, name, want string) {
	t.Helper()
	got, err := s.Get(t.Context(), name, limit)
	if err != nil || string(got) != want {
		t.Errorf("%s: got %.50q, %v; want %.50q", name, got, err, want)
	}
}

func expectList(t *testing.T, s output.Store, prefix string, want ...string) {
	t.Helper()
	got, err := s.List(t.Context(), prefix)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("below %s: got %q, %v; want %q", prefix, got, err, want)
	}
}

func testPutAndGet(t *testing.T, s output.Store) {
	for _, data := range []string{"", "x", "{\"a\": 1}\n", "\x00\xff\xfe"} {
		put(t, s, "runs/a/1", data)
		expect(t, s, "runs/a/1", data)
	}
}

func testPutReplaces(t *testing.T, s output.Store) {
	put(t, s, "memo/k", "a long one, of which nothing may stay")
	put(t, s, "memo/k", "short")
	expect(t, s, "memo/k", "short")
}

func testDataIsTheCallers(t *testing.T, s output.Store) {
	data := []byte("first")
	if err := s.Put(t.Context(), "runs/a/1", data); err != nil {
		t.Fatal(err)
	}
	copy(data, "other")
	got, err := s.Get(t.Context(), "runs/a/1", limit)
	if err != nil {
		t.Fatal(err)
	}
	copy(got, "third")
	expect(t, s, "runs/a/1", "first")
}

func testGetKeepsItsLimit(t *testing.T, s output.Store) {
	put(t, s, "runs/a/1", "12345")
	if got, err := s.Get(t.Context(), "runs/a/1", 5); err != nil || len(got) != 5 {
		t.Errorf("at the limit: got %q, %v", got, err)
	}
	if got, err := s.Get(t.Context(), "runs/a/1", 4); err == nil || errors.Is(err, output.ErrNotFound) {
		t.Errorf("over the limit: got %q, %v; want an error that says so", got, err)
	}
}

func testNotFound(t *testing.T, s output.Store) {
	put(t, s, "runs/a/1", "1")
	for _, name := range []string{"runs/a/2", "runs/b/1", "other", "runs"} {
		if got, err := s.Get(t.Context(), name, limit); err == nil {
			t.Errorf("got %q as %s", got, name)
		} else if name != "runs" && !errors.Is(err, output.ErrNotFound) {
			t.Errorf("%s: got %v; want ErrNotFound", name, err)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
		if err := s.Copy(t.Context(), name, "runs/c/1"); err == nil {
			t.Errorf("%s was copied", name)
		} else if name != "runs" && !errors.Is(err, output.ErrNotFound) {
			t.Errorf("copy %s: got %v; want ErrNotFound", name, err)
		}
	}
	expectList(t, s, "runs/c")
}

func testCopyIsIndependent(t *testing.T, s output.Store) {
	put(t, s, "runs/a/1", "the data")
	if err := s.Copy(t.Context(), "runs/a/1", "runs/b/1"); err != nil {
		t.Fatal(err)
	}
	expect(t, s, "runs/b/1", "the data")
	put(t, s, "runs/a/1", "newer data")
	expect(t, s, "runs/b/1", "the data")
	if err := s.Delete(t.Context(), "runs/a"); err != nil {
		t.Fatal(err)
	}
	expect(t, s, "runs/b/1", "the data")
	expectList(t, s, "runs/b", "runs/b/1")
}

func testCopyReplaces(t *testing.T, s output.Store) {
	put(t, s, "runs/a/1", "new")
	put(t, s, "runs/b/1", "old and longer")
	for range 2 { // the second time it is the same already
		if err := s.Copy(t.Context(), "runs/a/1", "runs/b/1"); err != nil {
			t.Fatal(err)
		}
		expect(t, s, "runs/b/1", "new")
	}
	expectList(t, s, "runs/b", "runs/b/1")
}

func testListIsBelowPrefix(t *testing.T, s output.Store) {
	expectList(t, s, "runs")
	for _, name := range []string{"runs/a/2", "runs/a/1", "runs/a/deep/er/1", "runs/ab/1", "memo/a"} {
		put(t, s, name, name)
	}
	expectList(t, s, "runs/a", "runs/a/1", "runs/a/2", "runs/a/deep/er/1")
	expectList(t, s, "memo", "memo/a")
	expectList(t, s, "runs/a/1")
}

func testDeleteIsIdempotent(t *testing.T, s output.Store) {
	put(t, s, "runs/a/1", "1")
	put(t, s, "runs/a/2", "2")
	for range 2 {
		if err := s.Delete(t.Context(), "runs/a"); err != nil {
			t.Fatal(err)
		}
		expectList(t, s, "runs/a")
	}
	put(t, s, "memo/k", "k")
	for range 2 {
		if err := s.Delete(t.Context(), "memo/k"); err != nil {
			t.Fatal(err)
		}
		expectList(t, s, "memo")
	}
}

func testDeleteLeavesOthers(t *testing.T, s output.Store) {
	for _, name := range []string{"runs/a/1", "runs/ab/1", "runs/b/1", "memo/a"} {
		put(t, s, name, name)
	}
	if err := s.Delete(t.Context(), "runs/a"); err != nil {
		t.Fatal(err)
	}
	expectList(t, s, "runs", "runs/ab/1", "runs/b/1")
	expectList(t, s, "memo", "memo/a")
}

func testPutAfterDelete(t *testing.T, s output.Store) {
	for i := range 3 {
		put(t, s, "runs/a/1", fmt.Sprint(i))
		expect(t, s, "runs/a/1", fmt.Sprint(i))
		if err := s.Delete(t.Context(), "runs/a"); err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, "runs/a/1", "again")
	if err := s.Copy(t.Context(), "runs/a/1", "runs/b/1"); err != nil {
		t.Fatal(err)
	}
	expect(t, s, "runs/b/1", "again")
}

func testOddNamesAreRefused(t *testing.T, s output.Store) {
	put(t, s, "runs/a/1", "1")
	for _, name := range []string{
		"", "/", "runs/", "/runs/a/1", "runs//1", "..", "../x", "runs/../x", "runs/./x", "runs/.hidden", "runs/a b", "runs/a\x00", "runs/ä",
		`runs\a`, "runs/a\n", "a/b/c/d/e/f/g/h/i", strings.Repeat("x", 300),
	} {
		calls := map[string]func() error{
			"Put":    func() error { return s.Put(t.Context(), name, []byte("x")) },
			"Get":    func() error { _, err := s.Get(t.Context(), name, limit); return err },
			"From":   func() error { return s.Copy(t.Context(), name, "runs/b/1") },
			"To":     func() error { return s.Copy(t.Context(), "runs/a/1", name) },
			"List":   func() error { _, err := s.List(t.Context(), name); return err },
			"Delete": func() error { return s.Delete(t.Context(), name) },
		}
		for call, f := range calls {
			if err := f(); err == nil || errors.Is(err, output.ErrNotFound) || !strings.Contains(err.Error(), "is no name") {
				t.Errorf("%s of %q: got %v; want it refused", call, name, err)
			}
		}
	}
	expectList(t, s, "runs", "runs/a/1")
}

func testLargeData(t *testing.T, s output.Store) {
	data := make([]byte, 12<<20)          // more than one part of an upload in parts
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same bytes each time
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	if err := s.Put(t.Context(), "runs/a/large", data); err != nil {
		t.Fatal(err)
	}
	if err := s.Copy(t.Context(), "runs/a/large", "runs/b/large"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"runs/a/large", "runs/b/large"} {
		if got, err := s.Get(t.Context(), name, limit); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s came back with %d bytes, or others, %v", name, len(got), err)
		}
	}
}

func testManyAtOnce(t *testing.T, s output.Store) {
	const writers, each = 8, 25
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				name := fmt.Sprintf("runs/%d/%d", i%3, w*each+i)
				if err := s.Put(t.Context(), name, []byte(name)); err != nil {
					t.Error(err)
				}
				if got, err := s.Get(t.Context(), name, limit); err != nil || string(got) != name {
					t.Errorf("%s: got %q, %v", name, got, err)
				}
			}
		})
	}
	group.Wait()
	all, err := s.List(t.Context(), "runs")
	if err != nil || len(all) != writers*each {
		t.Errorf("got %d names, %v; want %d", len(all), err, writers*each)
	}
}

func testOneNameManyWriters(t *testing.T, s output.Store) {
	data := make([]string, 8)
	var group sync.WaitGroup
	for w := range data {
		data[w] = strings.Repeat(fmt.Sprint(w), 100_000)
		group.Go(func() {
			for range 5 {
				if err := s.Put(t.Context(), "runs/a/same", []byte(data[w])); err != nil {
					t.Error(err)
				}
				if got, err := s.Get(t.Context(), "runs/a/same", limit); err != nil || !slices.Contains(data, string(got)) {
					t.Errorf("a reader saw a mixture: %.20q…, %d bytes, %v", got, len(got), err)
				}
			}
		})
	}
	group.Wait()
	expectList(t, s, "runs/a", "runs/a/same")
}

func testContextThatEnded(t *testing.T, s output.Store) {
	put(t, s, "runs/a/1", "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"Put":    func() error { return s.Put(ctx, "runs/a/2", []byte("x")) },
		"Get":    func() error { _, err := s.Get(ctx, "runs/a/1", limit); return err },
		"Copy":   func() error { return s.Copy(ctx, "runs/a/1", "runs/b/1") },
		"List":   func() error { _, err := s.List(ctx, "runs"); return err },
		"Delete": func() error { return s.Delete(ctx, "runs/a") },
	}
	for call, f := range calls {
		if err := f(); err == nil || errors.Is(err, output.ErrNotFound) {
			t.Errorf("%s: got %v; want the context's error", call, err)
		}
	}
	expectList(t, s, "runs", "runs/a/1")
}
