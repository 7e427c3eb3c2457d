package api

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// maxEventFilter is how many op paths, and kinds, a watch may name.
const maxEventFilter = 100

// eventFilter says which events of a run a client wants. The zero value lets all pass.
type eventFilter struct{ ops, kinds, withoutKinds []string }

func eventFilterFrom(req *hostv1.WatchRunEventsRequest) (eventFilter, error) {
	f := eventFilter{ops: req.GetOpPaths(), kinds: req.GetKinds(), withoutKinds: req.GetWithoutKinds()}
	for what, n := range map[string]int{"op_paths": len(f.ops), "kinds": len(f.kinds), "without_kinds": len(f.withoutKinds)} {
		if n > maxEventFilter {
			return f, &host.Error{
				Code: host.Invalid, Reason: "EVENT_FILTER",
				Message: fmt.Sprintf("%s has %d entries; at most %d are allowed", what, n, maxEventFilter),
				Remedy:  "name a graph for all that is inside of it, or leave the list out for all events",
			}
		}
	}
	return f, nil
}

// all tells that no event is held back.
func (f eventFilter) all() bool { return len(f.ops)+len(f.kinds)+len(f.withoutKinds) == 0 }

// passes tells whether the client wants an event. One that cannot be read is of no kind and no op.
func (f eventFilter) passes(data []byte) bool {
	if f.all() {
		return true
	}
	kind, op := skim(data)
	switch {
	case slices.Contains(f.withoutKinds, kind):
		return false
	case len(f.kinds) > 0 && !slices.Contains(f.kinds, kind):
		return false
	case len(f.ops) == 0:
		return true
	case op != "":
		return f.wantsAny(op)
	default:
		return f.wantsAny(opsOf(data)...)
	}
}

func (f eventFilter) wantsAny(paths ...string) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		return slices.ContainsFunc(f.ops, func(of string) bool { return inside(path, of) })
	})
}

// inside tells whether an op path is another one, one of its instances, or inside of the graph with it.
func inside(path, of string) bool {
	for of != "" {
		switch {
		case path == "":
			return false
		case path[0] == of[0]:
			path, of = path[1:], of[1:]
		case path[0] == '[' && of[0] == '.': // of means all instances
			_, behind, closed := strings.Cut(path, "]")
			if !closed {
				return false
			}
			path = behind
		default:
			return false
		}
	}
	return path == "" || path[0] == '.' || path[0] == '['
}

// opsOf are the ops that an event without an op path is about: those that captured output may be of, and those of a map.
func opsOf(data []byte) []string {
	var e workerv1.Event
	if err := proto.Unmarshal(data, &e); err != nil {
		return nil
	}
	switch d := e.GetDetail().(type) {
	case *workerv1.Event_Captured:
		return d.Captured.GetCandidates()
	case *workerv1.Event_MapExpanded:
		return d.MapExpanded.GetOpPaths()
	default:
		return nil
	}
}

// Numbers of the fields of Event.
const (
	opPathField = 2
	kindField   = 5
)

// skim reads kind and op path of an encoded event, and nothing else.
func skim(data []byte) (kind, op string) {
	for rest := data; len(rest) > 0; {
		number, wire, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return "", ""
		}
		rest = rest[n:]
		size := protowire.ConsumeFieldValue(number, wire, rest)
		if size < 0 {
			return "", ""
		}
		if wire == protowire.BytesType && (number == opPathField || number == kindField) {
			value, _ := protowire.ConsumeBytes(rest)
			if number == kindField {
				kind = string(value)
			} else {
				op = string(value)
			}
		}
		rest = rest[size:]
	}
	return kind, op
}
