package wire

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Digest is the SHA-256 of a body's bytes, or one of the two formulas below; the zero Digest means none.
type Digest [sha256.Size]byte

// DigestOf is the digest of a body; the zero Digest when there is none.
func DigestOf(body []byte) Digest {
	if body == nil {
		return Digest{}
	}
	return sha256.Sum256(body)
}

// Bytes is the digest as it is sent: 32 bytes, or none for the zero Digest.
func (d Digest) Bytes() []byte {
	if d == (Digest{}) {
		return nil
	}
	return slices.Clone(d[:])
}

// String is 64 hex digits, or empty for the zero Digest.
func (d Digest) String() string { return hex.EncodeToString(d.Bytes()) }

// RepositoryDigest is the digest of a repository: of its own body's digest, then for each job in byte order of name
// its name and two digests. The order of the jobs given does not matter.
func RepositoryDigest(body []byte, jobs []*usercodev1.GetDefinitionsResponse_Job) Digest {
	jobs = slices.Clone(jobs)
	slices.SortFunc(jobs, func(a, b *usercodev1.GetDefinitionsResponse_Job) int { return cmp.Compare(a.GetName(), b.GetName()) })
	h := sha256.New()
	writeItem(h, body)
	for _, j := range jobs {
		writeItem(h, []byte(j.GetName()))
		writeItem(h, j.GetDefinitionDigest())
		writeItem(h, j.GetMetadataDigest())
	}
	return Digest(h.Sum(nil))
}

// RootDigest is the digest of all definitions: of each repository's name and digest, by name.
func RootDigest(repositories map[string]Digest) Digest {
	names := make([]string, 0, len(repositories))
	for name := range repositories {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		writeItem(h, []byte(name))
		writeItem(h, repositories[name].Bytes())
	}
	return Digest(h.Sum(nil))
}

// writeItem writes the length before the item, so that no two lists of items have the same bytes.
func writeItem(h hash.Hash, item []byte) {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(item)))
	h.Write(length[:])
	h.Write(item)
}
