package workspace

import (
	"errors"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// turns is the stream under an exchange: the gRPC stream, or a script in tests.
type turns interface {
	Send(*usercodev1.GetDefinitionsRequest) error
	Recv() (frame, error)
	CloseSend() error
}

// exchange is one GetDefinitions stream, seen from the host: open, read the
// manifest, ask for what is missing and allowed, read the bodies.
type exchange struct {
	turns turns
	// progress is told what the peer must send next.
	progress func(what string)
	// gate says whether metadata may be fetched, by the report that comes with
	// these definitions; a fault ends the exchange.
	gate  func(opening *usercodev1.ServerInfo) (allowed bool, f *fault)
	names string // address, for messages
	// held are definitions whose bodies need not be sent again; nil when there
	// are none. What is held is not always offered, see location.load.
	held *definitions

	frames, bytes int
	// discarded is the number of bodies that came without being asked for.
	discarded int
}

// errReopen says that the gate opened since the exchange before: the host must
// ask again without its digests, or it would not learn of the bodies that it
// may have now.
var errReopen = errors.New("open again without digests")

// outcome is what an exchange brought.
type outcome struct {
	opening *usercodev1.ServerInfo
	allowed bool
	// same says that the server has what the host has; the rest is unset then.
	same         bool
	root         host.Digest
	repositories []*manifestRepository
	// bodies are all that the repositories name and that are allowed, also
	// those that the host had.
	bodies map[host.Digest][]byte
}

// run makes the exchange. prior is what the host says that it has, nil to be
// told of everything.
func (x *exchange) run(hostInfo *usercodev1.HostInfo, prior *definitions) (*outcome, error) {
	if err := x.open(hostInfo, prior); err != nil {
		return nil, err
	}
	first, err := x.recv()
	if err != nil {
		return nil, err
	}
	if first.opening == nil {
		return nil, invalidf("the first frame is not the opening")
	}
	o := &outcome{opening: first.opening.GetServer()}
	var f *fault
	if o.allowed, f = x.gate(o.opening); f != nil {
		return nil, f
	}
	if prior != nil && o.allowed && !prior.allowed() {
		return nil, errReopen
	}
	return o, x.read(o, prior)
}

func (x *exchange) open(hostInfo *usercodev1.HostInfo, prior *definitions) error {
	open := &usercodev1.GetDefinitionsRequest_Open{Host: hostInfo}
	if prior != nil {
		open.HaveDefinitionsDigest = prior.root[:]
		for _, r := range prior.repositories {
			open.HaveRepositoryDigests = append(open.HaveRepositoryDigests, r.digest[:])
		}
	}
	return x.turns.Send(&usercodev1.GetDefinitionsRequest{Message: &usercodev1.GetDefinitionsRequest_Open_{Open: open}})
}

// read reads everything after the opening.
func (x *exchange) read(o *outcome, prior *definitions) error {
	x.progress("the manifest")
	m := newManifest(prior)
	for {
		r, err := x.recv()
		switch {
		case err != nil:
			return err
		case r.manifest != nil:
			if f := m.add(r.manifest); f != nil {
				return f
			}
		case r.manifestEnd != nil:
			var f *fault
			if o.repositories, o.root, f = m.end(r.manifestEnd); f != nil {
				return f
			}
			if f := matchRoot(o.opening.GetDefinitionsDigest(), o.root, "reports"); f != nil {
				return f
			}
			return x.fetch(o)
		case r.closing != nil && m.jobs == 0 && len(m.byName) == 0 && prior != nil:
			// Nothing but opening and closing: all is as before.
			o.same, o.root = true, prior.root
			return x.close(o, r.closing)
		default:
			return invalidf("the manifest is not followed by its end")
		}
	}
}

// fetch asks for the bodies that are missing and allowed, and reads them.
func (x *exchange) fetch(o *outcome) error {
	w := newWants(o, x.held)
	for _, want := range w.messages() {
		if err := x.turns.Send(&usercodev1.GetDefinitionsRequest{Message: &usercodev1.GetDefinitionsRequest_Want_{Want: want}}); err != nil {
			return err
		}
	}
	if err := x.turns.CloseSend(); err != nil {
		return err
	}
	for {
		x.progress("the next frame of definitions")
		r, err := x.recv()
		switch {
		case err != nil:
			return err
		case r.bodies != nil:
			n, err := w.take(r.bodies)
			if x.discarded += n; x.discarded > maxElements {
				return tooLargef("more than %d bodies that nobody asked for", maxElements)
			}
			if err != nil {
				return err
			}
		case r.closing != nil:
			if f := w.end(); f != nil {
				return f
			}
			o.bodies = w.bodies
			return x.finish(o, r.closing)
		default:
			return invalidf("the bodies are not followed by the closing")
		}
	}
}

// close ends an exchange in which the host had everything.
func (x *exchange) close(o *outcome, c *usercodev1.GetDefinitionsResponse_Closing) error {
	if f := matchRoot(o.opening.GetDefinitionsDigest(), o.root, "reports"); f != nil {
		return f
	}
	if err := x.turns.CloseSend(); err != nil {
		return err
	}
	return x.finish(o, c)
}

// finish checks the closing and waits for the stream's end.
func (x *exchange) finish(o *outcome, c *usercodev1.GetDefinitionsResponse_Closing) error {
	if f := matchRoot(c.GetDefinitionsDigest(), o.root, "closes with"); f != nil {
		return f
	}
	x.progress("the end of the exchange")
	if _, err := x.turns.Recv(); err == nil {
		return invalidf("something follows the closing")
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// matchRoot compares a digest that the server gave with the one computed here.
// A server that gives none says nothing that could be wrong.
func matchRoot(given []byte, computed host.Digest, does string) *fault {
	if len(given) > 0 && host.DigestFrom(given) != computed {
		return invalidf("the server %s another digest than that of its definitions", does)
	}
	return nil
}

// received is one frame; exactly one field is set.
type received struct {
	opening     *usercodev1.GetDefinitionsResponse_Opening
	manifest    *usercodev1.GetDefinitionsResponse_Manifest
	manifestEnd *usercodev1.GetDefinitionsResponse_ManifestEnd
	closing     *usercodev1.GetDefinitionsResponse_Closing
	// bodies is the encoded Bodies message, which is not decoded as a whole.
	bodies frame
}

// bodiesField is the number of GetDefinitionsResponse.bodies.
const bodiesField = 4

var responseDescriptor = (&usercodev1.GetDefinitionsResponse{}).ProtoReflect().Descriptor()

// recv reads the next frame that this host knows. Frames of a newer server's
// kinds are passed over.
func (x *exchange) recv() (received, error) {
	for {
		raw, err := x.turns.Recv()
		if errors.Is(err, io.EOF) {
			return received{}, negotiationFault(false, sameRemedy, "%s ended the exchange of definitions before its closing.", x.names)
		}
		if err != nil {
			return received{}, err
		}
		x.frames++
		x.bytes += len(raw)
		if x.bytes > maxStreamBytes {
			return received{}, tooLargef("more than %d MiB", maxStreamBytes>>20)
		}
		if x.frames > maxFrames {
			return received{}, tooLargef("more than %d frames", maxFrames)
		}
		r, known, f := decodeFrame(raw)
		if f != nil {
			return received{}, f
		}
		if known {
			return r, nil
		}
	}
}

// decodeFrame decodes a frame, after counting what is in it.
func decodeFrame(raw frame) (r received, known bool, f *fault) {
	arms := 0
	for b := []byte(raw); len(b) > 0; {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return r, false, invalidf("a frame cannot be read")
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return r, false, invalidf("a frame cannot be read")
		}
		if typ == protowire.BytesType && responseDescriptor.Fields().ByNumber(num) != nil {
			arms++
			if num == bodiesField {
				inner, _ := protowire.ConsumeBytes(b[n:])
				r.bodies = frame(inner)
				if inner == nil {
					r.bodies = frame{}
				}
			}
		}
		b = b[n+size:]
	}
	switch {
	case arms == 0:
		return received{}, false, nil
	case arms > 1:
		return received{}, false, invalidf("a frame holds several things")
	case r.bodies != nil:
		return r, true, nil
	}
	if err := newBudget().scan(raw, responseDescriptor); err != nil {
		return received{}, false, tooLargef("a frame of the manifest: %v", err)
	}
	var m usercodev1.GetDefinitionsResponse
	if err := proto.Unmarshal(raw, &m); err != nil {
		return received{}, false, invalidf("a frame cannot be read")
	}
	r.opening, r.manifest, r.manifestEnd, r.closing = m.GetOpening(), m.GetManifest(), m.GetManifestEnd(), m.GetClosing()
	return r, true, nil
}
