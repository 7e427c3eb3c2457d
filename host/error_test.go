package host_test

import (
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestAdviceIsASentence(t *testing.T) {
	for remedy, want := range map[string]string{
		"":                              "",
		"see the host's log":            "See the host's log.",
		"Wait: it reports by itself.":   "Wait: it reports by itself.",
		"étend":                         "Étend.",
		"--listen takes host:port":      "--listen takes host:port.",
		"send it again; nothing was so": "Send it again; nothing was so.",
		"\xff":                          "\ufffd.",
		"why?":                          "Why?",
	} {
		if got := (&host.Error{Remedy: remedy}).Advice(); got != want {
			t.Errorf("advice of %q is %q, want %q", remedy, got, want)
		}
	}
}
