package main

import (
	"io"
	"log/slog"
	"strings"
	"unicode"
)

// newLogger makes the process's logger. What users and user code write is inert in both formats: the text handler
// quotes what is not printable, and for JSON it is replaced, for JSON alone escapes only the oldest control characters.
func newLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	options := &slog.HandlerOptions{}
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usageErrorf("--log-level %.40q is not debug, info, warn or error", level)
	}
	options.Level = l
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		options.ReplaceAttr = func(_ []string, a slog.Attr) slog.Attr {
			a.Key = printableText(a.Key)
			switch v := a.Value.Any().(type) {
			case string:
				a.Value = slog.StringValue(printableText(v))
			case error:
				a.Value = slog.StringValue(printableText(v.Error()))
			}
			return a
		}
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, usageErrorf("--log-format %.40q is not text or json", format)
	}
}

// printableText replaces what JSON would carry raw and a terminal could obey.
func printableText(s string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && !unicode.IsPrint(r) && !unicode.IsSpace(r) || r == 0x7f || r == 0x85 {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
