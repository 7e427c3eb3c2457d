package boltstore

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// minHex is the least length of a run of hex digits that is folded.
const minHex = 32

var errFold = errors.New("its folded text ends early")

// foldHex writes long runs of hex digits in lower case, which are the names of outputs and ids of runs, as the bytes that
// they stand for. An output's event names its digest twice, as bytes and as text; compression sees only then that these
// are the same, and events of runs with outputs take a quarter less.
//
// The result is text and bytes in turn, each after its length as a varint, beginning and ending with text.
func foldHex(p []byte) []byte {
	folded := make([]byte, 0, len(p)+binary.MaxVarintLen64)
	from := 0 // what is before is folded
	for i := 0; i < len(p); i++ {
		if !hexDigit[p[i]] {
			continue
		}
		begin := i
		for i < len(p) && hexDigit[p[i]] {
			i++
		}
		n := (i - begin) &^ 1
		if n < minHex {
			continue
		}
		folded = appendSized(folded, p[from:begin])
		folded = binary.AppendUvarint(folded, uint64(n/2))
		at := len(folded)
		folded = append(folded, p[begin:begin+n/2]...) // room
		_, _ = hex.Decode(folded[at:], p[begin:begin+n])
		from = begin + n
	}
	return appendSized(folded, p[from:])
}

// unfoldHex undoes foldHex.
func unfoldHex(folded []byte) (p []byte, err error) {
	for text := true; ; text = !text {
		n, used := binary.Uvarint(folded)
		if used <= 0 || n > uint64(len(folded)-used) {
			return nil, errFold
		}
		part := folded[used : used+int(n)]
		folded = folded[used+int(n):]
		switch {
		case !text:
			p = hex.AppendEncode(p, part)
		case len(folded) == 0:
			return append(p, part...), nil
		default:
			p = append(p, part...)
		}
	}
}

func appendSized(to, p []byte) []byte { return append(binary.AppendUvarint(to, uint64(len(p))), p...) }

// hexDigit are the digits of hex in lower case.
var hexDigit = func() (is [256]bool) {
	for _, c := range []byte("0123456789abcdef") {
		is[c] = true
	}
	return is
}()
