package workspace

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Fields of RepositoryDefinition, and of a schedule or sensor in it.
const (
	schedulesField      = 4
	sensorsField        = 5
	automationNameField = 1
)

// repositoryAutomation is the schedules and sensors of a repository, decoded
// each kind once, and only when somebody may see that kind. It is shared by the
// definitions in which the repository's body is the same.
type repositoryAutomation struct {
	body      []byte
	schedules func() automationList
	sensors   func() automationList
}

// automationList is one kind of a repository's automation, as it came.
type automationList struct {
	items []automationItem
	// notice says what of it is not looked at; empty most of the time.
	notice string
}

// automationItem is a schedule or a sensor.
type automationItem struct {
	name       string
	definition proto.Message // nil when nothing of it can be read
	body       []byte
	digest     host.Digest
	err        error
}

// automationCount counts what a gate withholds.
type automationCount struct{ schedules, sensors uint32 }

func newRepositoryAutomation(body []byte) *repositoryAutomation {
	return &repositoryAutomation{
		body: body,
		schedules: sync.OnceValue(func() automationList {
			return listOf(body, schedulesField, "schedules", func() (proto.Message, func() error) {
				def := &usercodev1.ScheduleDefinition{}
				return def, func() error { return checkSchedule(def) }
			})
		}),
		sensors: sync.OnceValue(func() automationList {
			return listOf(body, sensorsField, "sensors", func() (proto.Message, func() error) {
				def := &usercodev1.SensorDefinition{}
				return def, func() error { return checkSensor(def) }
			})
		}),
	}
}

// count counts both kinds without decoding them.
func (a *repositoryAutomation) count() (n automationCount) {
	_ = eachField(a.body, func(num protowire.Number, typ protowire.Type, _, _ []byte) bool {
		switch {
		case typ != protowire.BytesType:
		case num == schedulesField:
			n.schedules++
		case num == sensorsField:
			n.sensors++
		}
		return true
	}) // what follows damage does not count
	return n
}

// listOf decodes one kind, item by item: one that is damaged or unfit spoils
// only itself. The limits of elements are those of the body.
func listOf(body []byte, field protowire.Number, kind string, empty func() (proto.Message, func() error)) (list automationList) {
	left := newBudget()
	err := eachField(body, func(num protowire.Number, typ protowire.Type, _, value []byte) bool {
		if num != field || typ != protowire.BytesType {
			return true
		}
		if len(list.items) == maxAutomations {
			list.notice = fmt.Sprintf("only the first %d %s are looked at", maxAutomations, kind)
			return false
		}
		encoded, _ := protowire.ConsumeBytes(value)
		m, check := empty()
		list.items = append(list.items, itemOf(encoded, len(list.items)+1, left, m, check))
		return true
	})
	if err != nil {
		list.notice = fmt.Sprintf("what follows %d %s is damaged", len(list.items), kind)
	}
	return list
}

// itemOf decodes the nth item. One whose name cannot be used is called "#" and its place.
func itemOf(encoded []byte, n int, left *budget, m proto.Message, check func() error) automationItem {
	item := automationItem{name: nameIn(encoded), body: encoded, digest: digestOf(encoded)}
	if item.err = left.scan(encoded, m.ProtoReflect().Descriptor()); item.err == nil {
		if proto.Unmarshal(encoded, m) != nil {
			item.err = errors.New("it is damaged, or holds text that is not UTF-8")
		} else {
			item.definition = m
			item.err = check()
		}
	}
	if !validName(item.name) || strings.HasPrefix(item.name, "#") {
		if item.err == nil {
			item.err = fmt.Errorf("it is called %s", quoted(item.name))
		}
		item.name = "#" + strconv.Itoa(n)
	}
	return item
}

// nameIn is the name in an encoded schedule or sensor, as far as it can be found.
func nameIn(encoded []byte) (name string) {
	_ = eachField(encoded, func(num protowire.Number, typ protowire.Type, _, value []byte) bool {
		if num == automationNameField && typ == protowire.BytesType {
			text, _ := protowire.ConsumeBytes(value)
			name = string(text)
		}
		return true
	}) // what was found before damage is it
	return name
}
