package main

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

var update = flag.Bool("update", false, "write golden files and the command line reference as they are now")

// golden compares got with a file in testdata, or writes it when the test runs with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with go test -run %s -update", err, t.Name())
	}
	if got != string(want) {
		t.Errorf("differs from %s (see with -update and git diff):\n%s", path, got)
	}
}

// hostile is text that would move the cursor, change colours, forge a line and turn the direction of writing.
const hostile = "a\x1b[2J\x1b[31mb\rc\x00\u202ed\u009be\nforged line\U000e0041"

func sampleJob() *hostv1.Job {
	return &hostv1.Job{
		Name: &hostv1.JobName{Location: "etl", Repository: "tutorial", Job: "report"},
		Definition: &usercodev1.JobDefinition{
			Name:        "report",
			Description: "Counts commits.\n\n- per author\n- per week",
			Tags:        []*tagv1.Tag{{Key: "team", Value: "data"}},
			Ops: []*usercodev1.OpDefinition{
				{
					Name: "read", Outputs: []*usercodev1.Port{{Name: "result", Type: "string"}}, Timeout: durationpb.New(10 * time.Minute),
					Retry: &usercodev1.RetryPolicy{MaxRetries: 3, Delay: durationpb.New(10 * time.Second), BackoffMilli: 2000, JitterMilli: 200},
				},
				{Name: "count", Inputs: []*usercodev1.Port{{Name: "a", Type: "string"}}, Resources: []string{"db"}},
			},
			Resources:     []*usercodev1.ResourceDefinition{{Name: "db", Type: "*sql.DB", Description: "Counts", Configs: []string{"db"}}},
			MaxConcurrent: 2,
			Graph: &usercodev1.GraphDefinition{Name: "report", Nodes: []*usercodev1.Node{
				{Name: "read", Definition: &usercodev1.Node_Op{Op: "read"}},
				{Name: "count", Definition: &usercodev1.Node_Op{Op: "count"}, Wires: []*usercodev1.Wire{{Input: "a", FromNode: "read", FromPort: "result"}}},
			}},
			ConfigSchemaJson: []byte(`{"properties":{"path":{"type":"string"}},"type":"object"}`),
		},
		DefinitionDigest:      []byte{0xab, 0xcd},
		LoadedAt:              at(1),
		Build:                 &usercodev1.Build{CodeVersion: "1.4.2", VcsRevision: "deadbeef"},
		RepositoryDescription: "Examples.",
		Metadata: &hostv1.JobMetadataView{
			State: hostv1.FeatureState_FEATURE_STATE_SHOWN,
			Content: &hostv1.JobMetadataView_Shown{Shown: &hostv1.MetadataEntries{Entries: []*metadatav1.Entry{
				{Key: "owner", Kind: "text", Value: &metadatav1.Entry_Text{Text: "data team"}},
				{Key: "docs", Kind: "url", Value: &metadatav1.Entry_Url{Url: "https://docs.dagster.io"}},
			}}},
		},
	}
}

// everyKind has one entry of each kind, one of a newer kind, and one that is broken.
func everyKind() []*metadatav1.Entry {
	schema := &metadatav1.TableSchema{
		Columns: []*metadatav1.TableSchema_Column{
			{Name: "week", Type: "string", NotNull: true, Tags: []*metadatav1.TableSchema_Property{{Key: "unit", Value: "ISO"}}},
			{Name: "commits", Type: "int", Constraints: []string{">= 0"}},
		},
		Constraints: []string{"sorted"},
	}
	cell := func(v any) *metadatav1.Table_Cell {
		switch v := v.(type) {
		case string:
			return &metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Text{Text: v}}
		case int:
			return &metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Int{Int: int64(v)}}
		default:
			return &metadatav1.Table_Cell{}
		}
	}
	return []*metadatav1.Entry{
		{Key: "text", Kind: "text", Value: &metadatav1.Entry_Text{Text: "two\nlines"}},
		{Key: "url", Kind: "url", Value: &metadatav1.Entry_Url{Url: "https://example.org/a?b=c&d"}},
		{Key: "path", Kind: "path", Value: &metadatav1.Entry_Path{Path: "/data/in.csv"}},
		{Key: "notebook", Kind: "notebook", Value: &metadatav1.Entry_Path{Path: "a.ipynb"}},
		{Key: "json", Kind: "json", Value: &metadatav1.Entry_Json{Json: `{"a":[1,2.50]}`}},
		{Key: "markdown", Kind: "markdown", Value: &metadatav1.Entry_Markdown{Markdown: "# Title\n\ntext"}},
		{Key: "int", Kind: "int", Value: &metadatav1.Entry_Int{Int: math.MaxInt64}},
		{Key: "big_int", Kind: "int", Value: &metadatav1.Entry_BigInt{BigInt: "123456789012345678901234567890"}},
		{Key: "float", Kind: "float", Value: &metadatav1.Entry_Float{Float: 0.25}},
		{Key: "nan", Kind: "float", Value: &metadatav1.Entry_Float{Float: math.NaN()}},
		{Key: "bool", Kind: "bool", Value: &metadatav1.Entry_Bool{Bool: true}},
		{Key: "null", Kind: "null", Value: &metadatav1.Entry_Null{Null: true}},
		{Key: "timestamp", Kind: "timestamp", Value: &metadatav1.Entry_Timestamp{Timestamp: at(2)}},
		{Key: "table", Kind: "table", Value: &metadatav1.Entry_Table{Table: &metadatav1.Table{Schema: schema, Rows: []*metadatav1.Table_Row{
			{Cells: []*metadatav1.Table_Cell{cell("2026-W44"), cell(12)}},
			{Cells: []*metadatav1.Table_Cell{cell("2026-W45"), cell(nil)}},
		}}}},
		{Key: "table_schema", Kind: "table_schema", Value: &metadatav1.Entry_TableSchema{TableSchema: schema}},
		{Key: "code", Kind: "code", Value: &metadatav1.Entry_Code{Code: &metadatav1.CodeReference{Module: "example.org/m", Symbol: "Read", File: "read.go", Line: 12}}},
		{Key: "run", Kind: "run", Value: &metadatav1.Entry_RunId{RunId: runID}},
		{Key: "job", Kind: "job", Value: &metadatav1.Entry_Job{Job: &metadatav1.JobReference{Location: "etl", Repository: "tutorial", Job: "report"}}},
		{Key: "asset", Kind: "asset", Value: &metadatav1.Entry_Asset{Asset: &metadatav1.AssetKey{Path: []string{"warehouse", "commits"}}}},
		{Key: "newer", Kind: "hologram", TextFallback: "a turning cube", Raw: []byte(`{"sides":6}`)},
		{Key: "broken", Kind: "url", Value: &metadatav1.Entry_Url{Url: "javascript:alert(1)"}},
	}
}

