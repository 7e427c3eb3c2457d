package selector

import "time"

// ParseSpan reads a length of time as in relative times, without the sign: 90s, 12h, 30d, 2w3d. ok is false for anything
// else, and for what is longer than 10,000 days.
func ParseSpan(text string) (span time.Duration, ok bool) {
	span, ok = parseDistance(text)
	return span, ok && span <= maxAgo
}

// SpanText is a length of time as ParseSpan reads it; no time is "0s".
func SpanText(span time.Duration) string {
	if span == 0 {
		return "0s"
	}
	return Time{Relative: true, Ago: max(span, -span)}.String()[1:]
}
