package tag_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/usercode/tag"
)

func TestMerge(t *testing.T) {
	definition := tag.List{{Key: "env", Value: "dev"}, {Key: "team", Value: "etl"}, {Key: tag.KeyPriority, Value: "1"}}.WithOrigin(tag.OriginDefinition)
	launch := tag.List{{Key: tag.KeyPriority, Value: "9"}, {Key: "env", Value: "prod"}}.WithOrigin(tag.OriginLaunch)
	system := tag.List{tag.System(tag.KeyJob, "load"), tag.System(tag.KeyImage, "reported")}

	t.Run("LaterOriginWinsWhateverTheOrder", func(t *testing.T) {
		want := tag.List{
			{Key: "env", Value: "prod", Origin: tag.OriginLaunch},
			{Key: tag.KeyImage, Value: "reported", Origin: tag.OriginSystem},
			{Key: tag.KeyJob, Value: "load", Origin: tag.OriginSystem},
			{Key: tag.KeyPriority, Value: "9", Origin: tag.OriginLaunch},
			{Key: "team", Value: "etl", Origin: tag.OriginDefinition},
		}
		for _, got := range []tag.List{tag.Merge(definition, launch, system), tag.Merge(system, launch, definition)} {
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
	t.Run("ReportedImageNeverReplacesOneThatAUserSet", func(t *testing.T) {
		for _, origin := range tag.Origins() {
			if origin == tag.OriginSystem {
				continue
			}
			users := tag.List{{Key: tag.KeyImage, Value: "mine"}}.WithOrigin(origin)
			if got, _ := tag.Merge(users, system).Get(tag.KeyImage); got != "mine" {
				t.Errorf("set by %s: got %q", origin, got)
			}
		}
	})
	t.Run("LaterWinsAmongEquals", func(t *testing.T) {
		a := tag.List{{Key: "k", Value: "1", Origin: tag.OriginSchedule}}
		b := tag.List{{Key: "k", Value: "2", Origin: tag.OriginSensor}}
		if got := tag.Merge(a, b); got[0].Value != "2" {
			t.Errorf("schedule, sensor: got %v", got)
		}
		if got := tag.Merge(b, a); got[0].Value != "1" {
			t.Errorf("sensor, schedule: got %v", got)
		}
	})
	t.Run("Precedence", func(t *testing.T) {
		order := []tag.Origin{
			"from the future", tag.OriginDefinition, tag.OriginSchedule, tag.OriginPartition, tag.OriginInherited,
			tag.OriginLaunch, tag.OriginRun, tag.OriginEdited, tag.OriginSystem,
		}
		for i, weak := range order {
			for _, strong := range order[i+1:] {
				got := tag.Merge(tag.List{{Key: "k", Origin: strong}}, tag.List{{Key: "k", Origin: weak}})
				if len(got) != 1 || got[0].Origin != strong {
					t.Errorf("%s against %s: got %v", strong, weak, got)
				}
			}
		}
	})
	t.Run("LayersAreNotChanged", func(t *testing.T) {
		before := slices.Clone(launch)
		tag.Merge(launch, definition)
		if !slices.Equal(launch, before) {
			t.Errorf("got %v", launch)
		}
	})
}

func TestMergeProperties(t *testing.T) {
	origins := append(tag.Origins(), tag.OriginNone, "future")
	layer := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tag.Tag {
		return tag.Tag{
			Key:    rapid.SampledFrom([]string{"a", "b", "c", tag.KeyImage}).Draw(t, "key"),
			Value:  rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "value"),
			Origin: rapid.SampledFrom(origins).Draw(t, "origin"),
		}
	}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := tag.List(layer.Draw(t, "a")), tag.List(layer.Draw(t, "b")), tag.List(layer.Draw(t, "c"))
		got := tag.Merge(a, b, c)
		if !slices.IsSortedFunc(got, func(x, y tag.Tag) int {
			if x.Key == y.Key {
				return 1 // a key twice counts as unsorted
			}
			return strings.Compare(x.Key, y.Key)
		}) {
			t.Fatalf("not sorted by unique keys: %v", got)
		}
		given := slices.Concat(a, b, c)
		keys := map[string]bool{}
		for _, x := range given {
			keys[x.Key] = true
		}
		for _, x := range got {
			if !slices.Contains(given, x) {
				t.Fatalf("%v was never given", x)
			}
		}
		if len(slices.Collect(maps.Keys(keys))) != len(got) {
			t.Fatalf("%d keys given, %d merged", len(keys), len(got))
		}
		if again := tag.Merge(got); !slices.Equal(again, got) {
			t.Fatalf("not idempotent: %v, then %v", got, again)
		}
		if left := tag.Merge(tag.Merge(a, b), c); !slices.Equal(left, got) {
			t.Fatalf("(a b) c: %v, a b c: %v", left, got)
		}
		if right := tag.Merge(a, tag.Merge(b, c)); !slices.Equal(right, got) {
			t.Fatalf("a (b c): %v, a b c: %v", right, got)
		}
	})
}
