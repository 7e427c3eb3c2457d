package workspace

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// wants is what the host needs of a manifest: the bodies that it has, and the
// digests of those that it asks for.
type wants struct {
	bodies  map[host.Digest][]byte
	pending map[host.Digest]bool
	ordered [][]byte
	size    int
}

// newWants goes through a manifest. Metadata that the gate refuses is not needed.
func newWants(o *outcome, held *definitions) *wants {
	w := &wants{bodies: map[host.Digest][]byte{}, pending: map[host.Digest]bool{}}
	had := held.bodies()
	for _, r := range o.repositories {
		if old := r.unchanged; old != nil {
			for _, j := range old.jobs {
				w.need(j.definition.digest, had)
				if o.allowed {
					w.need(j.metadata.digest, had)
				}
			}
			continue
		}
		if old := held.repository(r.name); old == nil || old.body != r.body {
			w.need(r.body, nil)
		}
		for _, j := range r.jobs {
			w.need(j.definition, had)
			if o.allowed {
				w.need(j.metadata, had)
			}
		}
	}
	return w
}

func (w *wants) need(d host.Digest, had map[host.Digest][]byte) {
	if d.IsZero() || w.pending[d] {
		return
	}
	if body, ok := had[d]; ok {
		w.keep(d, body)
		return
	}
	w.pending[d] = true
	w.ordered = append(w.ordered, d[:])
}

func (w *wants) keep(d host.Digest, body []byte) {
	if _, twice := w.bodies[d]; !twice {
		w.bodies[d] = body
		w.size += len(body)
	}
}

// messages are the requests for what is missing.
func (w *wants) messages() (messages []*usercodev1.GetDefinitionsRequest_Want) {
	for rest := w.ordered; len(rest) > 0; {
		n := min(len(rest), maxWantsPerMessage)
		messages = append(messages, &usercodev1.GetDefinitionsRequest_Want{BodyDigests: rest[:n]})
		rest = rest[n:]
	}
	return messages
}

// take keeps the bodies of a frame that were asked for, as they are, and says
// how many were not: those are dropped without a look inside.
func (w *wants) take(encoded frame) (discarded int, err error) {
	for b := []byte(encoded); len(b) > 0; {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return discarded, invalidf("a frame of bodies cannot be read")
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return discarded, invalidf("a frame of bodies cannot be read")
		}
		if num == 1 && typ == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(b[n:])
			if d := digestOf(body); w.pending[d] {
				delete(w.pending, d)
				// A copy, or one body would keep its whole frame in memory.
				w.keep(d, bytes.Clone(body))
			} else {
				discarded++
			}
		}
		b = b[n+size:]
	}
	if w.size > maxStreamBytes {
		return discarded, tooLargef("more than %d MiB", maxStreamBytes>>20)
	}
	return discarded, nil
}

// end checks that everything came.
func (w *wants) end() *fault {
	if n := len(w.pending); n > 0 {
		return invalidf("%d of %d bodies did not come, or are not what their digests say", n, len(w.ordered))
	}
	return nil
}
