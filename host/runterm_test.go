package host_test

import (
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestTermText(t *testing.T) {
	for name, c := range map[string][2]string{
		"Empty":   {"", ""},
		"Fits":    {strings.Repeat("a", 256), strings.Repeat("a", 256)},
		"Long":    {strings.Repeat("a", 257), strings.Repeat("a", 256)},
		"Between": {strings.Repeat("a", 253) + "😀b", strings.Repeat("a", 253)},
		"NotUTF8": {strings.Repeat("\x80", 300), strings.Repeat("\x80", 253)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := host.TermText(c[0]); got != c[1] {
				t.Errorf("got %q of %d bytes, want %d", got, len(got), len(c[1]))
			}
		})
	}
}
