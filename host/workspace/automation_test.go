package workspace

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// automated is a server with a partitioned job, two schedules and a sensor.
func automated(b hosttest.Behavior) hosttest.Behavior {
	b.Repositories = []hosttest.Repository{{
		Name: "tutorial", Description: "Jobs by the clock.",
		Jobs:      []hosttest.Job{{Definition: hosttest.Partitioned("report", hosttest.Daily("2026-01-01"))}, {Definition: hosttest.OneOp("plain")}},
		Schedules: []*usercodev1.ScheduleDefinition{hosttest.Schedule("hourly", "plain", "@hourly"), hosttest.Schedule("nightly", "report", "0 2 * * *")},
		Sensors:   []*usercodev1.SensorDefinition{hosttest.Sensor("commits", "plain")},
	}}
	return b
}

func scheduleName(name string) host.AutomationName {
	return host.AutomationName{Kind: host.ScheduleKind, Location: "etl", Repository: "tutorial", Name: name}
}

func sensorName(name string) host.AutomationName {
	return host.AutomationName{Kind: host.SensorKind, Location: "etl", Repository: "tutorial", Name: name}
}

// seen is all that a workspace shows of automation, and what of it is stale or cannot be used.
func seen(w *Workspace) string {
	var texts []string
	for _, s := range w.Schedules() {
		texts = append(texts, describe(s.Name, s.Err, s.Stale))
	}
	for _, s := range w.Sensors() {
		texts = append(texts, describe(s.Name, s.Err, s.Stale))
	}
	for _, r := range w.AutomationRefusals() {
		texts = append(texts, fmt.Sprintf("%s refused of %s: %s, %d withheld", r.Capability, r.Location, r.Code, r.Withheld))
	}
	return strings.Join(texts, "\n")
}

func describe(name host.AutomationName, err error, stale bool) string {
	text := string(name.Kind) + " " + name.String()
	if err != nil {
		text += " unusable"
	}
	if stale {
		text += " stale"
	}
	return text
}

const allSeen = "schedule etl/tutorial/hourly\nschedule etl/tutorial/nightly\nsensor etl/tutorial/commits"

func TestAutomation(t *testing.T) {
	p := hosttest.Start(t, automated(hosttest.Current()))
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	if got := seen(w); got != allSeen {
		t.Errorf("got\n%s", got)
	}
	nightly, err := w.Schedule(scheduleName("nightly"))
	if err != nil {
		t.Fatal(err)
	}
	want := hosttest.Schedule("nightly", "report", "0 2 * * *")
	if !proto.Equal(nightly.Definition, want) || string(nightly.Body) != string(encodeProto(t, want)) || nightly.Digest != digestOf(nightly.Body) || nightly.Name != scheduleName("nightly") {
		t.Errorf("got %+v", nightly)
	}
	commits, err := w.Sensor(sensorName("commits"))
	if err != nil || !proto.Equal(commits.Definition, hosttest.Sensor("commits", "plain")) {
		t.Errorf("got %+v, %v", commits, err)
	}
	for name, err := range map[string]error{
		"a sensor is no schedule":   second(w.Schedule(sensorName("commits"))),
		"a schedule is no sensor":   second(w.Sensor(scheduleName("nightly"))),
		"another repository":        second(w.Schedule(host.AutomationName{Location: "etl", Repository: "x", Name: "nightly"})),
		"another location entirely": second(w.Schedule(host.AutomationName{Location: "x", Repository: "tutorial", Name: "nightly"})),
	} {
		if host.CodeOf(err) != host.NotFound {
			t.Errorf("%s: got %v", name, err)
		}
	}

	// A deploy changes them, which Watch tells; a stop leaves what was known.
	next := automated(hosttest.Current())
	next.Repositories[0].Schedules = next.Repositories[0].Schedules[1:]
	become(t, p, next)
	await(t, w, "etl", func(Location) bool {
		return seen(w) == "schedule etl/tutorial/nightly\nsensor etl/tutorial/commits"
	})
	p.Stop()
	awaitState(t, w, "etl", host.LocationStale)
	if got := seen(w); got != "schedule etl/tutorial/nightly stale\nsensor etl/tutorial/commits stale" {
		t.Errorf("got\n%s", got)
	}
}

func second[T any](_ T, err error) error { return err }

