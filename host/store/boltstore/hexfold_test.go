package boltstore

import (
	"bytes"
	"strings"
	"testing"
)

func TestFoldHex(t *testing.T) {
	digest := strings.Repeat("0123456789abcdef", 4)
	for _, p := range []string{
		"", "a", digest, digest + "f", "x" + digest, digest + "x", "runs/" + digest + "/" + digest, digest[:31], digest[:32], digest[:33],
		strings.ToUpper(digest), "\x00\xff" + digest + digest + digest, strings.Repeat("g", 100), digest[:32] + "-" + digest[:32],
	} {
		folded := foldHex([]byte(p))
		got, err := unfoldHex(folded)
		if err != nil || string(got) != p {
			t.Errorf("%q comes back as %q, %v", p, got, err)
		}
		if strings.Contains(p, digest) && len(folded) > len(p)-28 {
			t.Errorf("%q takes %d bytes folded, and %d before", p, len(folded), len(p))
		}
	}
}

// FuzzUnfoldHex puts what comes from the disk to the test, and that what is folded comes back.
func FuzzUnfoldHex(f *testing.F) {
	f.Add([]byte("runs/00112233445566778899aabbccddeeff/x"))
	f.Add([]byte{5, 'a', 'b'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, p []byte) {
		if got, err := unfoldHex(foldHex(p)); err != nil || !bytes.Equal(got, p) {
			t.Errorf("%q comes back as %q, %v", p, got, err)
		}
		if got, err := unfoldHex(p); err == nil && len(got) > 2*len(p) {
			t.Errorf("%d bytes became %d", len(p), len(got))
		}
	})
}
