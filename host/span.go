package host

import (
	"strings"
	"time"
)

// SpanText is a length of time as people configure it: 24h, not 24h0m0s.
func SpanText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
