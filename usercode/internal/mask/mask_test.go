package mask

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

const secret = `p@ss/word "1"<é>`

func TestString(t *testing.T) {
	m := New([]string{secret, "hunter2", "abcd1234", "1234efgh"})
	long := strings.Repeat("x", cutBytes)
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"Nothing":         {"", ""},
		"NoValue":         {"nothing to see: hunter", "nothing to see: hunter"},
		"All":             {"hunter2", "***"},
		"Inside":          {"a hunter2, b", "a ***, b"},
		"Twice":           {"hunter2 and hunter2", "*** and ***"},
		"Beside":          {"hunter2hunter2", "******"},
		"Overlap":         {"[abcd1234efgh]", "[***]"},
		"Special":         {"<" + secret + ">", "<***>"},
		"Quoted":          {fmt.Sprintf("%q", secret), `"***"`},
		"JSON":            {string(quoted), `"***"`},
		"Query":           {"?p=" + url.QueryEscape(secret) + "&x", "?p=***&x"},
		"Path":            {"/" + url.PathEscape(secret) + "/x", "/***/x"},
		"LowerEscapes":    {strings.ToLower(url.PathEscape("p@ss/word")) + url.PathEscape("hunter2"), "p@ss%2fword***"},
		"UserInfo":        {(&url.URL{Scheme: "pg", User: url.UserPassword("u", secret), Host: "h"}).String(), "pg://u:***@h"},
		"Hex":             {hex.EncodeToString([]byte("hunter2")), "***"},
		"Bytes":           {fmt.Sprintf("%v", []byte("hunter2")), "[***]"},
		"LongKeepsWord":   {long + " hunter", long + " ***"},
		"CutAtTheEnd":     {long + "hunt" + ellipsis, long + "***" + ellipsis},
		"CutAtTheStart":   {"nter2" + long, "***" + long},
		"ShortIsNotCut":   {"hunt", "hunt"},
		"ShortIsCut":      {"hunt" + ellipsis, "***" + ellipsis},
		"CutInTheMiddle":  {`key "hunter` + ellipsis + `" of hunter2, ` + ellipsis, `key "***` + ellipsis + `" of ***, ` + ellipsis},
		"CutInsideOfMore": {long + "hunter2, hunter2hunt", long + "***, ******"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := m.String(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestStringInBase64(t *testing.T) {
	m := New([]string{"hunter2"})
	for before := range 5 {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			data := strings.Repeat("u", before) + "hunter2" + "\xff:tail"
			text := encoding.EncodeToString([]byte(data))
			got := m.String(text)
			if !strings.Contains(got, Replacement) {
				t.Errorf("%q: %s stays", data, got)
			}
			// Nothing of the value that can be decoded is left, but for bits that it shares a character with its neighbors in.
			if kept := len(strings.ReplaceAll(got, Replacement, "")); len(text)-kept < (8*len("hunter2")-10)/6 {
				t.Errorf("%q: of %s only %d characters are gone: %s", data, text, len(text)-kept, got)
			}
		}
	}
}

func TestLines(t *testing.T) {
	key := "-----BEGIN KEY-----\r\nbGluZSBvbmU\r\n  bGluZSB0d28\r\n}\r\n-----END KEY-----\r\n"
	m := New([]string{key})
	for line := range strings.SplitSeq(key, "\r\n") {
		want := Replacement
		if len(line) < MinBytes {
			want = line
		}
		if got := strings.TrimSpace(m.String(line)); got != want {
			t.Errorf("line %q: got %q", line, got)
		}
	}
	if got := m.String("<" + key + ">"); got != "<***>" {
		t.Errorf("the whole: got %q", got)
	}
}

func TestNoValues(t *testing.T) {
	for _, m := range []*Masker{nil, New(nil), New([]string{"", "abc"})} {
		if m != nil {
			t.Error("a Masker without values is not nil")
		}
		s := m.Stream()
		if got := m.String("abc") + string(m.Bytes([]byte("abc"))) + string(s.Write([]byte("abc"))) + string(s.Flush()); got != "abcabcabc" {
			t.Errorf("got %q", got)
		}
	}
}

func TestInvalidUTF8(t *testing.T) {
	m := New([]string{"\xa9\xa9\xa9\xa9", "\xffabcd"})
	if got := m.String("é" + strings.Repeat("\u0a69", 3)); !utf8.ValidString(got) {
		t.Errorf("text became %q", got)
	}
	if got := m.String("x" + strings.ToValidUTF8("\xffabcd", "\uFFFD")); got != "x***" {
		t.Errorf("cleaned value: got %q", got)
	}
}

// values and texts of few letters meet often.
func drawValues(t *rapid.T) []string {
	return rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("abc\n")), MinBytes, 12, -1), 1, 4).Draw(t, "values")
}

func TestNothingStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawValues(t)
		text := rapid.StringOfN(rapid.SampledFrom([]rune("abc\n ")), 0, 80, -1).Draw(t, "text")
		got := New(values).String(text)
		for _, v := range values {
			if strings.Contains(got, v) {
				t.Fatalf("%q holds %q", got, v)
			}
		}
		if rest := strings.ReplaceAll(got, Replacement, ""); len(rest) > len(text) {
			t.Fatalf("%q grew to %q", text, got)
		}
	})
}

// TestStreamIsTheWhole cuts data anywhere: what comes out is what masking the whole gives, but for the beginning of a
// value at the end.
func TestStreamIsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawValues(t)
		m := New(values)
		data := rapid.StringOfN(rapid.SampledFrom([]rune("abc\n ")), 0, 200, -1).Draw(t, "data")
		s := m.Stream()
		var out []byte
		for rest := data; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			out = append(out, s.Write([]byte(rest[:n]))...)
			rest = rest[n:]
			if len(s.held) >= m.longest {
				t.Fatalf("%d bytes are held back; the longest form has %d", len(s.held), m.longest)
			}
		}
		out = append(out, s.Flush()...)
		want := m.String(data)
		if m.open(data, MinBytes) < len(data) {
			one := m.Stream()
			want = string(append(one.Write([]byte(data)), one.Flush()...))
		}
		if string(out) != want {
			t.Fatalf("data %q, values %q: got %q, want %q", data, values, out, want)
		}
		for _, v := range values {
			if strings.Contains(string(out), v) {
				t.Fatalf("%q holds %q", out, v)
			}
		}
	})
}

func TestStreamHoldsBackNoMoreThanItMust(t *testing.T) {
	s := New([]string{"hunter2"}).Stream()
	var got []string
	for _, piece := range []string{"a hun", "ter", "2 b", "hunt", "ing hu", "n"} {
		got = append(got, string(s.Write([]byte(piece))))
	}
	got = append(got, string(s.Flush()))
	if want := []string{"a ", "", "*** b", "", "hunting ", "", "hun"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Write([]byte("hunter"))
	if got := string(s.Flush()); got != Replacement {
		t.Errorf("the beginning of a value at the end: got %q", got)
	}
}

func FuzzStream(f *testing.F) {
	f.Add("hunter2", "a hunter2 b", 3)
	f.Add("aaaa", "aaaaaaaaaa", 1)
	f.Fuzz(func(t *testing.T, value, data string, cut int) {
		m := New([]string{value})
		cut = min(max(cut, 0), len(data))
		s := m.Stream()
		out := string(s.Write([]byte(data[:cut]))) + string(s.Write([]byte(data[cut:]))) + string(s.Flush())
		if m == nil {
			if out != data {
				t.Fatalf("got %q", out)
			}
			return
		}
		if !strings.Contains(value, "*") && (strings.Contains(out, value) || strings.Contains(m.String(data), value)) {
			t.Fatalf("%q of %q holds %q", out, data, value)
		}
	})
}

func BenchmarkString(b *testing.B) {
	m := New([]string{"hunter2hunter2", secret, "AKIAIOSFODNN7EXAMPLE", strings.Repeat("-----KEY-----\nbGluZSBvbmUgb2YgYSBrZXkgdGhhdCBpcyBsb25n\n", 20)})
	text := strings.Repeat("2026-11-23T01:12:06Z level=INFO msg=\"read a row\" id=4711 ", 20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		m.String(text)
	}
}
