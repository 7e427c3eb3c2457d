package metadata

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Text is plain text of at most 64 KiB, shown as it is.
func Text(s string) Value { return textual(KindText, s, MaxTextBytes) }

// Markdown is a markdown source of at most 256 KiB. Readers sanitise what it renders to.
func Markdown(source string) Value { return textual(KindMarkdown, source, MaxMarkdownBytes) }

// Path is a file path as its author writes it; nothing looks whether the file exists.
func Path(path string) Value { return nonEmpty(KindPath, path) }

// Notebook is the path of a notebook.
func Notebook(path string) Value { return nonEmpty(KindNotebook, path) }

// Run refers to a run of the host by its id.
func Run(id string) Value { return nonEmpty(KindRun, id) }

// Int is a whole number of any Go integer type. A uint64 above the range of int64 keeps its digits.
func Int[N ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](n N) Value {
	if n > 0 && uint64(n) > 1<<63-1 {
		return Value{kind: KindInt, payload: bigInt(strconv.FormatUint(uint64(n), 10))}
	}
	return Value{kind: KindInt, payload: int64(n)}
}

// BigInt is a whole number of any size. The number is copied.
func BigInt(n *big.Int) Value {
	if n == nil {
		return invalid(KindInt, errors.New("the *big.Int is nil; use metadata.Null() for no value"))
	}
	return Digits(n.String())
}

// Digits is a whole number given as canonical decimal digits: an optional minus, no plus, no leading zeros, at most
// 64 KiB.
func Digits(s string) Value {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(n, 10) == s {
		return Value{kind: KindInt, payload: n}
	}
	if len(s) > MaxTextBytes {
		return invalid(KindInt, overLimit("the number has", len(s), "digits", MaxTextBytes))
	}
	unsigned := strings.TrimPrefix(s, "-")
	if unsigned == "" || unsigned[0] == '0' || strings.Trim(unsigned, "0123456789") != "" {
		return invalid(KindInt, fmt.Errorf("%s is not a whole number in decimal digits without leading zeros", quote(s)))
	}
	return Value{kind: KindInt, payload: bigInt(s)}
}

// Digits is the number of kind int in decimal, whatever its size; empty for any other kind.
func (v Value) Digits() string {
	switch n := v.payload.(type) {
	case int64:
		return strconv.FormatInt(n, 10)
	case bigInt:
		return string(n)
	}
	return ""
}

// Float is a number. NaN and the infinities survive.
func Float(f float64) Value { return Value{kind: KindFloat, payload: f} }

// Bool is true or false.
func Bool(b bool) Value { return Value{kind: KindBool, payload: b} }

// Null says that there is no value, in contrast to an entry that is absent.
func Null() Value { return Value{kind: KindNull} }

// Timestamp is an instant, in the years 1 to 9999, exact to the nanosecond. The time zone is not kept.
func Timestamp(t time.Time) Value {
	t = t.Round(0).UTC() // Round(0) drops the monotonic reading, which would make equal instants differ
	if y := t.Year(); y < 1 || y > 9999 {
		return invalid(KindTimestamp, fmt.Errorf("the year %d is outside 1 to 9999", y))
	}
	return Value{kind: KindTimestamp, payload: t}
}

func textual(k Kind, s string, limit int) Value {
	if err := checkText("the value", s, limit); err != nil {
		return invalid(k, err)
	}
	return Value{kind: k, payload: s}
}

func nonEmpty(k Kind, s string) Value {
	if s == "" {
		return invalid(k, errors.New("the value is empty"))
	}
	return textual(k, s, MaxTextBytes)
}

// checkText is the rule for every text: UTF-8, because one bad byte makes a whole protobuf message unreadable, and
// not over the limit.
func checkText(what, s string, limit int) error {
	if len(s) > limit {
		return overLimit(what+" has", len(s), "bytes", limit)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s %s is not valid UTF-8; convert it, or encode bytes as base64", what, quote(s))
	}
	return nil
}

func overLimit(what string, got int, unit string, limit int) error {
	return fmt.Errorf("%s %d %s; the limit is %d", what, got, unit, limit)
}
