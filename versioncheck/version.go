package versioncheck

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	goversion "github.com/hashicorp/go-version"
)

// maxVersion is the length, in bytes, of the longest version that is read.
const maxVersion = 128

// maxDigits keeps every number far inside an int, on 32-bit machines too.
const maxDigits = 9

// Version is a version that passed the grammar. The zero value is no version:
// it is older than every version.
type Version struct {
	core       [3]int
	pre, build string
	parsed     *goversion.Version
}

// Parse reads a version. The grammar, in order:
//
//   - at most 128 bytes of ASCII without space, an optional lower-case v
//   - one to three numbers of at most 9 digits without leading zeros; missing
//     ones are 0
//   - nothing, or a pre-release: -pre, rc1, a1, b1, .dev1; or .post1, which
//     is dropped, since it marks a release that was packaged again
//   - nothing, or +build, which is kept and never compared
//
// pre and build are dot-separated identifiers of letters, digits and hyphens.
// The error says what is wrong and quotes at most 64 characters of s.
func Parse(s string) (Version, error) {
	v, err := parse(s)
	if err != nil {
		return Version{}, fmt.Errorf("read version %s: %w", quote(s), err)
	}
	return v, nil
}

func parse(s string) (Version, error) {
	if len(s) > maxVersion {
		return Version{}, fmt.Errorf("it is longer than %d bytes", maxVersion)
	}
	var v Version
	rest, err := v.readCore(strings.TrimPrefix(s, "v"))
	if err != nil {
		return Version{}, err
	}
	beforeBuild, build, hasBuild := strings.Cut(rest, "+")
	if hasBuild && !identifiers(build) {
		return Version{}, errors.New("the build metadata is not dot-separated letters, digits and hyphens")
	}
	v.build = build
	if v.pre, err = readPre(beforeBuild); err != nil {
		return Version{}, err
	}
	// Ours alone decides what a version is. What reaches the library has three
	// numbers and a hyphen before the pre-release, where its order is sound.
	v.parsed, err = goversion.NewVersion(v.String())
	if err != nil {
		return Version{}, errors.New("it cannot be compared")
	}
	return v, nil
}

// readCore reads one to three numbers and returns what follows them.
func (v *Version) readCore(s string) (rest string, err error) {
	for i := range v.core {
		digits := leadingDigits(s)
		if v.core[i], err = number(digits); err != nil {
			return "", err
		}
		s = s[len(digits):]
		// A dot goes on to the next number unless a word follows (.dev1).
		if i == len(v.core)-1 || len(s) < 2 || s[0] != '.' || s[1] < '0' || s[1] > '9' {
			break
		}
		s = s[1:]
	}
	return s, nil
}

// readPre reads what stands between the numbers and the build metadata.
func readPre(s string) (pre string, err error) {
	if s == "" {
		return "", nil
	}
	if pre, ok := strings.CutPrefix(s, "-"); ok {
		if !identifiers(pre) {
			return "", errors.New("the pre-release is not dot-separated letters, digits and hyphens")
		}
		return pre, nil
	}
	for _, form := range []struct{ mark, pre string }{
		{"rc", "rc"}, {"a", "a"}, {"b", "b"}, {".dev", "dev"}, {".post", ""},
	} {
		digits, ok := strings.CutPrefix(s, form.mark)
		if !ok {
			continue
		}
		if _, err := number(digits); err != nil {
			return "", err
		}
		if form.pre == "" {
			return "", nil
		}
		return form.pre + digits, nil
	}
	return "", errors.New("it is not of the form 1.2.3, 1.2.3-pre or 1.2.3+build")
}

func leadingDigits(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// number reads all of s as one number.
func number(s string) (int, error) {
	switch {
	case s == "" || leadingDigits(s) != s:
		return 0, errors.New("a number is missing")
	case len(s) > maxDigits:
		return 0, fmt.Errorf("a number has more than %d digits", maxDigits)
	case len(s) > 1 && s[0] == '0':
		return 0, errors.New("a number has leading zeros")
	}
	return strconv.Atoi(s)
}

// identifiers reports whether s is dot-separated identifiers, none empty.
func identifiers(s string) bool {
	previous := byte('.')
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.':
			if previous == '.' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '-':
		default:
			return false
		}
		previous = c
	}
	return previous != '.'
}

// String returns the version as X.Y.Z[-pre][+build].
func (v Version) String() string {
	s := v.release()
	if v.pre != "" {
		s += "-" + v.pre
	}
	if v.build != "" {
		s += "+" + v.build
	}
	return s
}

// release returns X.Y.Z alone.
func (v Version) release() string {
	return strconv.Itoa(v.core[0]) + "." + strconv.Itoa(v.core[1]) + "." + strconv.Itoa(v.core[2])
}

// OlderThan reports whether v is older than minimum. A pre-release of the
// minimum is older than it. Of two different pre-releases of one release none
// satisfies the other: their order is a matter of taste, and a gate that
// guesses is open. Without a version on either side the answer is true.
func (v Version) OlderThan(minimum Version) bool {
	if v.parsed == nil || minimum.parsed == nil {
		return true
	}
	if v.core == minimum.core && v.pre != "" && minimum.pre != "" {
		return v.pre != minimum.pre
	}
	return v.parsed.Compare(minimum.parsed) < 0
}

// preReleaseOf reports whether v comes before the release and shares its numbers.
func (v Version) preReleaseOf(release Version) bool {
	return v.pre != "" && v.core == release.core
}

func (v Version) major() int { return v.core[0] }
func (v Version) minor() int { return v.core[1] }

// isDev reports whether a reported version marks a development build: one of
// the texts that build tools write when nobody set a version, or any version
// whose numbers are all zero. v and err are what Parse made of it.
func isDev(reported string, v Version, err error) bool {
	switch reported {
	case "dev", "(devel)", "0+dev", "1!0+dev":
		return true
	}
	return err == nil && v.core == [3]int{}
}
