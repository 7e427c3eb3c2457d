package launch

import (
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

var originWire = map[tag.Origin]tagv1.Origin{
	tag.OriginDefinition: tagv1.Origin_ORIGIN_DEFINITION,
	tag.OriginSchedule:   tagv1.Origin_ORIGIN_SCHEDULE,
	tag.OriginSensor:     tagv1.Origin_ORIGIN_SENSOR,
	tag.OriginPartition:  tagv1.Origin_ORIGIN_PARTITION,
	tag.OriginInherited:  tagv1.Origin_ORIGIN_INHERITED,
	tag.OriginLaunch:     tagv1.Origin_ORIGIN_LAUNCH,
	tag.OriginRun:        tagv1.Origin_ORIGIN_RUN,
	tag.OriginEdited:     tagv1.Origin_ORIGIN_EDITED,
	tag.OriginSystem:     tagv1.Origin_ORIGIN_SYSTEM,
}

// TagToWire is a tag of a run as it is sent. Bytes that are not UTF-8 become U+FFFD.
func TagToWire(t tag.Tag) *tagv1.Tag {
	w := &tagv1.Tag{Key: utf8Text(t.Key), Value: utf8Text(t.Value), Origin: originWire[t.Origin]}
	if !t.EditedAt.IsZero() {
		w.Edit = &tagv1.Edit{User: utf8Text(t.EditedBy), Time: timestamppb.New(t.EditedAt)}
	}
	return w
}

// TagFromWire reads what TagToWire made. An origin that is not known is none.
func TagFromWire(w *tagv1.Tag) tag.Tag {
	t := tag.Tag{Key: w.GetKey(), Value: w.GetValue()}
	for origin, of := range originWire {
		if of == w.GetOrigin() {
			t.Origin = origin
		}
	}
	if edit := w.GetEdit(); edit.GetTime() != nil {
		t.EditedBy, t.EditedAt = edit.GetUser(), edit.GetTime().AsTime()
	}
	return t
}

func utf8Text(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
