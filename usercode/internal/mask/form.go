package mask

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// formsOf is how a value may occur in what a program prints; some are the same, some too short.
func formsOf(value string) []string {
	if len(value) < MinBytes {
		return nil
	}
	forms := encodings(value)
	lines := strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range lines { // a log has a record for each; the first may be the whole without space around it
		if line = strings.TrimSpace(line); line != value && len(line) >= MinBytes {
			forms = append(forms, encodings(line)...)
		}
	}
	return forms
}

func encodings(value string) []string {
	data := []byte(value)
	forms := []string{
		value, strings.ToValidUTF8(value, string(utf8.RuneError)),
		unquoted(strconv.Quote(value)), unquoted(strconv.QuoteToASCII(value)),
		inJSON(value, true), inJSON(value, false),
		hex.EncodeToString(data), strings.ToUpper(hex.EncodeToString(data)),
		unquoted(fmt.Sprintf("%d", data)), // [104 117 …], as %v prints bytes
	}
	for _, escaped := range []string{url.QueryEscape(value), url.PathEscape(value), url.UserPassword("", value).String()[1:]} {
		forms = append(forms, escaped, lowerEscapes(escaped))
	}
	return append(forms, inBase64(data)...)
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(escaped string) string {
	text := []byte(escaped)
	for i, c := range text {
		if c == '%' && i+3 <= len(text) {
			copy(text[i:], bytes.ToLower(text[i:i+3]))
		}
	}
	return string(text)
}

func unquoted(text string) string { return text[1 : len(text)-1] }

func inJSON(value string, escapeHTML bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if err := enc.Encode(value); err != nil {
		return value // text always has JSON
	}
	return unquoted(strings.TrimSpace(b.String()))
}

// inBase64 is what base64 makes of the value, wherever in the encoded data it stands: three bytes become four
// characters, so there are three ways. Characters that its neighbors have a part in are left out.
func inBase64(value []byte) []string {
	var forms []string
	for before := range 3 {
		data := append(make([]byte, before), value...)
		from, to := (8*before+5)/6, 8*len(data)/6
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, encoding.EncodeToString(data)[from:to])
		}
	}
	return forms
}
