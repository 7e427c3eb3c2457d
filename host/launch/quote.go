package launch

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuoted is how many bytes of other people's text a message holds.
const maxQuoted = 64

// clipBytes cuts text without splitting a character.
func clipBytes(text string) string { return clipTo(text, maxQuoted) }

// clipTo cuts text at a number of bytes without splitting a character.
func clipTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// clip cuts text and replaces what does not print, so that it is safe in a message without quotes.
func clip(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, clipBytes(text))
}
