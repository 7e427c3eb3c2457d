package workspace

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/versioncheck"
)

func jobMetadata(t testing.TB, entries ...*metadatav1.Entry) []byte {
	t.Helper()
	return encodeProto(t, &usercodev1.JobMetadata{Entries: entries})
}

func TestEveryKind(t *testing.T) {
	sample := hosttest.EveryKind()
	entries, problems := decodeEntries(jobMetadata(t, sample...))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	seen := map[metadata.Kind]bool{}
	for i, e := range entries {
		if !proto.Equal(e, sample[i]) {
			t.Errorf("%s: got %v, want %v", sample[i].GetKey(), e, sample[i])
		}
		v := EntryOf(e)
		if v.Value.Err() != nil || v.Key != e.GetKey() || string(v.Value.Kind()) != e.GetKind() {
			t.Errorf("%s: got %v", e.GetKey(), v)
		}
		seen[v.Value.Kind()] = true
	}
	for _, k := range metadata.Kinds() {
		if !seen[k] {
			t.Errorf("the sample has no %s", k)
		}
	}
	if v := EntryOf(sample[len(sample)-1]).Value; v.Fallback() != "a chart of 3 points" || string(v.Raw()) != `{"points":[1,2,3]}` {
		t.Errorf("the unknown kind lost something: %v", v)
	}
	table := EntryOf(sample[12]).Value.Table()
	if len(table.Rows) != 2 || table.Rows[0][1].String() != "12" || table.Rows[1][1].Kind() != metadata.KindNull || table.Schema.Columns[0].Tags["pii"] != "no" {
		t.Errorf("got %+v", table)
	}
}