func TestAutomationIsRefused(t *testing.T) {
	without := func(names ...string) hosttest.Behavior {
		b := hosttest.Current()
		b.Capabilities = nil
		for _, c := range hosttest.AllCapabilities() {
			c.Enabled = !strings.Contains(strings.Join(names, " "), c.GetName())
			b.Capabilities = append(b.Capabilities, c)
		}
		return b
	}
	refused := func(code versioncheck.Code) string {
		return fmt.Sprintf("schedules refused of etl: %s, 2 withheld\nsensors refused of etl: %s, 1 withheld", code, code)
	}
	for name, c := range map[string]struct {
		behavior   hosttest.Behavior
		want       string
		partitions versioncheck.Code
	}{
		"Older":            {hosttest.Older("0.14.18"), refused(versioncheck.CodeServerTooOld), versioncheck.CodeServerTooOld},
		"Dev":              {hosttest.Older("dev"), refused(versioncheck.CodeDevVersionUnverified), versioncheck.CodeDevVersionUnverified},
		"NotReported":      {hosttest.Older(""), refused(versioncheck.CodeVersionNotReported), versioncheck.CodeVersionNotReported},
		"SchedulesOff":     {without("schedules"), "sensor etl/tutorial/commits\nschedules refused of etl: CAPABILITY_NOT_ADVERTISED, 2 withheld", ""},
		"SensorsOff":       {without("sensors"), "schedule etl/tutorial/hourly\nschedule etl/tutorial/nightly\nsensors refused of etl: CAPABILITY_NOT_ADVERTISED, 1 withheld", ""},
		"PartitionsOff":    {without("partitions"), allSeen, versioncheck.CodeCapabilityNotAdvertised},
		"OKNewer":          {hosttest.Older("0.99.0"), allSeen, ""},
		"OKUndeclared":     {hosttest.Older("0.15.0"), allSeen, ""},
		"OldWithoutAny":    {hosttest.Older("0.14.17"), refused(versioncheck.CodeServerTooOld), versioncheck.CodeServerTooOld},
		"AllThreeSwitched": {without("schedules", "sensors", "partitions"), refused(versioncheck.CodeCapabilityNotAdvertised), versioncheck.CodeCapabilityNotAdvertised},
	} {
		t.Run(name, func(t *testing.T) {
			w := openOne(t, hosttest.Start(t, automated(c.behavior)))
			awaitState(t, w, "etl", host.LocationReady)
			if got := seen(w); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if _, err := w.Schedule(scheduleName("nightly")); strings.Contains(c.want, "schedules refused") != (host.CodeOf(err) == host.Refused) {
				t.Errorf("schedule: got %v", err)
			}
			if _, err := w.Sensor(sensorName("commits")); strings.Contains(c.want, "sensors refused") != (host.CodeOf(err) == host.Refused) {
				t.Errorf("sensor: got %v", err)
			}
			j := find(t, w, "report")
			def, err := j.Definition()
			if err != nil {
				t.Fatal(err)
			}
			shown, err := j.Proto()
			if err != nil {
				t.Fatal(err)
			}
			if c.partitions == "" {
				if def.Partitions == nil || shown.GetPartitions() == nil || j.PartitionsRefusal() != nil {
					t.Errorf("partitions are not shown: %+v", j.PartitionsRefusal())
				}
				return
			}
			r := j.PartitionsRefusal()
			if def.Partitions != nil || shown.Partitions != nil || r == nil || r.Code != string(c.partitions) || r.Withheld != 1 || !strings.Contains(r.Message, "partitions") {
				t.Errorf("got %v, refusal %+v", def.Partitions, r)
			}
			if _, err := j.Partitions(); host.CodeOf(err) != host.Refused || host.ReasonOf(err) != string(c.partitions) {
				t.Errorf("got %v", err)
			}
			if r := find(t, w, "plain").PartitionsRefusal(); r == nil || r.Withheld != 0 {
				t.Errorf("of a job without any: got %+v", r)
			}
		})
	}
}

// The definitions stay the same, and what may be seen of them does not.
func TestAutomationFollowsCapabilitiesAndPolicy(t *testing.T) {
	const refused = "schedules refused of etl: DEV_VERSION_UNVERIFIED, 2 withheld\nsensors refused of etl: DEV_VERSION_UNVERIFIED, 1 withheld"
	p := hosttest.Start(t, automated(hosttest.Older("dev")))
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	if got := seen(w); got != refused {
		t.Errorf("got\n%s", got)
	}
	become(t, p, automated(hosttest.Current())) // the same digest
	await(t, w, "etl", func(Location) bool { return seen(w) == allSeen })
	become(t, p, automated(hosttest.Older("dev")))
	await(t, w, "etl", func(Location) bool { return seen(w) == refused })
	p.Stop()
	awaitState(t, w, "etl", host.LocationStale)
	trusting := at("etl", p)
	trusting.AllowDevVersions = true
	s := w.Watch()
	defer s.Close()
	if err := w.Configure([]host.LocationConfig{trusting}); err != nil {
		t.Fatal(err)
	}
	<-s.Ready()
	if got, want := seen(w), strings.ReplaceAll(allSeen, "\n", " stale\n")+" stale"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if def, err := find(t, w, "report").Definition(); err != nil || def.Partitions == nil {
		t.Errorf("partitions: got %+v, %v", def, err)
	}
}

