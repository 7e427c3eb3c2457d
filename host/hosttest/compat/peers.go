package compat

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// States of locations, short.
const (
	ready        = hostv1.LocationState_LOCATION_STATE_READY
	unavailable  = hostv1.LocationState_LOCATION_STATE_UNAVAILABLE
	incompatible = hostv1.LocationState_LOCATION_STATE_INCOMPATIBLE
	failed       = hostv1.LocationState_LOCATION_STATE_ERROR
)

func refused(code versioncheck.Code) Want { return Want{State: ready, Refused: string(code)} }

// refusedBoth is for peers of which job metadata and the output store are refused for different reasons, or one is shown.
func refusedBoth(metadata, store versioncheck.Code) Want {
	return Want{State: ready, Refused: string(metadata), Store: string(store)}
}

func faulty(state hostv1.LocationState, code string) Want { return Want{State: state, Code: code} }

// Peers are all that the kit knows. To add one, add its row: a test runs each.
func Peers() []Peer {
	shown, newer := Want{State: ready}, Want{State: ready, Notice: true}
	all := []Peer{
		{Name: "0.14.17 before metadata", Behavior: with(at("0.14.17"), func(b *hosttest.Behavior) { b.Repositories = WithoutMetadata() }), Want: refused(versioncheck.CodeServerTooOld)},
		{Name: "0.14.17 with metadata", Behavior: at("0.14.17"), Want: refused(versioncheck.CodeServerTooOld)},
		{Name: "0.14.17 sends what nobody asked for", Behavior: with(at("0.14.17"), definitions(hosttest.SendUnwanted)), Want: refused(versioncheck.CodeServerTooOld)},
		{Name: "0.14.17 contradicts itself", Behavior: declaring("0.14.17"), Want: refused(versioncheck.CodeContradictoryReport)},
		{Name: "0.14.18-rc1", Behavior: declaring("0.14.18-rc1"), Want: refusedBoth(versioncheck.CodePrereleaseOfMinimum, versioncheck.CodeContradictoryReport)},
		{Name: "0.14.18", Behavior: at("0.14.18"), Want: refusedBoth("", versioncheck.CodeServerTooOld)},
		{Name: "0.14.18 declares", Behavior: declaring("0.14.18"), Want: refusedBoth("", versioncheck.CodeContradictoryReport)},
		{Name: "0.14.19.dev1", Behavior: at("0.14.19.dev1"), Want: refusedBoth("", versioncheck.CodeServerTooOld)},
		{Name: "current", Behavior: declaring(versioncheck.Protocol), Want: shown},
		{Name: "dev", Behavior: declaring("dev"), Want: refused(versioncheck.CodeDevVersionUnverified)},
		{Name: "dev that may", Behavior: declaring("dev"), AllowDevVersions: true, Want: newer},
		{Name: "0.0.0 pseudo version", Behavior: declaring("v0.0.0-20261122101010-abcdefabcdef"), Want: refused(versioncheck.CodeDevVersionUnverified)},
		{Name: "0.16 with everything new", Behavior: with(declaring("0.16.0"), future), Want: newer},
		{Name: "0.16 ends runs in a new way", Behavior: with(declaring("0.16.0"), future, func(b *hosttest.Behavior) { b.Outcome = workerv1.Outcome(99) }), Want: Want{State: ready, Notice: true, Outcome: hostv1.RunStatus_RUN_STATUS_FAILURE}},
		{Name: "0.16 refuses starts in a new way", Behavior: with(declaring("0.16.0"), future, func(b *hosttest.Behavior) {
			b.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
				return &usercodev1.StartRefusal{Reason: 99, Message: "not on a Sunday"}
			}
		}), Want: Want{State: ready, Notice: true, Outcome: hostv1.RunStatus_RUN_STATUS_FAILURE}},
		{Name: "0.16 with a node of a new kind", Behavior: with(declaring("0.16.0"), future, raw(JobBare, newNode)), Want: Want{State: ready, Notice: true, Broken: []string{JobBare}}},
		{Name: "1.0", Behavior: declaring("1.0.0"), Want: faulty(incompatible, string(versioncheck.CodeNewerMajor))},
		{Name: "0.13", Behavior: at("0.13.9"), Want: faulty(incompatible, string(versioncheck.CodeProtocolTooOld))},
		{Name: "needs a newer host", Behavior: with(declaring(versioncheck.Protocol), minHost("0.99.0")), Want: refused(versioncheck.CodeHostTooOld)},
		{Name: "needs an unreadable host", Behavior: with(declaring(versioncheck.Protocol), minHost(">=0.15")), Want: refused(versioncheck.CodeVersionUnparseable)},
		{Name: "unreadable version", Behavior: declaring("latest\x1b[2J"), Want: refused(versioncheck.CodeVersionUnparseable)},
		{Name: "endless version", Behavior: declaring("0.15.0+" + string(bytes.Repeat([]byte("x"), 4_000))), Want: refused(versioncheck.CodeVersionUnparseable)},
		{Name: "declares nothing", Behavior: with(declaring(versioncheck.Protocol), func(b *hosttest.Behavior) { b.Capabilities = nil }), Want: refused(versioncheck.CodeCapabilityNotAdvertised)},
		{Name: "switched off", Behavior: with(at(versioncheck.Protocol), func(b *hosttest.Behavior) {
			b.Capabilities = []*usercodev1.Capability{{Name: versioncheck.JobMetadata, Revision: 1}}
		}), Want: Want{State: ready, Refused: string(versioncheck.CodeCapabilityNotAdvertised), Store: string(versioncheck.StateShown)}},
		{Name: "output store switched off", Behavior: with(declaring(versioncheck.Protocol), func(b *hosttest.Behavior) {
			i := slices.IndexFunc(b.Capabilities, func(c *usercodev1.Capability) bool { return c.GetName() == versioncheck.OutputStore })
			b.Capabilities[i].Enabled = false
		}), Want: Want{State: ready, Store: string(versioncheck.CodeCapabilityNotAdvertised), Automation: string(versioncheck.StateShown)}},
		{Name: "partitions, schedules and sensors switched off", Behavior: with(declaring(versioncheck.Protocol), func(b *hosttest.Behavior) {
			for _, c := range b.Capabilities {
				c.Enabled = !slices.Contains([]string{versioncheck.Partitions, versioncheck.Schedules, versioncheck.Sensors}, c.GetName())
			}
		}), Want: Want{State: ready, Automation: string(versioncheck.CodeCapabilityNotAdvertised)}},
		{Name: "unimplemented server info", Behavior: with(declaring(versioncheck.Protocol), info(hosttest.Unimplemented)), Want: refused(versioncheck.CodeVersionNotReported)},
		{Name: "empty reply", Behavior: with(declaring(versioncheck.Protocol), info(hosttest.Empty)), Want: refused(versioncheck.CodeVersionNotReported)},
		{Name: "empty version", Behavior: declaring(""), Want: refused(versioncheck.CodeVersionNotReported)},
		{Name: "another server id at every probe", Behavior: with(declaring(versioncheck.Protocol), func(b *hosttest.Behavior) { b.RandomServerID = true }), Want: shown},
		{Name: "one definition is not UTF-8", Behavior: with(declaring(versioncheck.Protocol), raw(JobBare, notUTF8)), Want: Want{State: ready, Broken: []string{JobBare}}},
		{Name: "one schedule is not UTF-8 and one sensor is cut off", Behavior: with(declaring(versioncheck.Protocol), brokenAutomation), Want: Want{State: ready, BrokenAutomation: []string{"text", "cut", "#2"}}},
		{Name: "0.14.18 with broken schedules", Behavior: with(at("0.14.18"), func(b *hosttest.Behavior) { b.Repositories[0].RawMore = []byte{0xff} }), Want: refusedBoth("", versioncheck.CodeServerTooOld)},
		{Name: "one entry is not UTF-8", Behavior: with(declaring(versioncheck.Protocol), raw(JobEverything, entryNotUTF8)), Want: Want{State: ready, Damaged: []string{JobEverything}}},
	}
	return append(all, hostilePeers()...)
}