// Each bad entry spoils only itself.
func TestBadEntries(t *testing.T) {
	cells := func(n int) *metadatav1.Entry {
		row := &metadatav1.Table_Row{}
		for range n {
			row.Cells = append(row.Cells, &metadatav1.Table_Cell{})
		}
		return &metadatav1.Entry{Key: "k", Kind: "table", Value: &metadatav1.Entry_Table{Table: &metadatav1.Table{Rows: []*metadatav1.Table_Row{row}}}}
	}
	for _, c := range []struct {
		name string
		bad  *metadatav1.Entry
		says string
	}{
		{"Script", &metadatav1.Entry{Key: "k", Kind: "url", Value: &metadatav1.Entry_Url{Url: "javascript:alert(1)"}}, "scheme"},
		{"NotJSON", &metadatav1.Entry{Key: "k", Kind: "json", Value: &metadatav1.Entry_Json{Json: "{"}}, ""},
		{"NotDigits", &metadatav1.Entry{Key: "k", Kind: "int", Value: &metadatav1.Entry_BigInt{BigInt: "12x"}}, ""},
		{"NoValue", &metadatav1.Entry{Key: "k", Kind: "text"}, "without its value"},
		{"OtherArm", &metadatav1.Entry{Key: "k", Kind: "bool", Value: &metadatav1.Entry_Text{Text: "true"}}, "without its value"},
		{"NoKind", &metadatav1.Entry{Key: "k", Value: &metadatav1.Entry_Text{Text: "x"}}, "kind"},
		{"NoKey", &metadatav1.Entry{Kind: "bool", Value: &metadatav1.Entry_Bool{}}, "key"},
		{"LongKey", hosttest.Text(strings.Repeat("k", 257), "x"), "key"},
		{"ControlInKey", hosttest.Text("a\x1bb", "x"), "control"},
		{"KeyTwice", hosttest.Text("first", "x"), "occurs twice"},
		{"BadTime", &metadatav1.Entry{Key: "k", Kind: "timestamp", Value: &metadatav1.Entry_Timestamp{Timestamp: &timestamppb.Timestamp{Seconds: math.MaxInt64}}}, "without its value"},
		{"NoAsset", &metadatav1.Entry{Key: "k", Kind: "asset", Value: &metadatav1.Entry_Asset{}}, ""},
		{"NoJob", &metadatav1.Entry{Key: "k", Kind: "job", Value: &metadatav1.Entry_Job{}}, "Job"},
		{"TooManyCells", cells(maxTableCells + 1), "more than 10000 table cells"},
		{"LongText", hosttest.Text("k", strings.Repeat("x", metadata.MaxTextBytes+1)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries, problems := decodeEntries(jobMetadata(t, hosttest.Text("first", "1"), c.bad, hosttest.Text("last", "2")))
			if len(entries) != 2 || entries[0].GetKey() != "first" || entries[1].GetKey() != "last" {
				t.Errorf("got %v", entries)
			}
			if len(problems) != 1 || !strings.Contains(problems[0].Error(), "entry 2") || !strings.Contains(problems[0].Error(), c.says) {
				t.Errorf("got %v, want %q", problems, c.says)
			}
		})
	}
	t.Run("NotUTF8", func(t *testing.T) {
		body := bytes.Replace(jobMetadata(t, hosttest.Text("first", "1"), hosttest.Text("k", "~~"), hosttest.Text("last", "2")), []byte("~~"), []byte("\xff\xfe"), 1)
		entries, problems := decodeEntries(body)
		if len(entries) != 2 || len(problems) != 1 || !strings.Contains(problems[0].Error(), "UTF-8") {
			t.Errorf("got %v, %v", entries, problems)
		}
	})
	t.Run("DamagedEnd", func(t *testing.T) {
		entries, problems := decodeEntries(append(jobMetadata(t, hosttest.Text("first", "1")), 0xff))
		if len(entries) != 1 || len(problems) != 1 || !strings.Contains(problems[0].Error(), "damaged") {
			t.Errorf("got %v, %v", entries, problems)
		}
	})
	t.Run("TooMany", func(t *testing.T) {
		var many []*metadatav1.Entry
		for i := range metadata.MaxEntries + 1 {
			many = append(many, hosttest.Text(fmt.Sprint(i), "x"))
		}
		entries, problems := decodeEntries(jobMetadata(t, many...))
		if len(entries) != metadata.MaxEntries || len(problems) != 1 || !strings.Contains(problems[0].Error(), "first 256") {
			t.Errorf("got %d, %v", len(entries), problems)
		}
	})
	t.Run("EmptyRows", func(t *testing.T) { // 200 KB that would decode to tens of megabytes
		rows := bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), nil), maxElements)
		entry := protowire.AppendBytes(protowire.AppendTag(nil, 26, protowire.BytesType), rows)
		body := append(jobMetadata(t, hosttest.Text("first", "1")), protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), entry)...)
		if allocated := testing.AllocsPerRun(1, func() {
			if entries, problems := decodeEntries(body); len(entries) != 1 || len(problems) != 1 {
				t.Errorf("got %v, %v", entries, problems)
			}
		}); allocated > 1_000 {
			t.Errorf("%v allocations: it was decoded before it was counted", allocated)
		}
	})
	t.Run("UnknownKindKeepsNoArm", func(t *testing.T) {
		entries, problems := decodeEntries(jobMetadata(t, &metadatav1.Entry{Key: "k", Kind: "chart", TextFallback: "f", Value: &metadatav1.Entry_Url{Url: "javascript:1"}}))
		if len(problems) > 0 || len(entries) != 1 || entries[0].GetValue() != nil || entries[0].GetTextFallback() != "f" {
			t.Errorf("got %v, %v", entries, problems)
		}
	})
}

func TestNoticeOfBadEntries(t *testing.T) {
	b := hosttest.Current()
	b.Repositories[0].Jobs = []hosttest.Job{
		{Definition: hosttest.OneOp("bad"), Metadata: []*metadatav1.Entry{hosttest.Text("ok", "1"), {Key: "k", Kind: "text"}}},
		{Definition: hosttest.OneOp("damaged"), RawMetadata: []byte("\xff\xff")},
		{Definition: hosttest.OneOp("lies"), Metadata: []*metadatav1.Entry{hosttest.Text("ok", "1")}, Announced: proto.Uint32(3)},
	}
	w := openOne(t, hosttest.Start(t, b))
	awaitState(t, w, "etl", host.LocationReady)
	if v := find(t, w, "bad").Metadata(); v.State != versioncheck.StateShown || len(v.Entries) != 1 || !strings.Contains(v.Notice, `entry 2 ("k")`) {
		t.Errorf("got %+v", v)
	}
	if v := find(t, w, "lies").Metadata(); v.State != versioncheck.StateShown || len(v.Entries) != 1 || !strings.Contains(v.Notice, "announced 3 and sent 1") {
		t.Errorf("got %+v", v)
	}
	if v := find(t, w, "damaged").Metadata(); v.State != versioncheck.StateShown || !strings.Contains(v.Notice, "damaged") {
		t.Errorf("damage shows as something else: %+v", v)
	}
}