func TestAutomationSurvivesARestart(t *testing.T) {
	p := hosttest.Start(t, automated(hosttest.Current()))
	dir := filepath.Join(t.TempDir(), "store")
	first := openStore(t, dir)
	w := begin(t, first, Options{Locations: []host.LocationConfig{at("etl", p)}})
	awaitState(t, w, "etl", host.LocationReady)
	w.Stop()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	w = begin(t, openStore(t, dir), Options{Locations: []host.LocationConfig{at("etl", p)}})
	if got, want := seen(w), strings.ReplaceAll(allSeen, "\n", " stale\n")+" stale"; got != want {
		t.Errorf("got\n%s", got)
	}
	if partitions, err := find(t, w, "report").Partitions(); err != nil || partitions.Dimensions[0].Time.Unit != host.UnitDay || !partitions.HasRunParts {
		t.Errorf("got %+v, %v", partitions, err)
	}
}

func TestUnusableAutomationSpoilsNothingElse(t *testing.T) {
	b := automated(hosttest.Current())
	r := &b.Repositories[0]
	broken := func(change func(*usercodev1.ScheduleDefinition)) *usercodev1.ScheduleDefinition {
		s := hosttest.Schedule("", "plain", "@daily")
		change(s)
		return s
	}
	wrong := map[string]func(*usercodev1.ScheduleDefinition){
		"a_cron":    func(s *usercodev1.ScheduleDefinition) { s.Crons = []string{"61 * * * *"} },
		"a_zone":    func(s *usercodev1.ScheduleDefinition) { s.Zone = "Nowhere/Else" },
		"a_tag":     func(s *usercodev1.ScheduleDefinition) { s.Tags[0].Key = "a b" },
		"a_job":     func(s *usercodev1.ScheduleDefinition) { s.Job = "a/b" },
		"a_kind":    func(s *usercodev1.ScheduleDefinition) { s.Makes = nil },
		"no_crons":  func(s *usercodev1.ScheduleDefinition) { s.Crons = nil },
		"all_ticks": func(s *usercodev1.ScheduleDefinition) { s.MissedTicks.Policy, s.MissedTicks.AtMost = 3, 101 },
		"nightly":   func(*usercodev1.ScheduleDefinition) {}, // the name of another schedule
		"commits":   func(*usercodev1.ScheduleDefinition) {}, // the name of a sensor
		"a/b":       func(*usercodev1.ScheduleDefinition) {},
		"":          func(*usercodev1.ScheduleDefinition) {},
		"bad-name":  func(*usercodev1.ScheduleDefinition) {},
	}
	for name, change := range wrong {
		r.Schedules = append(r.Schedules, broken(func(s *usercodev1.ScheduleDefinition) { s.Name = name; change(s) }))
	}
	r.Sensors = append(r.Sensors, &usercodev1.SensorDefinition{Name: "nothing"}, hosttest.Sensor("", "plain"))
	// Ones that are no messages: text that is not UTF-8, and a field that is cut off.
	r.RawMore = protowire.AppendBytes(protowire.AppendTag(nil, schedulesField, protowire.BytesType), []byte("\x0a\x04text\x12\x01\xff"))
	r.RawMore = protowire.AppendBytes(protowire.AppendTag(r.RawMore, sensorsField, protowire.BytesType), []byte("\x0a\x03cut\x12\x20x"))

	w := openOne(t, hosttest.Start(t, b))
	awaitState(t, w, "etl", host.LocationReady)
	usable, unusable := 0, 0
	for _, s := range w.Schedules() {
		if s.Err == nil {
			usable++
			continue
		}
		unusable++
		if host.CodeOf(s.Err) != host.Invalid || !validName(s.Name.Name) || s.Body == nil {
			t.Errorf("%s: got %v", s.Name, s.Err)
		}
	}
	for _, s := range w.Sensors() {
		if s.Err == nil {
			t.Errorf("%s can be used", s.Name)
		}
		unusable++
	}
	// One has the name of another schedule, and stands for both.
	if want := len(wrong) - 1 + 1 + 4 + 1; usable != 1 || unusable != want {
		t.Errorf("%d can be used and %d cannot, want 1 and %d:\n%s", usable, unusable, want, seen(w))
	}
	if s, err := w.Sensor(sensorName("cut")); err != nil || s.Err == nil || s.Definition != nil {
		t.Errorf("got %+v, %v", s, err)
	}
	if n := len(w.Jobs()); n != 2 {
		t.Errorf("there are %d jobs", n)
	}
}

