package worker

import "testing"

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
