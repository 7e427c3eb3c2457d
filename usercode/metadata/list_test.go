package metadata_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/metadata"
)

func TestValidateKeys(t *testing.T) {
	for _, ok := range []string{"a", "owner team", "ключ", "a=b/c", strings.Repeat("x", 256), "é", "\u200d"} {
		if err := (metadata.List{{Key: ok, Value: metadata.Null()}}).Validate(); err != nil {
			t.Errorf("key %q: got %v", ok, err)
		}
	}
	for _, bad := range []string{"", strings.Repeat("x", 257), "a\x00", "a\tb", "a\x7f", "a\u0085", "\xff"} {
		if err := (metadata.List{{Key: bad, Value: metadata.Null()}}).Validate(); err == nil {
			t.Errorf("key %q: accepted", bad)
		}
	}
}

func TestValidateList(t *testing.T) {
	entries := func(n, size int) metadata.List {
		var l metadata.List
		for i := range n {
			l = append(l, metadata.Entry{Key: fmt.Sprintf("%08d", i), Value: metadata.Markdown(strings.Repeat("x", size))})
		}
		return l
	}
	t.Run("OK", func(t *testing.T) {
		for name, l := range map[string]metadata.List{"nil": nil, "256 entries": entries(256, 1), "2 MiB": entries(8, 256<<10-8)} {
			if err := l.Validate(); err != nil {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
	for name, c := range map[string]struct {
		list metadata.List
		want string
	}{
		"ErrTooMany":   {entries(257, 1), "metadata: there are 257 entries; the limit is 256"},
		"ErrTooLarge":  {append(entries(8, 256<<10-8), metadata.Entry{Key: "k", Value: metadata.Text("")}), "metadata: keys and values hold 2097153 bytes together; the limit is 2097152"},
		"ErrDuplicate": {metadata.List{{Key: "a", Value: metadata.Null()}, {Key: "a", Value: metadata.Null()}}, `metadata "a": the key occurs twice`},
		"ErrZeroValue": {metadata.List{{Key: "a"}}, "metadata.Null()"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.list.Validate()
			var problems metadata.Problems
			if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want one problem with %q", err, c.want)
			}
		})
	}
	t.Run("BoundedText", func(t *testing.T) {
		l := make(metadata.List, 100_000)
		err := l.Validate()
		var problems metadata.Problems
		if !errors.As(err, &problems) || len(problems) != 200_001 {
			t.Fatalf("got %d problems", len(problems))
		}
		if text := err.Error(); len(text) > 64<<10 || !strings.HasSuffix(text, "and 199745 more problems") {
			t.Errorf("%d bytes of error, ending %q", len(text), text[len(text)-40:])
		}
	})
}
