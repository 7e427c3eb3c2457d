package boltstore

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/penstock-run/penstock/host"
)

// TestMetadataTextsAreDecodedOnce reads bodies that are in use all the time, and others once each.
func TestMetadataTextsAreDecodedOnce(t *testing.T) {
	decoded := map[string]int{}
	m := newMetadataTexts(&Options{Logger: slog.New(slog.DiscardHandler), MetadataTexts: func(body []byte) ([]host.MetadataText, error) {
		decoded[string(body)]++
		if string(body) == "wrong" {
			return nil, errors.New("wrong")
		}
		return []host.MetadataText{{Key: "k", Text: string(body)}}, nil
	}})
	of := func(body string) []host.MetadataText {
		return m.of(digestOf([]byte(body)), func() ([]byte, error) { return []byte(body), nil })
	}
	for i := range 5 * textsKept {
		if got := of("often"); len(got) != 1 || got[0].Text != "often" {
			t.Fatalf("the texts are %v", got)
		}
		of(fmt.Sprint("once ", i))
		if got := of("wrong"); len(got) != 0 {
			t.Fatalf("a body that cannot be read has the texts %v", got)
		}
	}
	if decoded["often"] != 1 || decoded["wrong"] != 1 {
		t.Errorf("what is in use was decoded %d and %d times", decoded["often"], decoded["wrong"])
	}
	if n := len(m.used) + len(m.before); n > 2*textsKept {
		t.Errorf("%d bodies are kept", n)
	}
	missing := host.Digest{1}
	if got := m.of(missing, func() ([]byte, error) { return nil, errors.New("missing") }); got != nil {
		t.Errorf("a body that is missing has the texts %v", got)
	}
	if got := m.of(missing, func() ([]byte, error) { return []byte("there now"), nil }); len(got) != 1 {
		t.Error("a body that was missing once is not read when it is there")
	}
}