// newNode places something that is neither op nor graph.
func newNode(j *hosttest.Job) {
	def := proto.CloneOf(j.Definition)
	node := &usercodev1.Node{Name: "zeppelin"}
	node.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), "zeppelin"))
	def.Graph.Nodes = append(def.Graph.Nodes, node)
	j.Definition = def
}

// brokenAutomation adds a schedule whose text is broken, a sensor that is cut off, and one without a name that can be used.
func brokenAutomation(b *hosttest.Behavior) {
	const scheduleField, sensorField = 4, 5
	var more []byte
	for _, item := range []struct {
		field   protowire.Number
		encoded string
	}{{scheduleField, "\x0a\x04text\x12\x01\xff"}, {sensorField, "\x0a\x03cut\x12\x20x"}, {sensorField, "\x0a\x03a/b"}} {
		more = protowire.AppendString(protowire.AppendTag(more, item.field, protowire.BytesType), item.encoded)
	}
	b.Repositories[1].RawMore = more
}

// notUTF8 breaks the text of a definition.
func notUTF8(j *hosttest.Job) {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(j.Definition)
	if err != nil {
		panic(err) // the fixture can be encoded
	}
	j.RawDefinition = bytes.Replace(encoded, []byte("Says"), []byte("S\xffys"), 1)
}

// entryNotUTF8 adds an entry whose text is broken.
func entryNotUTF8(j *hosttest.Job) {
	broken, err := proto.MarshalOptions{Deterministic: true}.Marshal(&usercodev1.JobMetadata{Entries: append(j.Metadata, hosttest.Text("broken", "text"))})
	if err != nil {
		panic(err) // the fixture can be encoded
	}
	i := bytes.LastIndex(broken, []byte("text"))
	broken[i] = 0xff
	count := uint32(len(j.Metadata) + 1)
	j.RawMetadata, j.Announced = broken, &count
}
