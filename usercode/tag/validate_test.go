package tag_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/penstock-run/penstock/usercode/tag"
)

func TestKeys(t *testing.T) {
	x63 := strings.Repeat("x", 63)
	for _, ok := range []string{"a", "7", "foo", "a.b_c-d", "team.example/env", x63, x63 + "/" + x63, "Penstock/x", "penstock", "penstock.x/y"} {
		if err := tag.Validate(tag.List{{Key: ok, Value: "v"}}); err != nil {
			t.Errorf("key %q: got %v", ok, err)
		}
	}
	for bad, want := range map[string]string{
		"":               "the key is empty",
		"/":              "its namespace is empty",
		"a/":             "its name is empty",
		"/a":             "its namespace is empty",
		"a/b/c":          "more than one slash",
		x63 + "x":        "its name has 64 bytes; the limit is 63",
		x63 + "x/a":      "its namespace has 64 bytes; the limit is 63",
		"my key":         `its name holds ' '`,
		"ключ":           `its name holds 'к'`,
		"a\xff":          `its name holds '�'`,
		"a\x00":          `its name holds '\x00'`,
		"-a":             `starts or ends with '-'`,
		"a.":             `starts or ends with '.'`,
		"_/a":            `its namespace starts or ends with '_'`,
		"a=b":            `its name holds '='`,
		"penstock/job":   "penstock/ belongs to the system; below it users may set image, k8s, launcher, max_retries, max_runtime, memoize, priority, retry_strategy",
		"penstock/other": "belongs to the system",
	} {
		problems := problemsOf(t, tag.Validate(tag.List{{Key: bad, Value: "v"}}))
		if len(problems) != 1 || problems[0].Key != bad || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("key %q: got %v, want one problem with %q", bad, problems, want)
		}
	}
}

func TestValues(t *testing.T) {
	object := func(n int) string { return `{"a":"` + strings.Repeat("x", n-8) + `"}` }
	for name, c := range map[string]struct{ key, value, want string }{
		"OK":                  {"k", "any: text = it likes, ünïcode 日本", ""},
		"Empty":               {"k", "", ""},
		"TabAndNewline":       {"k", "a\tb\nc", ""},
		"AtLimit":             {"k", strings.Repeat("x", 4096), ""},
		"ErrTooLong":          {"k", strings.Repeat("x", 4097), "4097 bytes; the limit is 4096"},
		"ErrNotUTF8":          {"k", "a\xff", "not valid UTF-8"},
		"ErrCarriageReturn":   {"k", "a\r\n", `control character '\r' at byte 1`},
		"ErrEscape":           {"k", "\x1b[31m", `control character '\x1b'`},
		"ErrC1":               {"k", "\u009b", `control character '\u009b'`},
		"ErrNUL":              {"k", "\x00", `control character '\x00'`},
		"Priority":            {tag.KeyPriority, "-2147483648", ""},
		"PriorityMax":         {tag.KeyPriority, "2147483647", ""},
		"ErrPriorityWord":     {tag.KeyPriority, "high", `tag "penstock/priority" = "high": use a whole number from -2147483648 to 2147483647`},
		"ErrPriorityRange":    {tag.KeyPriority, "2147483648", "whole number"},
		"ErrPriorityEmpty":    {tag.KeyPriority, "", "whole number"},
		"ErrPriorityPlus":     {tag.KeyPriority, "+1", "whole number"},
		"ErrPriorityZeros":    {tag.KeyPriority, "007", "whole number"},
		"ErrPrioritySpace":    {tag.KeyPriority, "1 ", "whole number"},
		"ErrPriorityFraction": {tag.KeyPriority, "1.0", "whole number"},
		"Retries":             {tag.KeyMaxRetries, "0", ""},
		"RetriesMax":          {tag.KeyMaxRetries, "100", ""},
		"ErrRetriesOver":      {tag.KeyMaxRetries, "101", "from 0 to 100"},
		"ErrRetriesNegative":  {tag.KeyMaxRetries, "-1", "from 0 to 100"},
		"ErrRetriesWord":      {tag.KeyMaxRetries, "some", "from 0 to 100"},
		"StrategyFailure":     {tag.KeyRetryStrategy, "from_failure", ""},
		"StrategyAll":         {tag.KeyRetryStrategy, "all_ops", ""},
		"ErrStrategy":         {tag.KeyRetryStrategy, "ALL_OPS", "use from_failure or all_ops"},
		"RuntimeDuration":     {tag.KeyMaxRuntime, "1h30m", ""},
		"RuntimeSeconds":      {tag.KeyMaxRuntime, "3600", ""},
		"RuntimeLongest":      {tag.KeyMaxRuntime, "8784h", ""},
		"ErrRuntimeTooLong":   {tag.KeyMaxRuntime, "8784h1s", "at most 8784h"},
		"ErrRuntimeZero":      {tag.KeyMaxRuntime, "0", "more than 0"},
		"ErrRuntimeNegative":  {tag.KeyMaxRuntime, "-1h", "more than 0"},
		"ErrRuntimeMixed":     {tag.KeyMaxRuntime, "1h30", "use a duration"},
		"ErrRuntimeEmpty":     {tag.KeyMaxRuntime, "", "use a duration"},
		"ErrRuntimeOverflow":  {tag.KeyMaxRuntime, strings.Repeat("9", 40), "use a duration"},
		"MemoizeTrue":         {tag.KeyMemoize, "true", ""},
		"MemoizeFalse":        {tag.KeyMemoize, "false", ""},
		"ErrMemoize":          {tag.KeyMemoize, "yes", "use true or false"},
		"Launcher":            {tag.KeyLauncher, "local", ""},
		"ErrLauncherEmpty":    {tag.KeyLauncher, "", "without spaces"},
		"Image":               {tag.KeyImage, "example.com/etl:1.2@sha256:ab", ""},
		"ErrImageSpace":       {tag.KeyImage, "a b", "without spaces"},
		"Kubernetes":          {tag.KeyKubernetes, `{"container": {}}`, ""},
		"KubernetesAtLimit":   {tag.KeyKubernetes, object(64 << 10), ""},
		"ErrKubernetesLong":   {tag.KeyKubernetes, object(64<<10 + 1), "65537 bytes; the limit is 65536"},
		"ErrKubernetesList":   {tag.KeyKubernetes, `[]`, "use a JSON object"},
		"ErrKubernetesNull":   {tag.KeyKubernetes, `null`, "use a JSON object"},
		"ErrKubernetesBroken": {tag.KeyKubernetes, `{"a"`, "use a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tag.Validate(tag.List{{Key: c.key, Value: c.value}})
			if c.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			problems := problemsOf(t, err)
			if len(problems) != 1 || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.key) {
				t.Errorf("got %v, want one problem with %q and the key", err, c.want)
			}
			if len(err.Error()) > 400 {
				t.Errorf("%d bytes of error for a value of %d bytes", len(err.Error()), len(c.value))
			}
		})
	}
}

