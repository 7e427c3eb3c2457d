package launch

import (
	"strconv"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// origin is that of the tags of a schedule or sensor; tags of a launch when there is none.
func (s *Source) origin() tag.Origin {
	switch {
	case s == nil:
		return tag.OriginLaunch
	case s.Schedule != "":
		return tag.OriginSchedule
	case s.Sensor != "":
		return tag.OriginSensor
	default:
		return tag.OriginLaunch
	}
}

// defined are the tags of the schedule's or sensor's definition.
func (s *Source) defined() tag.List {
	if s == nil {
		return nil
	}
	return tag.List(s.Tags).WithOrigin(s.origin())
}

// whose says where defined tags are from, for problems.
func (s *Source) whose() string {
	if s.origin() == tag.OriginSensor {
		return "in the sensor's definition: "
	}
	return "in the schedule's definition: "
}

// fallback are the tags that the run gets when nothing else sets them.
func (s *Source) fallback(users tag.List) tag.List {
	if s == nil || s.Backfill == "" {
		return nil
	}
	if _, set := users.Get(tag.KeyPriority); set {
		return nil
	}
	return tag.List{{Key: tag.KeyPriority, Value: strconv.Itoa(host.BackfillPriority), Origin: tag.OriginLaunch}}
}

// requested gives the tags of a request their origin. They were merged as those of a launch, which they are as strong as.
func (s *Source) requested(merged tag.List) tag.List {
	origin := s.origin()
	if origin == tag.OriginLaunch {
		return merged
	}
	for i := range merged {
		if merged[i].Origin == tag.OriginLaunch {
			merged[i].Origin = origin
		}
	}
	return merged
}

// system are the tags that say what launched the run.
func (s *Source) system() (tags tag.List) {
	if s == nil {
		return nil
	}
	for _, t := range []struct{ key, value string }{
		{tag.KeySchedule, s.Schedule}, {tag.KeySensor, s.Sensor}, {tag.KeyTick, s.Tick},
		{tag.KeyRunKey, s.RunKey}, {tag.KeyBackfill, s.Backfill},
	} {
		if t.value != "" {
			tags = append(tags, tag.System(t.key, t.value))
		}
	}
	return tags
}
