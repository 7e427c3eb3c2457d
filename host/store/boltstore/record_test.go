package boltstore

import (
	"bytes"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestRecordsAreBoundToTheirKey(t *testing.T) {
	value := pack([]byte("a"), []byte("payload"))
	if got, err := unpack("b", []byte("a"), value); err != nil || string(got) != "payload" {
		t.Errorf("unpack = %q, %v", got, err)
	}
	_, err := unpack("b", []byte("b"), value)
	wantReason(t, "unpack under another key", err, host.Internal, reasonDamaged)
}

func TestRecordsAreCompressedWhenItPays(t *testing.T) {
	for name, c := range map[string]struct {
		payload []byte
		want    byte
	}{
		"Empty": {nil, formatPlain},
		"Short": {bytes.Repeat([]byte("a"), compressFrom-1), formatPlain},
		"Text":  {bytes.Repeat([]byte("text "), compressFrom), formatZstd},
		"Dense": {dense(4 * compressFrom), formatPlain},
	} {
		value := pack([]byte("key"), c.payload)
		if value[4] != c.want {
			t.Errorf("%s: format %d, want %d", name, value[4], c.want)
		}
		if got, err := unpack("b", []byte("key"), value); err != nil || !bytes.Equal(got, c.payload) {
			t.Errorf("%s: unpack = %d bytes, %v; want %d", name, len(got), err, len(c.payload))
		}
	}
}

// FuzzUnpack feeds what a disk may return, with a checksum that fits, so that the decoders behind it are reached too.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{formatPlain}, true)
	f.Add(pack(nil, bytes.Repeat([]byte("text "), 200))[4:], true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, rest []byte, sum bool) {
		key := seqKey(1)
		value := append(make([]byte, 4), rest...)
		if sum && len(rest) > 0 {
			crc := checksum(key, rest)
			value[0], value[1], value[2], value[3] = byte(crc>>24), byte(crc>>16), byte(crc>>8), byte(crc)
		}
		payload, err := unpack("fuzz", key, value)
		if err != nil {
			if host.ReasonOf(err) != reasonDamaged {
				t.Errorf("unpack = %v", err)
			}
			return
		}
		if again, err := unpack("fuzz", key, pack(key, payload)); err != nil || !bytes.Equal(again, payload) {
			t.Errorf("what was read cannot be stored again: %v", err)
		}
		_, _, _ = decodeRun(key, value)
		_, _ = unpackEvents(bucketEvents, key, value)
	})
}

// dense makes bytes that do not get shorter.
func dense(n int) (b []byte) {
	for d := digestOf(nil); len(b) < n; d = digestOf(d[:]) {
		b = append(b, d[:]...)
	}
	return b[:n]
}
