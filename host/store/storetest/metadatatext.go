package storetest

import (
	"fmt"
	"strings"

	"github.com/penstock-run/penstock/host"
)

// MetadataTexts reads the bodies of metadata that Exercise makes: lines of key=text.
func MetadataTexts(body []byte) (texts []host.MetadataText, err error) {
	for line := range strings.Lines(string(body)) {
		key, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok {
			return nil, fmt.Errorf("%.64q is no line of metadata", line)
		}
		texts = append(texts, host.MetadataText{Key: key, Text: text})
	}
	return texts, nil
}
