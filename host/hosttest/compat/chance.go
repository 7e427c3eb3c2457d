package compat

import (
	"fmt"
	"math/rand/v2"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Chance makes reports by chance, near the versions at which an answer changes.
type Chance struct{ *rand.Rand }

// NewChance makes the same reports for the same seed.
func NewChance(seed uint64) Chance { return Chance{rand.New(rand.NewPCG(seed, seed))} }

func pick[T any](c Chance, list ...T) T { return list[c.IntN(len(list))] }

func (c Chance) numbers() Numbers {
	switch c.IntN(12) {
	case 0:
		return Numbers{1 + c.IntN(2), c.IntN(3), c.IntN(3)}
	case 1:
		return noVersion
	case 2:
		return Numbers{0, c.IntN(1_000_000_000), c.IntN(1_000_000_000)}
	}
	return Numbers{0, 13 + c.IntN(4), pick(c, 0, 0, 1, 2, 9, 16, 17, 18, 18, 19, 100)}
}

// release is a way to write a release.
func (c Chance) release() Version {
	n := c.numbers()
	text := fmt.Sprintf("%d.%d.%d", n[0], n[1], n[2])
	if n[2] == 0 && c.IntN(2) == 0 {
		text = fmt.Sprintf("%d.%d", n[0], n[1])
		if n[1] == 0 && c.IntN(2) == 0 {
			text = fmt.Sprint(n[0])
		}
	}
	text = pick(c, "", "", "v") + text + pick(c, "", "", "", ".post1")
	return Version{text + pick(c, "", "", "", "+build.5", "+abc"), Release, n}
}

// preRelease is a way to write a pre-release.
func (c Chance) preRelease() Version {
	n := c.numbers()
	text := pick(c, "", "", "v") + fmt.Sprintf("%d.%d.%d", n[0], n[1], n[2])
	return Version{text + pick(c, "-rc1", "rc1", "a1", "b12", ".dev1", "-alpha", "-0.3.7", "-x.y-z", "-rc1+build"), PreRelease, n}
}

// Version is a version of any kind.
func (c Chance) Version() Version {
	switch c.IntN(12) {
	case 0:
		return Version{}
	case 1, 2:
		return Version{Text: pick(c, "dev", "(devel)", "0+dev", "1!0+dev"), Kind: Development}
	case 3:
		return Version{Text: c.unreadable(), Kind: Unreadable}
	case 4, 5, 6:
		return c.preRelease()
	}
	return c.release()
}

func (c Chance) unreadable() string {
	return pick(c,
		"latest", " ", "0.15.0 ", " 0.15.0", "0.15.0.0", "0.15.0.0-rc1", "0.15.", "0..15", "V0.15.0", "0.015.0", "0.15.0-", "0.15.0+",
		"0.15.0\x00", "\xff\xfe", "0.15.0\n", "１.０.０", "0.15.0000000001", "1e3", "0x15", "-0.15.0", "0.15.0~rc1", ">=0.15.0", "0.14.18 or newer",
		"DEV", "Dev", "development", "dev1", "0.15.0-"+string(make([]byte, 3)), fmt.Sprintf("0.15.%0140d", 1))
}

// Report is a report of any kind.
func (c Chance) Report() Report {
	r := Report{Silent: c.IntN(15) == 0, Version: c.Version()}
	switch c.IntN(8) {
	case 0:
		r.MinHost = c.Version()
		switch {
		case r.MinHost.Text == "0+dev": // which the grammar reads, as 0.0.0
			r.MinHost.Kind = Release
		case r.MinHost.Kind == Development:
			r.MinHost.Kind = Unreadable
		}
	case 1:
		r.MinHost = Version{versioncheck.Protocol, Release, current()}
	}
	r.Declared, r.Listed, r.SwitchedOff = c.IntN(2) == 0, c.IntN(2) == 0, c.IntN(6) == 0
	return r
}

// Capabilities is the report's list, with what else may be in one.
func (c Chance) Capabilities(r Report) (list []*usercodev1.Capability) {
	if r.Listed {
		list = append(list, &usercodev1.Capability{Name: versioncheck.JobMetadata, Revision: uint32(c.IntN(3)), Enabled: true})
	}
	if r.SwitchedOff {
		list = append(list, &usercodev1.Capability{Name: versioncheck.JobMetadata, Revision: 1})
	}
	for range c.IntN(3) {
		list = append(list, &usercodev1.Capability{Name: pick(c, versioncheck.ListJobs, "zeppelins", "Job_Metadata", ""), Revision: 1, Enabled: c.IntN(2) == 0})
	}
	c.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
	return list
}

// current is this source tree's protocol.
func current() (n Numbers) {
	if _, err := fmt.Sscanf(versioncheck.Protocol, "%d.%d.%d", &n[0], &n[1], &n[2]); err != nil {
		panic(err) // a release, which its own tests demand
	}
	return n
}