func TestTooManySchedules(t *testing.T) {
	b := automated(hosttest.Current())
	for i := range maxAutomations {
		b.Repositories[0].Schedules = append(b.Repositories[0].Schedules, hosttest.Schedule(fmt.Sprintf("s%04d", i), "plain", "@daily"))
	}
	b.Repositories[0].RawMore = []byte{0xff} // damage behind all
	w := openOne(t, hosttest.Start(t, b))
	l := awaitState(t, w, "etl", host.LocationReady)
	if n := len(w.Schedules()); n != maxAutomations {
		t.Errorf("got %d schedules", n)
	}
	notices := strings.Join(l.Notices, "\n")
	if !strings.Contains(notices, "repository tutorial only the first 1000 schedules") || !strings.Contains(notices, "what follows 1 sensors is damaged") {
		t.Errorf("notices: %s", notices)
	}
}

func TestUnusablePartitions(t *testing.T) {
	dim := hosttest.StaticDimension
	many := make([]string, host.MaxStaticPartitions+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	timed := func(change func(*usercodev1.TimePartitions)) *usercodev1.PartitionsDefinition {
		p := hosttest.Daily("2026-01-01")
		change(p.Dimensions[0].GetTime())
		return p
	}
	for name, p := range map[string]*usercodev1.PartitionsDefinition{
		"Name":       hosttest.Static("a b", "x"),
		"None":       {Name: "none"},
		"Three":      {Name: "three", Dimensions: []*usercodev1.PartitionDimension{dim("a", "x"), dim("b", "x"), dim("c", "x")}},
		"Twice":      {Name: "twice", Dimensions: []*usercodev1.PartitionDimension{dim("a", "x"), dim("a", "x")}},
		"SameKey":    hosttest.Static("keys", "x", "y", "x"),
		"EmptyKey":   hosttest.Static("keys", ""),
		"Separator":  hosttest.Static("keys", "a|b"),
		"Range":      hosttest.Static("keys", "a..b"),
		"Space":      hosttest.Static("keys", " a"),
		"Control":    hosttest.Static("keys", "a\tb"),
		"LongKey":    hosttest.Static("keys", strings.Repeat("x", host.MaxPartitionKeyBytes+1)),
		"Many":       hosttest.Static("keys", many...),
		"NewKind":    {Name: "new", Dimensions: []*usercodev1.PartitionDimension{{Name: "a"}}},
		"Zone":       timed(func(p *usercodev1.TimePartitions) { p.Zone = "Nowhere/Else" }),
		"Unit":       timed(func(p *usercodev1.TimePartitions) { p.Unit = 99 }),
		"NoUnit":     timed(func(p *usercodev1.TimePartitions) { p.Unit = 0 }),
		"Start":      timed(func(p *usercodev1.TimePartitions) { p.Start = "yesterday" }),
		"Hour":       timed(func(p *usercodev1.TimePartitions) { p.Hour = 24 }),
		"HugeOffset": timed(func(p *usercodev1.TimePartitions) { p.EndOffset = 1 << 30 }),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := PartitionsOf(p); err == nil {
				t.Error("they can be used")
			}
		})
	}
	w := openOne(t, hosttest.Start(t, behaviorOf(hosttest.Partitioned("report", hosttest.Static("keys", "")))))
	awaitState(t, w, "etl", host.LocationReady)
	j := find(t, w, "report")
	def, err := j.Definition()
	if err != nil || def.Partitions != nil || len(def.Graph.Nodes) == 0 {
		t.Errorf("got %+v, %v", def, err)
	}
	if shown, err := j.Proto(); err != nil || shown.Partitions != nil {
		t.Errorf("got %v, %v", shown, err)
	}
	if _, err := j.Partitions(); host.ReasonOf(err) != "PARTITIONS_UNUSABLE" || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("got %v", err)
	}
}

func behaviorOf(definitions ...*usercodev1.JobDefinition) hosttest.Behavior {
	b := hosttest.Current()
	r := hosttest.Repository{Name: "tutorial"}
	for _, d := range definitions {
		r.Jobs = append(r.Jobs, hosttest.Job{Definition: d})
	}
	b.Repositories = []hosttest.Repository{r}
	return b
}
