package output

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
)

// Codec turns values of a type into bytes and back. It must be safe for concurrent use.
type Codec interface {
	// Name is stored with each output, so it stays what it is as long as outputs are kept: one that writes another
	// format has another name. Lower-case letters, digits, '_', '-' and '.', at most 63.
	Name() string
	// Encode writes value, which is of the type that the codec is registered for. It must not keep it. Equal values
	// should yield equal bytes: memoization compares them. The writer refuses more than an output may have; Encode
	// returns that error.
	Encode(w io.Writer, value any) error
	// Decode reads what Encode has written, to the end of r, into the value that the pointer into points to.
	Decode(r io.Reader, into any) error
}

// codecs are those that were registered, by type.
var codecs struct {
	sync.RWMutex
	byType map[reflect.Type]Codec
	wrong  []error
}

// RegisterCodec makes c the codec of outputs whose Go type, as the op's function declares it, is T. Call it from init
// or from a package variable of the package that has the type. What is wrong with it is reported with the
// definitions; see [Err].
func RegisterCodec[T any](c Codec) {
	t := reflect.TypeFor[T]()
	codecs.Lock()
	defer codecs.Unlock()
	wrong := func(format string, args ...any) {
		codecs.wrong = append(codecs.wrong, fmt.Errorf("codec of %v: %w", t, fmt.Errorf(format, args...)))
	}
	if c == nil {
		wrong("it is nil")
		return
	}
	if name := c.Name(); !codecName(name) {
		wrong("its name %q is not 1 to 63 lower-case letters, digits, '_', '-' and '.'", name)
		return
	} else if name == JSON.Name() && c != JSON {
		wrong("the name %q is that of the codec that others have; choose another", name)
		return
	}
	if before := codecs.byType[t]; before != nil {
		wrong("there are two, %q and %q; keep one", before.Name(), c.Name())
		return
	}
	if codecs.byType == nil {
		codecs.byType = map[reflect.Type]Codec{}
	}
	codecs.byType[t] = c
}

// CodecOf is the codec of a type: the registered one, or [JSON].
func CodecOf(t reflect.Type) Codec {
	codecs.RLock()
	defer codecs.RUnlock()
	if c := codecs.byType[t]; c != nil {
		return c
	}
	return JSON
}

func codecName(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == ""
}
