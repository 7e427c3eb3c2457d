package mask

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// MinBytes is how long a value must be: shorter ones occur in ordinary text all the time.
	MinBytes = 4
	// Replacement stands for what was taken out. It is shorter than any value, so nothing grows.
	Replacement = "***"

	// cutBytes is the length from which a text may have been cut to its limit, perhaps in the middle of a value.
	cutBytes = 1000
	ellipsis = "…"
)

// Masker knows values. It never changes, and its methods may be called concurrently. A nil Masker knows none.
type Masker struct {
	forms   map[uint32][]string // by their first MinBytes bytes, longest first
	filter  [1 << 10]uint64     // a bit for each hash of first bytes
	longest int
}

// New makes a Masker of values of at least MinBytes bytes; shorter ones are ignored. It is nil when there is none.
func New(values []string) *Masker {
	m := &Masker{forms: map[uint32][]string{}}
	for _, value := range values {
		for _, form := range formsOf(value) {
			m.add(form)
		}
	}
	if len(m.forms) == 0 {
		return nil
	}
	for _, forms := range m.forms {
		slices.SortFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	}
	return m
}

func (m *Masker) add(form string) {
	if len(form) < MinBytes {
		return
	}
	start := first(form)
	if slices.Contains(m.forms[start], form) {
		return
	}
	m.forms[start] = append(m.forms[start], form)
	bit := hash(start)
	m.filter[bit/64] |= 1 << (bit % 64)
	m.longest = max(m.longest, len(form))
}

// String is the text without values. Text that is long enough to have been cut also loses the beginning of a value at
// its end, and the end of one at its beginning.
func (m *Masker) String(text string) string {
	if m == nil {
		return text
	}
	spans := m.spans(text)
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	done := 0
	for _, s := range spans {
		if s.start >= done {
			b.WriteString(text[done:s.start])
			b.WriteString(Replacement)
		}
		done = max(done, s.end)
	}
	b.WriteString(text[done:])
	return valid(b.String(), text)
}

type span struct{ start, end int }

// spans is what has to go, by start.
func (m *Masker) spans(text string) []span {
	var spans []span
	from, to, body := 0, len(text), len(text)
	if len(text) >= cutBytes {
		from, to, body = m.edges(text)
	}
	if from > 0 {
		spans = append(spans, span{0, from})
	}
	for at, end := m.next(text, 0); at >= 0 && at < to; at, end = m.next(text, end) {
		spans = append(spans, span{at, end})
	}
	if to < body {
		spans = append(spans, span{to, body})
	}
	if cuts := m.cuts(text[:to]); len(cuts) > 0 {
		spans = append(spans, cuts...)
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	}
	return spans
}

// cuts are beginnings of values before an ellipsis: there a text was cut that is part of this one.
func (m *Masker) cuts(text string) []span {
	var spans []span
	for from := 0; ; {
		i := strings.Index(text[from:], ellipsis)
		if i < 0 {
			return spans
		}
		end := from + i
		if at := from + m.open(text[from:end], MinBytes); at < end {
			spans = append(spans, span{at, end})
		}
		from = end + len(ellipsis)
	}
}

// Bytes is String for bytes that need not be text.
func (m *Masker) Bytes(data []byte) []byte {
	if m == nil {
		return data
	}
	return []byte(m.String(string(data)))
}

// valid keeps what was UTF-8 UTF-8, should a value that is none have been found inside a character.
func valid(masked, before string) string {
	if utf8.ValidString(masked) || !utf8.ValidString(before) {
		return masked
	}
	return strings.ToValidUTF8(masked, "")
}

// next finds a value, with all others that overlap it; start is -1 when there is none.
func (m *Masker) next(text string, from int) (start, end int) {
	start = -1
	if len(text)-from < MinBytes {
		return start, 0
	}
	window := first(text[from:])
	for i := from; ; i++ {
		if start >= 0 && i >= end {
			return start, end
		}
		if n := m.match(text[i:], window); n > 0 {
			if start < 0 {
				start = i
			}
			end = max(end, i+n)
		}
		if i+MinBytes >= len(text) {
			return start, end
		}
		window = window>>8 | uint32(text[i+MinBytes])<<24
	}
}

// match is the length of the longest form that the text begins with.
func (m *Masker) match(text string, start uint32) int {
	if !m.mayBegin(start) {
		return 0
	}
	for _, form := range m.forms[start] {
		if strings.HasPrefix(text, form) {
			return len(form)
		}
	}
	return 0
}

// open is where the rest of the text, of at least so many bytes, is the beginning of a form that is longer than the
// rest; the length of the text when it is nowhere.
func (m *Masker) open(text string, least int) int {
	for i := max(0, len(text)-m.longest+1); i+least <= len(text); i++ {
		if m.begins(text[i:]) {
			return i
		}
	}
	return len(text)
}

func (m *Masker) begins(rest string) bool {
	longer := func(form string) bool { return len(form) > len(rest) && strings.HasPrefix(form, rest) }
	if len(rest) >= MinBytes {
		start := first(rest)
		return m.mayBegin(start) && slices.ContainsFunc(m.forms[start], longer)
	}
	for _, forms := range m.forms {
		if slices.ContainsFunc(forms, longer) {
			return true
		}
	}
	return false
}

// edges are where the end of a value ends at the beginning of the text, where the beginning of one starts at its end,
// and where that end is.
func (m *Masker) edges(text string) (from, to, body int) {
	body = len(strings.TrimSuffix(text, ellipsis))
	for _, forms := range m.forms {
		for _, form := range forms {
			from = max(from, endsInto(form, text))
		}
	}
	return from, m.open(text[:body], MinBytes), body
}

// endsInto is the length of the longest end of the form, of at least MinBytes and less than all, that the text begins
// with.
func endsInto(form, text string) int {
	for at := 1; ; at++ {
		i := strings.Index(form[at:], text[:MinBytes])
		if i < 0 {
			return 0
		}
		if at += i; strings.HasPrefix(text, form[at:]) {
			return len(form) - at
		}
	}
}

// mayBegin is false for nearly everything that no form begins with.
func (m *Masker) mayBegin(start uint32) bool {
	bit := hash(start)
	return m.filter[bit/64]&(1<<(bit%64)) != 0
}

func first(text string) uint32 {
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
}

// hash spreads the first bytes over the bits of the filter.
func hash(start uint32) uint32 { return start * 2654435761 >> 16 }
