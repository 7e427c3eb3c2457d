package outputs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/output"
)

// Stored tells whether another run has an output in place of the op's.
func (k *Keeper) Stored(opPath string) bool { return k.stored[opPath] != nil }

// Load reads it. The error says where it should be and what to do.
func (k *Keeper) Load(ctx context.Context, op *spec.Op, opPath string) (any, error) {
	s := k.stored[opPath]
	if s == nil || len(op.Outputs) == 0 {
		return nil, fmt.Errorf("no run has stored an output of op %s; execute the op, too", opPath)
	}
	value, err := k.read(ctx, op.Outputs[0], s.GetOutput())
	if err != nil {
		return nil, fmt.Errorf("the output of op %s that run %s has stored at %s cannot be used: %w; execute %s again, too",
			opPath, s.GetRunId(), s.GetOutput().GetAddress(), err, opPath)
	}
	return value, nil
}

// read gets the bytes of an output, checks that they are those that were stored, and makes the value of them.
func (k *Keeper) read(ctx context.Context, port spec.Port, o *workerv1.Output) (any, error) {
	codec, err := codecFor(port, o.GetCodec())
	if err != nil {
		return nil, err
	}
	size := int64(o.GetSize())
	if size < 0 || size > maxStoredBytes || len(o.GetDigest()) != sha256.Size {
		return nil, fmt.Errorf("what the host knows of it makes no sense (%d bytes, digest %x)", o.GetSize(), o.GetDigest())
	}
	var data []byte
	err = k.call(ctx, size, func(ctx context.Context, s output.Store) (err error) {
		data, err = s.Get(ctx, o.GetAddress(), size)
		return err
	})
	switch {
	case errors.Is(err, output.ErrNotFound):
		return nil, errors.New("the output store does not have it (any more)")
	case err != nil:
		return nil, err
	}
	if digest := sha256.Sum256(data); !bytes.Equal(digest[:], o.GetDigest()) {
		return nil, fmt.Errorf("its bytes are damaged: their SHA-256 is %x, and %x was stored", digest, o.GetDigest())
	}
	value, err := decode(codec, port, data)
	if err != nil {
		return nil, fmt.Errorf("codec %q cannot read it as a %s, perhaps because the type has changed since: %w", codec.Name(), port.Type, err)
	}
	return value, nil
}

// codecFor finds the codec that an output was written with. The type may have got one of its own since.
func codecFor(port spec.Port, name string) (output.Codec, error) {
	codec := output.CodecOf(port.Go)
	if name == output.JSON.Name() {
		codec = output.JSON
	}
	if codec.Name() != name {
		return nil, fmt.Errorf("it was written with codec %q, and the codec of %s is %q", name, port.Type, codec.Name())
	}
	return codec, nil
}

// decode never panics, whatever the author's methods do.
func decode(codec output.Codec, port spec.Port, data []byte) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			value, err = nil, fmt.Errorf("it panicked: %v", p)
		}
	}()
	into := reflect.New(port.Go)
	if err := codec.Decode(bytes.NewReader(data), into.Interface()); err != nil {
		return nil, err
	}
	return into.Elem().Interface(), nil
}

// Given tells whether the run config gives the value of an input.
func (k *Keeper) Given(opPath, input string) bool { return k.given(opPath, input) != nil }

// Literal is that value, the caller's own.
func (k *Keeper) Literal(op *spec.Op, opPath, input string) (any, error) {
	text := k.given(opPath, input)
	i := slices.IndexFunc(op.Inputs, func(p spec.Port) bool { return p.Name == input })
	if text == nil || i < 0 {
		return nil, fmt.Errorf("the run config has no inputs.%s.%s", opPath, input)
	}
	value, err := spec.DecodeInput(op.Inputs[i], text)
	if err != nil {
		return nil, fmt.Errorf("inputs.%s.%s: %w", opPath, input, err)
	}
	return value, nil
}

func (k *Keeper) given(opPath, input string) []byte { return k.opts.Given[opPath][input] }
