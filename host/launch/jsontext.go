package launch

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// jsonReader walks the tokens of a text that json.Valid has accepted, with places.
type jsonReader struct {
	*reader
	text []byte
	dec  *json.Decoder
	// at is the place of the byte at offset.
	offset int
	at     place
}

// readJSON reads a JSON text that json.Valid has accepted.
func (r *reader) readJSON(text []byte) *document {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	j := &jsonReader{reader: r, text: text, dec: dec, at: place{1, 1}}
	return j.value(1)
}

// next reads a token, and says where it begins.
func (j *jsonReader) next() (token json.Token, raw []byte, at place) {
	begin := int(j.dec.InputOffset())
	for begin < len(j.text) && strings.IndexByte(" \t\r\n,:", j.text[begin]) >= 0 {
		begin++
	}
	j.moveTo(begin)
	token, err := j.dec.Token()
	if err != nil {
		panic("read JSON that is valid: " + err.Error())
	}
	return token, j.text[begin:j.dec.InputOffset()], j.at
}

// moveTo moves the place forward to an offset.
func (j *jsonReader) moveTo(offset int) {
	for j.offset < offset {
		r, size := utf8.DecodeRune(j.text[j.offset:])
		if r == '\n' {
			j.at = place{j.at.line + 1, 1}
		} else {
			j.at.column++
		}
		j.offset += size
	}
}

func (j *jsonReader) value(depth int) *document {
	token, raw, at := j.next()
	d := &document{at: at}
	size := 0
	if _, container := token.(json.Delim); !container {
		size = len(raw)
	}
	if !j.count(at, size) {
		return nil
	}
	switch token := token.(type) {
	case json.Delim:
		if !j.deeper(at, depth) {
			return nil
		}
		if token == '{' {
			return j.object(d, depth)
		}
		return j.list(d, depth)
	case json.Number:
		number, problem := decimalNumber(token.String())
		if problem != "" {
			j.addf(at, "%s", problem)
		}
		d.scalar, d.typed = number, token.String()
	case string:
		d.scalar = j.whole(token, raw, at)
	default:
		d.scalar, d.typed = token, string(raw)
	}
	return d
}

func (j *jsonReader) object(d *document, depth int) *document {
	d.kind = objectKind
	for j.dec.More() {
		token, raw, at := j.next()
		key, _ := token.(string) // the decoder yields nothing else here
		key = j.whole(key, raw, at)
		if !j.count(at, len(raw)) {
			return nil
		}
		value := j.value(depth + 1)
		if value == nil {
			return nil
		}
		if first, ok := d.addMember(member{key: key, at: at, value: value}); !ok {
			j.addf(at, "the key %.64q is there already, on line %d; keep one of them", key, first.line)
		}
	}
	j.next()
	return d
}

func (j *jsonReader) list(d *document, depth int) *document {
	d.kind = listKind
	for j.dec.More() {
		item := j.value(depth + 1)
		if item == nil {
			return nil
		}
		d.items = append(d.items, item)
	}
	j.next()
	return d
}

// whole refuses half of a surrogate pair, which encoding/json would silently replace.
func (j *jsonReader) whole(text string, raw []byte, at place) string {
	replaced := strings.Count(text, string(utf8.RuneError))
	meant := bytes.Count(raw, []byte(string(utf8.RuneError))) + bytes.Count(bytes.ToLower(raw), []byte(`\ufffd`))
	if replaced > meant {
		j.addf(at, "the text holds half of a \\u surrogate pair; write the character itself, or both halves")
	}
	return text
}
