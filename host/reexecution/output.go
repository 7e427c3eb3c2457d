package reexecution

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Encode makes the body of outputs that a run takes, and its digest. The same outputs in any order make the same body;
// none make the zero Digest.
func Encode(outputs []*workerv1.StoredOutput) (host.Digest, []byte) {
	if len(outputs) == 0 {
		return host.Digest{}, nil
	}
	sorted := slices.SortedFunc(slices.Values(outputs), func(a, b *workerv1.StoredOutput) int {
		return cmp.Compare(a.GetOpPath(), b.GetOpPath())
	})
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(&workerv1.StoredOutputs{Outputs: sorted})
	if err != nil {
		panic("encode outputs: " + err.Error()) // only invalid UTF-8 fails, and they were decoded before
	}
	return sha256.Sum256(body), body
}

// Decode reads a body of Encode.
func Decode(body []byte) ([]*workerv1.StoredOutput, error) {
	var all workerv1.StoredOutputs
	if err := proto.Unmarshal(body, &all); err != nil {
		return nil, fmt.Errorf("outputs that a run takes: %w", err)
	}
	return all.GetOutputs(), nil
}
