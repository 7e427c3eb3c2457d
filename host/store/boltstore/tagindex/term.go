package tagindex

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// MaxTermBytes is how long the key and the value of a term may be together. A longer one cannot be stored.
const MaxTermBytes = 8 << 10

// Term is something that a document has: a value of a key. Kinds keep apart what comes from different places, such as tags
// and fields. A document may have several values of a key.
type Term struct {
	Kind       byte
	Key, Value string
}

// field is a key of a kind, of which documents have values.
type field struct {
	kind byte
	key  string
}

func (t Term) field() field { return field{kind: t.Kind, key: t.Key} }

// text orders fields as their postings are ordered.
func (f field) text() string { return string([]byte{f.kind}) + f.key }

func fieldOf(text string) field { return field{kind: text[0], key: text[1:]} }

// posting names a set of documents of a chunk: those that have a value of a field, or those that have the field at all.
type posting struct {
	field

	value string
	// has is the posting of the field, without a value.
	has bool
}

func (t Term) posting() posting { return posting{field: t.field(), value: t.Value} }

func (f field) posting() posting { return posting{field: f, has: true} }

// What stands between key and value. A 0x00 in a key is followed by keyZero, so that a key sorts before all that begin
// with it, its own posting comes before those of its values, and pastField is behind them.
const (
	hasField  byte = 0x00
	hasValue  byte = 0x01
	pastField byte = 0x02
	keyZero   byte = 0xff
)

const chunkLen = 4

// chunkOf is the chunk of a key of bucket post.
func chunkOf(k []byte) uint32 { return binary.BigEndian.Uint32(k) }

// chunkKey is the key of a chunk in bucket dead, and what the keys of its postings begin with.
func chunkKey(chunk uint32) []byte { return binary.BigEndian.AppendUint32(nil, chunk) }

// key is the posting's key in bucket post.
func (p posting) key(chunk uint32) []byte {
	k := make([]byte, 0, chunkLen+1+len(p.field.key)+2+len(p.value))
	if p.has {
		return p.appendKey(k, chunk, hasField)
	}
	return append(p.appendKey(k, chunk, hasValue), p.value...)
}

// appendKey appends what the keys of a field's postings begin with.
func (f field) appendKey(k []byte, chunk uint32, mark byte) []byte {
	k = append(binary.BigEndian.AppendUint32(k, chunk), f.kind)
	for i := range len(f.key) {
		if k = append(k, f.key[i]); f.key[i] == 0 {
			k = append(k, keyZero)
		}
	}
	return append(k, 0, mark)
}

// appendKeyPrefix appends what the keys of all fields begin with whose key begins with that of f.
func (f field) appendKeyPrefix(k []byte, chunk uint32) []byte {
	k = f.appendKey(k, chunk, 0)
	return k[:len(k)-2]
}

// parseKey reads a key of bucket post.
func parseKey(k []byte) (chunk uint32, p posting, err error) {
	if len(k) < chunkLen+1 {
		return 0, posting{}, fmt.Errorf("%d bytes are no key", len(k))
	}
	chunk, p.kind = binary.BigEndian.Uint32(k), k[chunkLen]
	rest := k[chunkLen+1:]
	var key []byte
	for {
		i := bytes.IndexByte(rest, 0)
		if i < 0 || i+1 == len(rest) {
			return 0, posting{}, fmt.Errorf("key %x has no end of its name", k)
		}
		key = append(key, rest[:i]...)
		mark := rest[i+1]
		rest = rest[i+2:]
		switch {
		case mark == keyZero:
			key = append(key, 0)
		case mark == hasValue:
			p.field.key, p.value = string(key), string(rest)
			return chunk, p, nil
		case mark == hasField && len(rest) == 0:
			p.field.key, p.has = string(key), true
			return chunk, p, nil
		default:
			return 0, posting{}, fmt.Errorf("key %x has a name that ends with %#x", k, mark)
		}
	}
}

func (p posting) String() string {
	if p.has {
		return fmt.Sprintf("kind %#x key %q", p.kind, p.field.key)
	}
	return fmt.Sprintf("kind %#x key %q value %q", p.kind, p.field.key, p.value)
}