func TestValidateNamesEverythingAtOnce(t *testing.T) {
	err := tag.Validate(tag.List{
		{Key: "z z", Value: "1"},
		{Key: "env", Value: "dev"},
		{Key: tag.KeyPriority, Value: "high"},
		{Key: "env", Value: "prod"},
		{Key: "team\x1b", Value: "x\x07"},
	})
	want := []string{
		`tag "z z" = "1": its name holds ' '; use A-Z a-z 0-9 _ . -`,
		`tag "penstock/priority" = "high": use a whole number from -2147483648 to 2147483647, such as 10`,
		`tag "env" = "prod": the key is already there with "dev"; keep one of them`,
		`tag "team\x1b" = "x\a": its name holds '\x1b'; use A-Z a-z 0-9 _ . -`,
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got:\n%v\nwant:\n%s", err, strings.Join(want, "\n"))
	}
	var one tag.Problem
	if !errors.As(err, &one) || one.Key != "z z" || one.Value != "1" {
		t.Errorf("errors.As to the first Problem: got %+v", one)
	}
}

func TestValidateCount(t *testing.T) {
	many := func(n int) tag.List {
		var l tag.List
		for i := range n {
			l = append(l, tag.Tag{Key: fmt.Sprintf("k%d", i)})
		}
		return l
	}
	if err := tag.Validate(many(256)); err != nil {
		t.Errorf("256 tags: got %v", err)
	}
	if err := tag.Validate(nil); err != nil {
		t.Errorf("no tags: got %v", err)
	}
	if err := tag.Validate(many(257)); err == nil || err.Error() != "tags: there are 257 tags; the limit is 256" {
		t.Errorf("257 tags: got %v", err)
	}
	err := tag.Validate(make(tag.List, 50_000))
	if n := len(problemsOf(t, err)); n != 50_001 {
		t.Errorf("50,000 bad tags: got %d problems", n)
	}
	if text := err.Error(); len(text) > 64<<10 || !strings.HasSuffix(text, "and 49745 more problems") {
		t.Errorf("50,000 bad tags: %d bytes of error, ending %q", len(text), text[len(text)-40:])
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"a", "team/env", "a//b", "-", "penstock/priority", "\xff/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if tag.Validate(tag.List{{Key: key, Value: "1"}}) != nil {
			return
		}
		if len(key) > 127 || strings.Count(key, "/") > 1 || strings.Trim(key, keyAlphabet) != "" {
			t.Errorf("accepted %q", key)
		}
		for part := range strings.SplitSeq(key, "/") {
			if len(part) < 1 || len(part) > 63 || strings.Trim(part, "_.-") != part {
				t.Errorf("accepted %q for its part %q", key, part)
			}
		}
	})
}

const keyAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/"

func FuzzValidate(f *testing.F) {
	f.Add("env", "prod", "penstock/priority", "high")
	f.Add("env", "a", "env", "\x1b\xff")
	f.Fuzz(func(t *testing.T, key1, value1, key2, value2 string) {
		l := tag.List{{Key: key1, Value: value1}, {Key: key2, Value: value2}}
		err := tag.Validate(l)
		if err == nil {
			if key1 == key2 || !utf8.ValidString(key1+value1+key2+value2) {
				t.Errorf("accepted %q", l)
			}
			return
		}
		lines := strings.Split(err.Error(), "\n")
		if n := len(problemsOf(t, err)); n < 1 || n > 2 || len(lines) != n {
			t.Errorf("%q: %d problems on %d lines", l, n, len(lines))
		}
		for _, line := range lines {
			if len(line) > 1000 || !utf8.ValidString(line) || strings.IndexFunc(line, unicode.IsControl) >= 0 {
				t.Errorf("%q: unfit to print: %q", l, line)
			}
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	var l tag.List
	for i := range 20 {
		l = append(l, tag.Tag{Key: fmt.Sprintf("team.example/key-%02d", i), Value: "a value of usual length"})
	}
	l[19] = tag.Tag{Key: tag.KeyPriority, Value: "5"}
	b.ReportAllocs()
	for b.Loop() {
		if err := tag.Validate(l); err != nil {
			b.Fatal(err)
		}
	}
}

func problemsOf(t *testing.T, err error) tag.Problems {
	t.Helper()
	var problems tag.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	return problems
}
