package api

import (
	"github.com/penstock-run/penstock/host/launch"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

func tagsToWire(tags []tag.Tag) []*tagv1.Tag {
	out := make([]*tagv1.Tag, 0, len(tags))
	for _, t := range tags {
		out = append(out, launch.TagToWire(t))
	}
	return out
}

// tagsFrom reads the tags of a request. Their origin is for the host to say.
func tagsFrom(tags []*tagv1.Tag) []tag.Tag {
	out := make([]tag.Tag, 0, len(tags))
	for _, t := range tags {
		out = append(out, tag.Tag{Key: t.GetKey(), Value: t.GetValue()})
	}
	return out
}
