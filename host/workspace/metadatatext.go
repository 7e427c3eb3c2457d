package workspace

import (
	"errors"
	"sync"
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

// MetadataTexts are the entries of the job's metadata as selectors see them, none when the gate does not show it. Nobody
// changes what it returns. shown tells whether it is shown; a job without metadata shows that it has none.
func (j *Job) MetadataTexts() (texts []host.MetadataText, shown bool) {
	if RefusalOf(j.metadataDecision(), j.Name.Location, 0) != nil {
		return nil, false
	}
	return j.content.texts.of(j.MetadataBody), true
}

// texts are those of a job's metadata, made when they are asked for.
type texts struct {
	once sync.Once
	all  []host.MetadataText
}

func (t *texts) of(body []byte) []host.MetadataText {
	t.once.Do(func() {
		entries, _ := decodeEntries(body) // what is wrong with the others stands beside the metadata where it is shown
		t.all = textsOf(entries)
	})
	return t.all
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
