package workspace

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// FuzzRepositoryBody reads schedules and sensors out of any bytes: it ends, keeps to its limits, and what can be used is
// whole.
func FuzzRepositoryBody(f *testing.F) {
	r := automated(hosttest.Current()).Repositories[0]
	whole := encodeProto(f, r.Definition())
	f.Add(whole)
	f.Add(append(bytes.Clone(whole), 0xff))
	f.Add(bytes.Repeat([]byte{schedulesField<<3 | 2, 0}, 2*maxAutomations))
	f.Add([]byte{schedulesField<<3 | 2, 4, 0x0a, 2, 'a', '/'})
	f.Add(encodeProto(f, hosttest.WithUnknown(r.Definition())))
	f.Fuzz(func(t *testing.T, body []byte) {
		a := newRepositoryAutomation(body)
		n := a.count()
		schedules, sensors := a.schedules(), a.sensors()
		if len(schedules.items) > min(int(n.schedules), maxAutomations) || len(sensors.items) > min(int(n.sensors), maxAutomations) {
			t.Errorf("%d and %d items of %+v", len(schedules.items), len(sensors.items), n)
		}
		set := &automationSet{}
		set.add("etl", "tutorial", schedules.items, sensors.items)
		names := map[string]int{}
		known := func(name host.AutomationName, err error, body []byte, digest host.Digest) {
			if !validName(name.Name) || digest != digestOf(body) {
				t.Errorf("%s: %v", name, err)
			}
			if err == nil {
				names[name.Name]++
			}
		}
		for _, s := range set.schedules {
			known(s.Name, s.Err, s.Body, s.Digest)
			if s.Err == nil && (s.Definition.GetName() != s.Name.Name || len(s.Definition.GetCrons()) == 0) {
				t.Errorf("got %v", s.Definition)
			}
		}
		for _, s := range set.sensors {
			known(s.Name, s.Err, s.Body, s.Digest)
			if s.Err == nil && s.Definition.GetName() != s.Name.Name {
				t.Errorf("got %v", s.Definition)
			}
		}
		for name, n := range names {
			if n > 1 {
				t.Errorf("%d of the usable ones are called %s", n, name)
			}
		}
	})
}

// FuzzCutPartitions compares a definition without its partitions, and those, with what decoding makes of the whole.
func FuzzCutPartitions(f *testing.F) {
	def := hosttest.Partitioned("report", hosttest.Daily("2026-01-01"))
	whole := encodeProto(f, def)
	f.Add(whole)
	f.Add(append(bytes.Clone(whole), encodeProto(f, &usercodev1.JobDefinition{Partitions: hosttest.Static("more", "x")})...))
	f.Add([]byte{partitionsField<<3 | 2, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		rest, value := cutPartitions(body)
		var all, plain usercodev1.JobDefinition
		if proto.Unmarshal(body, &all) != nil {
			return // what cannot be read as a whole need not be in parts
		}
		if err := proto.Unmarshal(rest, &plain); err != nil || plain.Partitions != nil {
			t.Fatalf("the rest: %v, %v", plain.Partitions, err)
		}
		if (value != nil) != (all.Partitions != nil) {
			t.Fatalf("partitions: %v, want %v", value, all.Partitions)
		}
		var parts usercodev1.PartitionsDefinition
		if err := proto.Unmarshal(value, &parts); err != nil || value != nil && !proto.Equal(&parts, all.Partitions) {
			t.Errorf("partitions: %v, %v", &parts, err)
		}
		all.Partitions = nil
		if !proto.Equal(&all, &plain) {
			t.Errorf("the rest is another")
		}
	})
}
