package host

import "encoding/hex"

// Digest is the SHA-256 of a body's bytes as they came; the zero Digest means none.
type Digest [32]byte

// IsZero reports whether d names nothing.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns 64 hex digits, or "" for the zero Digest.
func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return hex.EncodeToString(d[:])
}

// DigestFrom reads the 32 bytes of a digest; anything else is the zero Digest.
func DigestFrom(b []byte) Digest {
	var d Digest
	if len(b) == len(d) {
		copy(d[:], b)
	}
	return d
}
