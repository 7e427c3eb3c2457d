package workspace

import (
	"errors"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
)

// MetadataTexts are the entries of a metadata body as selectors see them: the text of each value as people see it on one
// line, cut at host.MaxMetadataText bytes. Entries that cannot be read are left out, and the error, which comes beside the
// others then, names them.
func MetadataTexts(body []byte) ([]host.MetadataText, error) {
	entries, problems := decodeEntries(body)
	return textsOf(entries), errors.Join(problems...)
}

func textsOf(entries []*metadatav1.Entry) []host.MetadataText {
	texts := make([]host.MetadataText, len(entries))
	for i, e := range entries {
		texts[i] = host.MetadataText{Key: e.GetKey(), Text: cutText(EntryOf(e).Value.String())}
	}
	return texts
}

// cutText is at most host.MaxMetadataText bytes of text, of whole characters.
func cutText(text string) string {
	if len(text) <= host.MaxMetadataText {
		return text
	}
	cut := host.MaxMetadataText
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return string([]byte(text[:cut])) // not the whole text, which may be large, kept for its beginning
}
