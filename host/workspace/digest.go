package workspace

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/penstock-run/penstock/host"
)

// digestOf is the digest of a body.
func digestOf(body []byte) host.Digest { return sha256.Sum256(body) }

// summer is a running digest over items, each preceded by its length as 4
// bytes big-endian.
type summer struct{ hash.Hash }

func newSummer() summer { return summer{sha256.New()} }

func (s summer) item(b []byte) {
	var size [4]byte
	binary.BigEndian.PutUint32(size[:], uint32(len(b)))
	s.Write(size[:])
	s.Write(b)
}

// digest adds a digest as an item; an absent one has length 0.
func (s summer) digest(d host.Digest) {
	if d.IsZero() {
		s.item(nil)
		return
	}
	s.item(d[:])
}

func (s summer) sum() host.Digest { return host.DigestFrom(s.Sum(nil)) }

// repositoryDigest is the digest of a repository: its body, then each job in
// byte order of name. Jobs must be sorted.
func repositoryDigest(body host.Digest, jobs []manifestJob) host.Digest {
	s := newSummer()
	s.digest(body)
	for _, j := range jobs {
		s.item([]byte(j.name))
		s.digest(j.definition)
		s.digest(j.metadata)
	}
	return s.sum()
}
