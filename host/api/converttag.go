package api

import (
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

func tagsToWire(tags []tag.Tag) []*tagv1.Tag {
	out := make([]*tagv1.Tag, 0, len(tags))
	for _, t := range tags {
		out = append(out, tagToWire(t))
	}
	return out
}

func tagToWire(t tag.Tag) *tagv1.Tag {
	w := &tagv1.Tag{Key: t.Key, Value: valid(t.Value), Origin: originWire[t.Origin]}
	if !t.EditedAt.IsZero() {
		w.Edit = &tagv1.Edit{User: valid(t.EditedBy), Time: timeToWire(t.EditedAt)}
	}
	return w
}

// tagsFrom reads the tags of a request. Their origin is for the host to say.
func tagsFrom(tags []*tagv1.Tag) []tag.Tag {
	out := make([]tag.Tag, 0, len(tags))
	for _, t := range tags {
		out = append(out, tag.Tag{Key: t.GetKey(), Value: t.GetValue()})
	}
	return out
}
