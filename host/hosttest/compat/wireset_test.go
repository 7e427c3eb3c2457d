package compat

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host/hosttest"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// fixture is a message as a version sends it.
type fixture struct {
	version, name string
	message       proto.Message
}

// wireAge is a version whose messages are fixtures, and what it knows.
type wireAge struct {
	version                    string
	metadata, drain, newFields bool
	// automation is partitions, schedules and sensors.
	automation bool
}

// fixtures are those of each age. Those of one age belong together: digests in the manifest are those of the bodies.
func fixtures(t *testing.T) (all []fixture) {
	t.Helper()
	for _, age := range []wireAge{
		{version: "0.14.17"},
		{version: "0.15.0", metadata: true, drain: true, automation: true},
		{version: "0.16.0", metadata: true, drain: true, automation: true, newFields: true},
	} {
		add := func(name string, m proto.Message) []byte {
			if age.newFields {
				m = hosttest.WithUnknown(m)
			}
			all = append(all, fixture{age.version, name, m})
			b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		definitionFixtures(age, add)
		runFixtures(age, add)
		if age.automation {
			automationFixtures(add)
		}
	}
	return all
}

type adder func(name string, m proto.Message) []byte

// items are what a digest of the contract is over.
func items(list ...[]byte) []byte {
	var b []byte
	for _, item := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(len(item)))
		b = append(b, item...)
	}
	d := sha256.Sum256(b)
	return d[:]
}

func sum(b []byte) []byte {
	d := sha256.Sum256(b)
	return d[:]
}

func definitionFixtures(age wireAge, add adder) {
	everything, _ := definitionOf(Fixture("wire"), "tutorial", JobEverything)
	everything.Definition.Partitions = nil // they are in a fixture of their own
	repository := &usercodev1.RepositoryDefinition{Name: "tutorial", Description: "Jobs that use everything."}
	if age.metadata {
		repository.Metadata = []*metadatav1.Entry{hosttest.Text("team", "platform")}
	}
	repositoryBody := sum(add("repository_definition", repository))
	job := &usercodev1.GetDefinitionsResponse_Job{Name: JobEverything, DefinitionDigest: sum(add("job_definition", everything.Definition))}
	if age.metadata {
		job.MetadataDigest = sum(add("job_metadata", &usercodev1.JobMetadata{Entries: everything.Metadata}))
		job.MetadataEntries = uint32(len(everything.Metadata))
	}
	digest := items(repositoryBody, []byte(job.GetName()), job.GetDefinitionDigest(), job.GetMetadataDigest())
	root := items([]byte("tutorial"), digest)

	info := &usercodev1.ServerInfo{
		ProtocolVersion: age.version, ServerId: "000102030405060708090a0b0c0d0e0f", DefinitionsDigest: root,
		Sdk: &usercodev1.Sdk{Language: "go", Version: age.version, Runtime: "go1.26"},
		Build: &usercodev1.Build{
			CodeVersion: "abc123", VcsRevision: "0123456789abcdef", Dirty: true, Image: "registry.example.com/etl:1", ImageDigest: "sha256:00",
			BuiltAt: timestamppb.New(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)),
		},
		Limits:    &usercodev1.ServerLimits{MaxWorkers: 8},
		StartedAt: timestamppb.New(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)),
	}
	if age.metadata {
		info.MinHostProtocolVersion, info.CapabilitiesDeclared = "0.14.0", true
		info.Capabilities = []*usercodev1.Capability{{Name: "job_metadata", Revision: 1, Enabled: true}, {Name: "list_jobs", Revision: 1, Enabled: true}}
	}
	if age.newFields {
		info.Capabilities = append(info.Capabilities, &usercodev1.Capability{Name: "zeppelins", Revision: 7, Enabled: true})
	}
	if age.drain {
		info.Draining, info.LiveWorkers = true, 2
		info.DrainDeadline = timestamppb.New(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	}
	add("server_info", &usercodev1.GetServerInfoResponse{Server: info})
	add("server_info_empty", &usercodev1.GetServerInfoResponse{})
	add("frame_opening", &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Opening_{
		Opening: &usercodev1.GetDefinitionsResponse_Opening{Server: info},
	}})
	add("frame_manifest", &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Manifest_{
		Manifest: &usercodev1.GetDefinitionsResponse_Manifest{
			Repository: "tutorial", RepositoryDigest: digest, RepositoryBodyDigest: repositoryBody, Jobs: []*usercodev1.GetDefinitionsResponse_Job{job},
		},
	}})
	add("frame_manifest_end", &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_ManifestEnd_{
		ManifestEnd: &usercodev1.GetDefinitionsResponse_ManifestEnd{Jobs: 1},
	}})
	add("frame_bodies", &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Bodies_{
		Bodies: &usercodev1.GetDefinitionsResponse_Bodies{Bodies: [][]byte{[]byte("\x0a\x01a"), {}}},
	}})
	add("frame_closing", &usercodev1.GetDefinitionsResponse{Frame: &usercodev1.GetDefinitionsResponse_Closing_{
		Closing: &usercodev1.GetDefinitionsResponse_Closing{DefinitionsDigest: root},
	}})
	if age.newFields {
		frame := &usercodev1.GetDefinitionsResponse{}
		frame.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), "of a new kind"))
		add("frame_of_a_new_kind", frame)
	}
}