func TestViewMetadata(t *testing.T) {
	info := func(protocol string) []byte { return encodeProto(t, &usercodev1.ServerInfo{ProtocolVersion: protocol}) }
	body := jobMetadata(t, hosttest.Text("owner", "data team"))
	held := host.Snapshot{Metadata: digestOf(body), MetadataEntries: 1, ServerInfo: info("0.15.0")}
	withheld := host.Snapshot{MetadataEntries: 3, ServerInfo: info("0.14.17")}
	for _, c := range []struct {
		name     string
		snapshot host.Snapshot
		body     []byte
		protocol string
		state    versioncheck.State
		code     versioncheck.Code
	}{
		{"Shown", held, body, "0.15.0", versioncheck.StateShown, ""},
		{"Empty", host.Snapshot{ServerInfo: info("0.15.0")}, nil, "0.15.0", versioncheck.StateEmpty, ""},
		{"EmptyBody", host.Snapshot{Metadata: digestOf(nil), ServerInfo: info("0.15.0")}, []byte{}, "0.15.0", versioncheck.StateEmpty, ""},
		{"NotAnnounced", host.Snapshot{Metadata: digestOf(body), ServerInfo: info("0.15.0")}, body, "0.15.0", versioncheck.StateShown, ""},
		{"Refused", withheld, nil, "0.15.0", versioncheck.StateRefused, versioncheck.CodeServerTooOld},
		{"RefusedThoughHeld", host.Snapshot{Metadata: digestOf(body), MetadataEntries: 1, ServerInfo: info("0.14.17")}, body, "0.15.0", versioncheck.StateRefused, versioncheck.CodeServerTooOld},
		{"NotReported", host.Snapshot{MetadataEntries: 1}, nil, "0.15.0", versioncheck.StateRefused, versioncheck.CodeVersionNotReported},
		{"DamagedReport", host.Snapshot{MetadataEntries: 1, ServerInfo: []byte("\xff")}, nil, "0.15.0", versioncheck.StateRefused, versioncheck.CodeVersionNotReported},
		{"HostDowngraded", held, body, "0.14.17", versioncheck.StateRefused, versioncheck.CodeHostTooOld},
		{"GateOpenedSince", host.Snapshot{MetadataEntries: 3, ServerInfo: info("0.15.0")}, nil, "0.15.0", versioncheck.StateUnavailable, versioncheck.CodeNotFetched},
		{"DevThen", host.Snapshot{Metadata: digestOf(body), MetadataEntries: 1, ServerInfo: info("dev"), AllowDevVersions: true}, body, "0.15.0", versioncheck.StateShown, ""},
		{"DevNotThen", host.Snapshot{MetadataEntries: 1, ServerInfo: info("dev")}, nil, "0.15.0", versioncheck.StateRefused, versioncheck.CodeDevVersionUnverified},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := ViewMetadata("etl", c.snapshot, c.body, c.protocol)
			if v.State != c.state || (v.Refusal != nil) != (c.code != "") || (v.Entries == nil) != (c.code != "") {
				t.Fatalf("got %+v", v)
			}
			if state := MetadataStateOf(c.snapshot, c.protocol); state != v.State {
				t.Errorf("without the body the state is %s, with it %s", state, v.State)
			}
			if v.Refusal != nil && (v.Refusal.Code != string(c.code) || v.Refusal.Withheld != c.snapshot.MetadataEntries || v.Refusal.State != c.state) {
				t.Errorf("got %+v", v.Refusal)
			}
			if c.state == versioncheck.StateUnavailable && !strings.Contains(v.Refusal.Message, "at launch") {
				t.Errorf("got %q", v.Refusal.Message)
			}
		})
	}
}
