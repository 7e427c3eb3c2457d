package main

import (
	"bytes"
	"math"
	"strings"
	"testing"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// TestReportsArePrinted prints each kind of report in the log, among the events and as JSON.
func TestReportsArePrinted(t *testing.T) {
	rows := []*metadatav1.Entry{{Key: "rows", Kind: "int", Value: &metadatav1.Entry_Int{Int: 3}}}
	for _, c := range []struct {
		name             string
		event            *workerv1.Event
		log, event1, raw string // what is printed; log is empty for what is no part of it
	}{
		{
			"Progress", &workerv1.Event{Kind: "progress", Detail: &workerv1.Event_Progress{Progress: &workerv1.Progress{Done: 3, Total: 8, Unit: "rows"}}},
			"", "op  3 of 8 rows (38%)\n", `"reported":{"progress":{"done":3,"total":8,"unit":"rows"}`,
		},
		{
			"ProgressWithoutTotal", &workerv1.Event{Kind: "progress", Detail: &workerv1.Event_Progress{Progress: &workerv1.Progress{Done: 2.5}}},
			"", "op  2.5\n", `"reported":{"progress":{"done":2.5,"total":0,"unit":""}`,
		},
		{
			"ProgressOfNoNumber", &workerv1.Event{Kind: "progress", Detail: &workerv1.Event_Progress{Progress: &workerv1.Progress{Done: math.NaN(), Total: 1}}},
			"", "op  not a number\n", `"reported":{"progress":{"done":null,"total":1,"unit":""}`,
		},
		{
			"Note", &workerv1.Event{Kind: "note", Message: "found", Detail: &workerv1.Event_Note{Note: &workerv1.Note{Entries: rows}}},
			"NOTE   op  found rows=3\n", "op  found rows=3\n", `"metadata":[{"key":"rows","kind":"int","value":3,"text":"3"}]`,
		},
		{
			"Tags", &workerv1.Event{Kind: "tags_added", Detail: &workerv1.Event_TagsAdded{TagsAdded: &workerv1.TagsAdded{Tags: []*tagv1.Tag{{Key: "region", Value: "eu"}}}}},
			"", "op  region=eu\n", `"tags_added":[{"key":"region","value":"eu"`,
		},
		{
			"Output", &workerv1.Event{Kind: "output", Detail: &workerv1.Event_Output{Output: &workerv1.Output{Name: "result", Address: "runs/1/2", Size: 7, Codec: "json", Metadata: rows}}},
			"", "op  result is stored: 7 bytes, json, runs/1/2 rows=3\n", `"output":{"name":"result","address":"runs/1/2","bytes":7`,
		},
		{
			"OutputThatIsNotStored", &workerv1.Event{Kind: "output", Detail: &workerv1.Event_Output{Output: &workerv1.Output{NotStored: "the op has no output", Metadata: rows}}},
			"", "op  is not stored: the op has no output rows=3\n", `"not_stored":"the op has no output"`,
		},
		{
			"OutputThatIsReused", &workerv1.Event{Kind: "output", Detail: &workerv1.Event_Output{Output: &workerv1.Output{Name: "result", ReusedFrom: "0190"}}},
			"", "op  result was taken from run 0190\n", `"reused_from":"0190"`,
		},
		{
			"Captured", &workerv1.Event{Kind: "captured", Detail: &workerv1.Event_Captured{Captured: &workerv1.Captured{Descriptor_: 2, Data: []byte("one\ntwo\xff\x1b[31m\n"), Skipped: 9, Candidates: []string{"a", "b"}}}},
			"ERR    op  [a or b] … 9 bytes were left out …\n    one\n    two\uFFFD", "op  [a or b] … 9 bytes were left out …\n    one\n    two\uFFFD", `"captured":{"stream":"stderr","text":"one\ntwo�\u001b[31m\n","skipped":9,"candidates":["a","b"]}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.event.OpPath = "op"
			stored := &hostv1.StoredEvent{Attempt: 1, Seq: 2, Event: c.event}
			show := func(with func(p printer) error, asJSON bool) string {
				var out bytes.Buffer
				if err := with(printer{out: &out, json: asJSON}); err != nil {
					t.Fatal(err)
				}
				return out.String()
			}
			asLog := func(p printer) error { return p.log(stored) }
			asEvent := func(p printer) error { return p.event(stored) }
			if got := show(asLog, false); !strings.Contains(got, c.log) || c.log == "" && got != "" {
				t.Errorf("log: got %q, want %q", got, c.log)
			}
			if got := show(asEvent, false); !strings.Contains(got, c.event1) || !strings.Contains(got, c.event.GetKind()) || strings.Contains(got, "\x1b") {
				t.Errorf("event: got %q, want %q", got, c.event1)
			}
			if got := show(asEvent, true); !strings.Contains(got, c.raw) {
				t.Errorf("JSON: got %s, want %s", got, c.raw)
			}
		})
	}
}
