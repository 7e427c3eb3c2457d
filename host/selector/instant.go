package selector

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxAgo is the longest distance from now.
const maxAgo = 10_000 * 24 * time.Hour

// units of distances from now, from the longest; the text of each is unique.
var units = []struct {
	text string
	of   time.Duration
}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// layouts of instants, as people write them.
var layouts = []string{
	"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04Z07:00", time.RFC3339Nano, "2006-01-02 15:04Z07:00", "2006-01-02 15:04:05.999999999Z07:00",
}

// timeHint says how times are written.
const timeHint = "write -2h or -3d12h (w, d, h, m and s ago), now, 2026-11-01, or 2026-11-01T10:00Z"

// parseTime reads a time. Dates and times without a zone are of location.
func parseTime(text string, location *time.Location) (Time, string) {
	if strings.EqualFold(text, wordNow) {
		return Time{Relative: true}, ""
	}
	if text != "" && strings.IndexByte("+-", text[0]) >= 0 {
		d, ok := parseDistance(text[1:])
		switch {
		case !ok:
			return Time{}, fmt.Sprintf("%q is not a distance from now", clip(text))
		case d > maxAgo:
			return Time{}, fmt.Sprintf("%q is more than %d days from now", clip(text), int(maxAgo/(24*time.Hour)))
		case text[0] == '+':
			d = -d
		}
		return Time{Relative: true, Ago: d}, ""
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, strings.ToUpper(text), location); err == nil {
			if year := t.UTC().Year(); year < 1970 || year > 9999 {
				return Time{}, fmt.Sprintf("%q is not of the years 1970 to 9999", clip(text))
			}
			return Time{At: t.UTC()}, ""
		}
	}
	return Time{}, fmt.Sprintf("%q is not a time", clip(text))
}

// parseDistance reads "3d12h", numbers with their units from the longest to the shortest, each once.
func parseDistance(text string) (sum time.Duration, ok bool) {
	for _, u := range units {
		n := length(text, func(r rune) bool { return '0' <= r && r <= '9' || r == '.' })
		if n == 0 || n > 20 || text[n:] == "" || text[n:n+1] != u.text {
			continue
		}
		whole, fraction, pointed := strings.Cut(text[:n], ".")
		if pointed && (whole == "" || fraction == "" || len(fraction) > 9) {
			return 0, false
		}
		number, err := strconv.ParseInt(whole, 10, 64)
		if err != nil {
			return 0, false
		}
		// What is longer than the longest counts as a little longer.
		sum += time.Duration(min(number, int64(maxAgo/u.of)+1)) * u.of
		scale := u.of
		for _, digit := range fraction {
			scale /= 10 // a second is 10^9, so every digit of it counts
			sum += time.Duration(digit-'0') * scale
		}
		text, ok = text[n+1:], true
	}
	return sum, ok && text == ""
}

// String is the time as Parse reads it.
func (t Time) String() string {
	switch {
	case !t.Relative:
		return t.At.UTC().Format(time.RFC3339Nano)
	case t.Ago == 0:
		return wordNow
	}
	var b strings.Builder
	left := t.Ago
	if left < 0 {
		left = -left
		b.WriteByte('+')
	} else {
		b.WriteByte('-')
	}
	for _, u := range units[1:] { // weeks are days
		n := left / u.of
		left %= u.of
		fraction := ""
		if u.of == time.Second && left > 0 {
			fraction = "." + strings.TrimRight(fmt.Sprintf("%09d", int64(left)), "0")
		}
		if n > 0 || fraction != "" {
			fmt.Fprintf(&b, "%d%s%s", n, fraction, u.text)
		}
	}
	return b.String()
}