func runFixtures(age wireAge, add adder) {
	at := timestamppb.New(time.Date(2026, 11, 22, 9, 30, 0, 5, time.UTC))
	const run = "0192a3b4-0000-7000-8000-000000000000"
	add("start_run", &usercodev1.StartRunRequest{
		RunId: run, Attempt: 2, HostAddress: "http://127.0.0.1:3000", Token: "not-a-secret", Repository: "tutorial", Job: JobEverything,
		DefinitionDigest: sum(nil), ExpectedServerId: "000102030405060708090a0b0c0d0e0f", StartLease: durationpb.New(3 * time.Minute),
	})
	reason := usercodev1.StartRefusalReason_START_REFUSAL_REASON_DEFINITION_CHANGED
	outcome := workerv1.Outcome_OUTCOME_FAILURE
	if age.newFields {
		reason, outcome = 99, 99
	}
	add("start_accepted", &usercodev1.StartRunResponse{ServerId: "000102030405060708090a0b0c0d0e0f", Outcome: &usercodev1.StartRunResponse_Accepted{
		Accepted: &usercodev1.AttemptState{Phase: usercodev1.AttemptPhase_ATTEMPT_PHASE_RUNNING, Handle: "pid 4711 on node-3", ExitStatus: -9, StderrTail: []byte("\xff tail")},
	}})
	add("start_refused", &usercodev1.StartRunResponse{ServerId: "000102030405060708090a0b0c0d0e0f", Outcome: &usercodev1.StartRunResponse_Refused{
		Refused: &usercodev1.StartRefusal{Reason: reason, Message: "the job has changed", DefinitionDigest: sum([]byte("other"))},
	}})
	add("hello", &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Hello{Hello: &workerv1.Hello{
		RunId: run, Attempt: 2, WorkerId: "0f0e0d0c0b0a09080706050403020100", ServerId: "000102030405060708090a0b0c0d0e0f", ProtocolVersion: age.version,
		Handle: "pid 4712 on node-3", WantGrant: true, LastSeq: 7, DefinitionDigest: sum(nil),
	}}})
	add("event_run_started", &workerv1.Event{Time: at, Kind: "run_started", Message: "4 ops", Detail: &workerv1.Event_RunStarted{RunStarted: &workerv1.RunStarted{Ops: 4}}})
	add("event_op_started", &workerv1.Event{Time: at, Kind: "op_started", OpPath: "inner.a", OpAttempt: 1, Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}})
	failure := &workerv1.Failure{Reason: "panic", Message: "index out of range", Stack: "main.go:1", Causes: []string{"first", "second"}}
	add("event_op_finished", &workerv1.Event{Time: at, Kind: "op_finished", OpPath: "inner.a", OpAttempt: 1, Detail: &workerv1.Event_OpFinished{
		OpFinished: &workerv1.OpFinished{Outcome: outcome, Duration: durationpb.New(1500 * time.Millisecond), Failure: failure},
	}})
	add("event_log", &workerv1.Event{Time: at, Kind: "log", OpPath: "inner.a", OpAttempt: 1, Message: "loaded", Detail: &workerv1.Event_Log{
		Log: &workerv1.LogRecord{Level: -4, Attributes: []*metadatav1.Entry{hosttest.Text("table", "orders"), {Key: "rows", Kind: "int", Value: &metadatav1.Entry_Int{Int: 12}}}},
	}})
	add("event_run_finished", &workerv1.Event{Time: at, Kind: "run_finished", Detail: &workerv1.Event_RunFinished{RunFinished: &workerv1.RunFinished{Outcome: outcome, Failure: failure}}})
	if age.newFields {
		e := &workerv1.Event{Time: at, Kind: "op_dreamt", OpPath: "inner.a"}
		e.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), "of a new kind"))
		add("event_of_a_new_kind", e)
	}
}
