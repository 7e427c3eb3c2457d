package workspace_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func body(t *testing.T, entries ...*metadatav1.Entry) []byte {
	t.Helper()
	b, err := proto.Marshal(&usercodev1.JobMetadata{Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The text of an entry is what people see, on one line.
func TestMetadataTexts(t *testing.T) {
	texts, err := workspace.MetadataTexts(body(t, hosttest.EveryKind()...))
	if err != nil || len(texts) != len(hosttest.EveryKind()) {
		t.Fatalf("got %v, %v", texts, err)
	}
	got := map[string]string{}
	for _, m := range texts {
		if got[m.Key] = m.Text; !utf8.ValidString(m.Text) || len(m.Text) > host.MaxMetadataText || strings.ContainsAny(m.Text, "\n\x00") {
			t.Errorf("%s is %q", m.Key, m.Text)
		}
	}
	for key, want := range map[string]string{
		"text": "plain", "url": "https://example.com/a?b=c", "path": "/data/in.csv", "json": `{"a":[1,2]}`, "markdown": "# Runbook",
		"int": "-9223372036854775808", "null": "null",
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	if texts, err := workspace.MetadataTexts(nil); len(texts) > 0 || err != nil {
		t.Errorf("no metadata: %v, %v", texts, err)
	}
}

func TestMetadataTextsAreCutBetweenCharacters(t *testing.T) {
	texts, err := workspace.MetadataTexts(body(t, hosttest.Text("a", "x"+strings.Repeat("ä", 200)), hosttest.Text("b", strings.Repeat("y", host.MaxMetadataText))))
	want := []host.MetadataText{{Key: "a", Text: "x" + strings.Repeat("ä", 127)}, {Key: "b", Text: strings.Repeat("y", host.MaxMetadataText)}}
	if err != nil || !reflect.DeepEqual(texts, want) {
		t.Errorf("got %v, %v", texts, err)
	}
}

// What cannot be read spoils only itself, and is told.
func TestMetadataTextsOfDamage(t *testing.T) {
	damaged := append(body(t, hosttest.Text("a", "1"), hosttest.Text("a", "2"), hosttest.Text("b", "3")), 0xff)
	texts, err := workspace.MetadataTexts(damaged)
	want := []host.MetadataText{{Key: "a", Text: "1"}, {Key: "b", Text: "3"}}
	if err == nil || !strings.Contains(err.Error(), "the key occurs twice") || !strings.Contains(err.Error(), "damaged") || !reflect.DeepEqual(texts, want) {
		t.Errorf("got %v, %v", texts, err)
	}
}
