package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestPoolsAreRead(t *testing.T) {
	c, err := readerOf(write(t, t.TempDir(), "p.yaml", "queue:\n  pools:\n    - {name: warehouse, slots: 3}\n    - {name: closed, slots: 0}\n")).read()
	if err != nil {
		t.Fatal(err)
	}
	if want := []host.Pool{{Name: "warehouse", Slots: 3}, {Name: "closed"}}; !slices.Equal(c.Pools, want) {
		t.Errorf("got %+v, want %+v", c.Pools, want)
	}
}

func TestPoolProblemsHavePlaces(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"ErrNoSlots", "queue:\n  pools:\n    - name: db\n", "p.yaml:3:7: pool 1: slots is missing"},
		{"ErrNegative", "queue:\n  pools:\n    - {name: db, slots: -1}\n", "p.yaml:3:25: pool 1: -1 slots cannot be"},
		{"ErrName", "queue:\n  pools:\n    - {name: the db, slots: 1}\n", `p.yaml:3:14: pool 1: `},
		{"ErrNoName", "queue:\n  pools:\n    - {slots: 1}\n", "pool 1: the name is empty"},
		{"ErrTwice", "queue:\n  pools:\n    - {name: a, slots: 1}\n    - {name: a, slots: 2}\n", `p.yaml:4:7: pool 2: pool 1 is called "a", too`},
		{"ErrMany", "queue:\n  pools:\n" + strings.Repeat("    - {name: a, slots: 1}\n", host.MaxPools+1), "101 pools are too many; at most 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readerOf(write(t, dir, "p.yaml", c.text)).read()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwithout %q", err, c.want)
			}
		})
	}
}
