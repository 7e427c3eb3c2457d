package engine

import (
	"strings"
	"unicode/utf8"
)

// Limits of what one event carries, so that all of it stays below 256 KiB.
const (
	maxEventBytes   = 256 << 10
	maxMessageBytes = 64 << 10
	maxStackBytes   = 64 << 10
	maxSummaryBytes = 1 << 10 // of a failure's message, in the event's own
)

const ellipsis = "…"

// clean makes the author's text fit for a message of the contract: valid UTF-8, because one bad byte makes the whole
// message unreadable, and at most limit bytes, cut between characters.
func clean(s string, limit int) string {
	if len(s) > limit {
		s = cut(s, limit-len(ellipsis)) + ellipsis
	}
	if utf8.ValidString(s) {
		return s
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError)) // grows: a bad byte becomes three
	if len(s) > limit {
		s = cut(s, limit-len(ellipsis)) + ellipsis
	}
	return s
}

func cut(s string, limit int) string {
	end := limit
	for end > 0 && end > limit-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