func refusedJob() *hostv1.Job {
	j := sampleJob()
	j.Metadata = &hostv1.JobMetadataView{
		State: hostv1.FeatureState_FEATURE_STATE_REFUSED,
		Content: &hostv1.JobMetadataView_Refusal{Refusal: &hostv1.Refusal{
			State: hostv1.FeatureState_FEATURE_STATE_REFUSED, Code: "SERVER_TOO_OLD", Capability: "job_metadata", Location: "etl", ServerId: "f00",
			Reported: `"0.14.17"`, Required: "0.14.18", HostVersion: "0.15.0", Withheld: proto.Uint32(2),
			Message: "The server speaks protocol 0.14.17; job metadata needs 0.14.18.", Remedy: "Build it with a newer SDK and deploy it.",
			DocsUrl: "https://example.org/versions",
		}},
	}
	return j
}

const runID = "01933f6e-7b1c-7d2a-9f00-000000000001"

func sampleRun(status hostv1.RunStatus) *hostv1.Run {
	r := &hostv1.Run{
		Id: runID, Seq: 42, Job: &hostv1.JobName{Location: "etl", Repository: "tutorial", Job: "report"}, Status: status, Attempt: 1,
		Tags: []*tagv1.Tag{
			{Key: "penstock/job", Value: "report", Origin: tagv1.Origin_ORIGIN_SYSTEM},
			{Key: "team", Value: "data", Origin: tagv1.Origin_ORIGIN_DEFINITION},
			{Key: "who", Value: "me=you", Origin: tagv1.Origin_ORIGIN_LAUNCH},
		},
		DefinitionDigest: []byte{0xab, 0xcd}, ConfigYaml: "path: /data\n", OpSelection: "*count", CreatedAt: at(1),
		CodeVersion: "1.4.2", ProtocolVersion: "0.15.0", OpPaths: []string{"count", "read"}, Snapshot: "0123456789abcdef",
	}
	switch status {
	case hostv1.RunStatus_RUN_STATUS_QUEUED:
	case hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE:
		r.WaitingSince, r.WaitsUntil, r.Attempt = at(2), at(5), 0
	default:
		r.StartedAt, r.WorkerHandle = at(2), "4711@node1"
		r.StartedSnapshot, r.StartedCodeVersion = "fedcba9876543210", "1.5.0"
	}
	if isFinal(status) {
		r.EndedAt = at(5)
	}
	return r
}

