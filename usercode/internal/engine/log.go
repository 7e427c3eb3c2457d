package engine

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode"

	"google.golang.org/protobuf/proto"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/usercode/metadata"
)

const (
	maxAttributeBytes = maxEventBytes - maxMessageBytes - 8<<10 // the rest of the event is small
	maxGroupDepth     = 16
	// truncatedKey is the attribute that says how many others were left out.
	truncatedKey = "attributes_left_out"
)

// newLogger makes the logger of one attempt of an op: records of every level become events of kind log, attributes their metadata,
// with the names of groups before a dot.
func newLogger(emit *emitter, opPath string, opAttempt int) *slog.Logger {
	return slog.New(&logHandler{emit: emit, opPath: opPath, opAttempt: opAttempt})
}

// logHandler is immutable, as slog asks.
type logHandler struct {
	emit      *emitter
	opPath    string
	opAttempt int
	prefix    string // of groups, with its dot
	with      metadata.List
}

func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	inner := *h
	inner.prefix += name + "."
	return &inner
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	inner := *h
	inner.with = slices.Clone(h.with)
	for _, a := range attrs {
		inner.with = appendAttr(inner.with, h.prefix, a, 0)
	}
	return &inner
}

func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	list := slices.Clone(h.with)
	r.Attrs(func(a slog.Attr) bool {
		list = appendAttr(list, h.prefix, a, 0)
		return true
	})
	h.emit.op(h.opPath, h.opAttempt, &workerv1.Event{
		Kind:    "log",
		Message: clean(r.Message, maxMessageBytes),
		Detail:  &workerv1.Event_Log{Log: &workerv1.LogRecord{Level: int32(r.Level), Attributes: entries(list)}},
	})
	return nil
}

// appendAttr adds an attribute, or those of a group. A key that is there already gets the later value.
func appendAttr(list metadata.List, prefix string, a slog.Attr, depth int) metadata.List {
	v := a.Value.Resolve()
	if a.Key == "" && v.Kind() == slog.KindAny && v.Any() == nil {
		return list // the zero Attr
	}
	if v.Kind() == slog.KindGroup && depth < maxGroupDepth {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range v.Group() {
			list = appendAttr(list, prefix, inner, depth+1)
		}
		return list
	}
	entry := metadata.Entry{Key: attributeKey(prefix + a.Key), Value: attributeValue(v)}
	if i := slices.IndexFunc(list, func(e metadata.Entry) bool { return e.Key == entry.Key }); i >= 0 {
		list[i] = entry
		return list
	}
	return append(list, entry)
}

func attributeKey(key string) string {
	if key == "" {
		return "(no key)"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, clean(key, metadata.MaxKeyBytes/3)) // a control character grows to three bytes
}

// attributeValue never fails: what has no kind of its own, or is over a limit, becomes text.
func attributeValue(v slog.Value) metadata.Value {
	var value metadata.Value
	switch v.Kind() {
	case slog.KindString:
		return text(v.String())
	case slog.KindDuration:
		return text(v.Duration().String())
	case slog.KindInt64:
		return metadata.Int(v.Int64())
	case slog.KindUint64:
		return metadata.Int(v.Uint64())
	case slog.KindFloat64:
		return metadata.Float(v.Float64())
	case slog.KindBool:
		return metadata.Bool(v.Bool())
	case slog.KindTime:
		value = metadata.Timestamp(v.Time())
	default:
		if err, ok := v.Any().(error); ok {
			return text(errorText(err))
		}
		value, _ = metadata.Of(v.Any())
	}
	if value.Err() != nil {
		return text(fmt.Sprintf("%+v", v.Any()))
	}
	return value
}

func text(s string) metadata.Value { return metadata.Text(clean(s, metadata.MaxTextBytes)) }

// entries keeps as many attributes as an event may carry, and says how many it left out.
func entries(list metadata.List) []*metadatav1.Entry {
	var kept []*metadatav1.Entry
	size, left := 0, 0
	for _, e := range list {
		entry := wire.Entry(e.Key, e.Value)
		n := proto.Size(entry)
		if size+n > maxAttributeBytes || len(kept) == metadata.MaxEntries-1 {
			left++
			continue
		}
		size += n
		kept = append(kept, entry)
	}
	if left > 0 {
		kept = append(kept, wire.Entry(truncatedKey, metadata.Int(left)))
	}
	return kept
}
