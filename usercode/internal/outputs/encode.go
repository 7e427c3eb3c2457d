package outputs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/output"
)

// encoded is an output as bytes, or why there are none.
type encoded struct {
	data      []byte // nil when notStored is set
	size      int64  // of data; room is taken for so many bytes
	digest    [32]byte
	codec     string
	notStored string
}

// fingerprint tells values apart.
type fingerprint struct {
	digest [32]byte
	codec  string
}

// Encode makes the bytes of an output while it is its op's alone, and waits until there is room for them.
func (k *Keeper) Encode(ctx context.Context, made engine.Made) any {
	k.forgetPrint(made.OpPath) // of what another run has stored for it
	if k.opts.Open == nil || len(made.Op.Outputs) == 0 || made.Op.Transient {
		return nil
	}
	e := &encoded{}
	data, codec, err := encodeAside(made.Op.Outputs[0], made.Output, limitOf(made.Op))
	if err != nil {
		e.notStored = said("It cannot be stored: " + err.Error())
		return e
	}
	e.size, e.digest, e.codec = int64(len(data)), sha256.Sum256(data), codec
	k.remember(made.OpPath, fingerprint{e.digest, codec})
	if !k.room.take(ctx, e.size) {
		e.notStored = "The run was canceled before it was stored"
		return e
	}
	e.data = data
	return e
}

func limitOf(op *spec.Op) int64 {
	if op.MaxOutput > 0 {
		return op.MaxOutput
	}
	return DefaultMaxBytes
}

// encodeAside encodes in a goroutine that may end: one that a codec ends with runtime.Goexit must not be the op's.
func encodeAside(port spec.Port, value any, limit int64) (data []byte, codec string, err error) {
	err = errors.New("its codec ended the goroutine with runtime.Goexit")
	done := make(chan struct{})
	go func() {
		defer close(done)
		data, codec, err = encode(port, value, limit)
	}()
	<-done
	return data, codec, err
}

// encode never panics, whatever the author's methods do.
func encode(port spec.Port, value any, limit int64) (data []byte, codec string, err error) {
	c := output.CodecOf(port.Go)
	w := &limited{left: limit}
	defer func() {
		switch p := recover(); {
		case p != nil:
			data, err = nil, fmt.Errorf("its codec %q panicked: %v", c.Name(), p)
		case w.over: // whatever the codec made of that
			data, err = nil, fmt.Errorf("it has more than %d bytes, which is the limit; return the name of a place that has it, or give the op a higher MaxOutput", limit)
		}
	}()
	if err := c.Encode(w, value); err != nil {
		return nil, "", err
	}
	if data = w.Bytes(); data == nil {
		data = []byte{}
	}
	return data, c.Name(), nil
}

// limited is a buffer that takes so many bytes and no more.
type limited struct {
	bytes.Buffer

	left int64
	over bool
}

var errOverLimit = errors.New("the output is larger than it may be")

func (l *limited) Write(p []byte) (int, error) {
	if l.over || int64(len(p)) > l.left {
		l.over = true
		return 0, errOverLimit
	}
	l.left -= int64(len(p))
	return l.Buffer.Write(p)
}