// sampleEvents is the life of a run whose first op fails twice.
func sampleEvents() []*hostv1.StoredEvent {
	failure := &workerv1.Failure{Reason: "error", Message: "open /data: no such file", Stack: "main.read\n\tread.go:12", Causes: []string{"no such file"}}
	return []*hostv1.StoredEvent{
		{Event: &workerv1.Event{Time: at(1), Kind: "run_queued", Message: "queued by a launch"}},
		{Attempt: 1, Seq: 1, Event: &workerv1.Event{Time: at(2), Kind: "run_started", Detail: &workerv1.Event_RunStarted{RunStarted: &workerv1.RunStarted{Ops: 2}}}},
		{Attempt: 1, Seq: 2, Event: &workerv1.Event{Time: at(2), Kind: "op_started", OpPath: "read", OpAttempt: 1, Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}}},
		{Attempt: 1, Seq: 3, Event: &workerv1.Event{Time: at(3), Kind: "log", OpPath: "read", OpAttempt: 1, Message: "reading", Detail: &workerv1.Event_Log{Log: &workerv1.LogRecord{
			Level: 4, Attributes: []*metadatav1.Entry{
				{Key: "path", Kind: "text", Value: &metadatav1.Entry_Text{Text: "/data in"}},
				{Key: "bytes", Kind: "int", Value: &metadatav1.Entry_Int{Int: 12}},
			},
		}}}},
		{Attempt: 1, Seq: 4, Event: &workerv1.Event{Time: at(4), Kind: "op_finished", OpPath: "read", OpAttempt: 1, Message: "Failed in attempt 1 of 2, the next starts in 500ms: the disk sleeps", Detail: &workerv1.Event_OpFinished{OpFinished: &workerv1.OpFinished{
			Outcome: workerv1.Outcome_OUTCOME_FAILURE, Duration: durationpb.New(1_500_000_000), Failure: &workerv1.Failure{Reason: "error", Message: "the disk sleeps"}, RetryAfter: durationpb.New(500_000_000),
		}}}},
		{Attempt: 1, Seq: 5, Event: &workerv1.Event{Time: at(4), Kind: "op_started", OpPath: "read", OpAttempt: 2, Message: "Started attempt 2 of 2", Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}}},
		{Attempt: 1, Seq: 6, Event: &workerv1.Event{Time: at(4), Kind: "op_finished", OpPath: "read", OpAttempt: 2, Message: failure.Message, Detail: &workerv1.Event_OpFinished{OpFinished: &workerv1.OpFinished{
			Outcome: workerv1.Outcome_OUTCOME_FAILURE, Duration: durationpb.New(1_500_000_000), Failure: failure,
		}}}},
		{Attempt: 1, Seq: 7, Unreadable: "it ends in the middle of a field"},
		{Attempt: 1, Seq: 8, Event: &workerv1.Event{Time: at(5), Kind: "run_finished", Detail: &workerv1.Event_RunFinished{RunFinished: &workerv1.RunFinished{Outcome: workerv1.Outcome_OUTCOME_FAILURE, Failure: &workerv1.Failure{Reason: "op_failure", Message: "op read failed"}}}}},
	}
}

func sampleLocation() *hostv1.Location {
	l := &hostv1.Location{
		Name: "etl", Address: "127.0.0.1:4266", State: hostv1.LocationState_LOCATION_STATE_READY,
		Server: &usercodev1.ServerInfo{
			ProtocolVersion: "0.14.17", Sdk: &usercodev1.Sdk{Language: "go", Version: "0.14.17", Runtime: "go1.26.8"},
			Build: &usercodev1.Build{CodeVersion: "1.4.2", VcsRevision: "deadbeef", Dirty: true}, ServerId: "f00", StartedAt: at(0),
		},
		Capabilities: []*hostv1.CapabilityDecision{
			{Capability: "job_metadata", State: hostv1.FeatureState_FEATURE_STATE_REFUSED, Refusal: refusedJob().GetMetadata().GetRefusal()},
			{Capability: "launch_run", State: hostv1.FeatureState_FEATURE_STATE_SHOWN},
		},
		LoadedAt: at(1), AnsweredAt: at(2),
		Repositories:      []*hostv1.RepositorySummary{{Name: "nightly", Jobs: 1}, {Name: "tutorial", Jobs: 4}},
		DefinitionsDigest: []byte("0123456789abcdef0123456789abcdef"),
	}
	l.Replicas = []*hostv1.Replica{{Server: l.GetServer(), Address: l.GetAddress(), InUse: true, FirstSeenAt: at(0), AnsweredAt: at(2)}}
	return l
}

// deployedLocation is one in the middle of a rolling update: two servers are old, one of which drains, and one is new.
func deployedLocation() *hostv1.Location {
	replica := func(id, version string, first, answered int) *hostv1.Replica {
		return &hostv1.Replica{
			Server:  &usercodev1.ServerInfo{ProtocolVersion: "0.15.0", ServerId: id, Build: &usercodev1.Build{CodeVersion: version}},
			Address: "10.0.0.7:4266", FirstSeenAt: at(first), AnsweredAt: at(answered),
		}
	}
	newer, old, older := replica("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1.5.0", 3, 5), replica("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "1.4.2", 1, 4), replica("c", "1.4.2", 0, 4)
	newer.InUse = true
	older.Server.Draining, older.Server.LiveWorkers, older.Server.DrainDeadline = true, 2, at(9)
	return &hostv1.Location{
		Name: "ml", Address: "10.0.0.7:4266", State: hostv1.LocationState_LOCATION_STATE_READY, Server: newer.GetServer(),
		LoadedAt: at(3), AnsweredAt: at(5), DefinitionsDigest: []byte{0xab, 0xcd},
		Repositories: []*hostv1.RepositorySummary{{Name: "ml", Jobs: 2}},
		Capabilities: sampleLocation().GetCapabilities(),
		Replicas:     []*hostv1.Replica{newer, old, older}, Mixed: true,
		Notices: []string{"ml and etl are answered by the same server\none of the two addresses may be wrong"},
	}
}
