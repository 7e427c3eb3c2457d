package evaluate

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/penstock-run/penstock/usercode/internal/mask"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Limits of an answer.
const (
	maxRequests        = 1000
	maxRunKeyBytes     = 1 << 10
	maxConfigBytes     = 1 << 20
	maxSelectionBytes  = 16 << 10
	maxCursorBytes     = 64 << 10
	maxPartitionKeys   = 1000
	maxAnswerBytes     = 3 << 20
	maxSkipReasonBytes = 2 << 10
	maxErrorBytes      = 16 << 10
	maxLogBytes        = 64 << 10
)

// check is about what a host would not take, and about secrets in what it would store as it is.
func (a *Answer) check(masker *mask.Masker) error {
	if n := len(a.Requests); n > maxRequests {
		return fmt.Errorf("it asked for %d runs; the limit is %d: answer the others the next time", n, maxRequests)
	}
	size := 0
	for i, r := range a.Requests {
		if err := checkRequest(r, masker); err != nil {
			return fmt.Errorf("run request %d: %w", i+1, err)
		}
		size += len(r.RunKey) + len(r.Config) + len(r.Partition) + len(r.OpSelection)
		for _, t := range r.Tags {
			size += len(t.Key) + len(t.Value)
		}
	}
	if err := checkText("the cursor", a.Cursor, maxCursorBytes, masker); err != nil {
		return err
	}
	keys := 0
	for _, c := range a.PartitionKeys {
		for _, key := range append(append([]string(nil), c.Add...), c.Remove...) {
			if err := spec.CheckPartitionKey(key); err != nil {
				return fmt.Errorf("partitions %q: key %.100q: %w", c.Dimension, key, err)
			}
			if masker.String(key) != key {
				return fmt.Errorf("partitions %q: a key has the value of a secret in it, which would be stored and shown", c.Dimension)
			}
			size += len(key)
			keys++
		}
	}
	if keys > maxPartitionKeys {
		return fmt.Errorf("it changes %d keys of partitions; the limit is %d: change the others the next time", keys, maxPartitionKeys)
	}
	if size > maxAnswerBytes {
		return fmt.Errorf("what it answered has %d bytes; the limit is %d: answer fewer run requests at a time", size, maxAnswerBytes)
	}
	return nil
}

func checkRequest(r spec.RunRequest, masker *mask.Masker) error {
	if err := checkText("its run key", r.RunKey, maxRunKeyBytes, masker); err != nil {
		return err
	}
	if strings.ContainsFunc(r.RunKey, unicode.IsControl) {
		return errors.New("its run key has control characters")
	}
	if err := checkText("its op selection", r.OpSelection, maxSelectionBytes, masker); err != nil {
		return err
	}
	return checkConfig(r.Config, len(r.Config), masker)
}

// checkConfig gets the size of all so far.
func checkConfig(config []byte, all int, masker *mask.Masker) error {
	if n := len(config); n > maxConfigBytes {
		return fmt.Errorf("its run config has %d bytes; the limit is %d", n, maxConfigBytes)
	}
	if all > maxAnswerBytes {
		return fmt.Errorf("the run configs have more than %d bytes together; make them shorter", maxAnswerBytes)
	}
	if masker.String(string(config)) != string(config) {
		return errors.New("its run config has the value of a secret in it, which would be stored and shown; refer to the secret, with usercode.SecretEnv")
	}
	return nil
}

// checkText is about text that is kept as it is.
func checkText(what, text string, limit int, masker *mask.Masker) error {
	switch {
	case len(text) > limit:
		return fmt.Errorf("%s has %d bytes; the limit is %d", what, len(text), limit)
	case !utf8.ValidString(text):
		return fmt.Errorf("%s is not valid UTF-8", what)
	case masker.String(text) != text:
		return fmt.Errorf("%s has the value of a secret in it, which would be stored and shown", what)
	}
	return nil
}

const ellipsis = "…"

// clean makes text fit for a message of the contract: valid UTF-8 of at most limit bytes, cut between characters.
func clean(text string, limit int) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(text) <= limit {
		return text
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
