package output_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/output"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	tests := map[string]struct{ location, want string }{ // want: the directory below dir, or the error
		"Path":          {filepath.Join(dir, "a"), "a"},
		"RelativePath":  {"b", "b"},
		"URL":           {"file://" + dir + "/c", "c"},
		"EscapedURL":    {"file://" + dir + "/with%20space", "with space"},
		"PathLikeURL":   {dir + "/x://y", "x:/y"},
		"Empty":         {"", "is empty"},
		"ZeroByte":      {"a\x00b", "zero byte"},
		"TwoSlashes":    {"file://outputs", "with three slashes"},
		"Query":         {"file:///outputs?mode=fast", "nothing behind the path"},
		"S3":            {"s3://bucket/folder", `import _ "github.com/penstock-run/penstock/usercode/output/s3"`},
		"GCS":           {"gs://bucket", `import _ "github.com/penstock-run/penstock/usercode/output/gcs"`},
		"Azure":         {"azblob://container", `import _ "github.com/penstock-run/penstock/usercode/output/azure"`},
		"UnknownScheme": {"ftp://host/dir", `no driver for "ftp"; this binary has file, test`},
		"NotAURL":       {"s3://user:pass word@bucket:x/", "no URL that can be read"},
		"DriverRefuses": {"test://name:secret@host/dir?key=secret", "open output store test://host/dir: no such host"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := output.Open(t.Context(), test.location)
			if err != nil {
				if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "pass word") {
					t.Errorf("got %v; want %s", err, test.want)
				}
				return
			}
			if err := s.Put(t.Context(), "runs/a/1", nil); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, test.want, "runs", "a", "1")); err != nil {
				t.Error(err)
			}
		})
	}
}

func init() { //nolint:gochecknoinits // as drivers do
	output.Register("test", func(context.Context, *url.URL) (output.Store, error) { return nil, errors.New("no such host") })
}

func TestAbsolute(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for location, want := range map[string]string{
		"a b": "file://" + dir + "/a%20b", "/a/../b": "file:///b", "file:///x": "file:///x", "s3://bucket/x?region=y": "s3://bucket/x?region=y",
	} {
		if got, err := output.Absolute(location); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", location, got, err, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for location, want := range map[string]string{
		"/var/lib/outputs": "/var/lib/outputs", "file:///var/lib": "file:///var/lib",
		"s3://bucket/a/folder?region=x&secret=y": "s3://bucket/a/folder", "azblob://user:secret@box/x#secret": "azblob://box/x",
		"s3://user:se/cret@bucket": "that could not be read",
	} {
		if got := output.Redact(location); got != want {
			t.Errorf("%s: got %s; want %s", location, got, want)
		}
	}
}

func FuzzLocation(f *testing.F) {
	for _, seed := range []string{"", "/x", "file:///x", "s3://b/p?q=SECRET", "s3://u:SECRET@b", "x://y/../..", "file://h/x", "a\x00://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, location string) {
		absolute, err := output.Absolute(location)
		if err != nil {
			return
		}
		again, err := output.Absolute(absolute)
		if err != nil || again != absolute {
			t.Errorf("%q is %q, and that is %q, %v", location, absolute, again, err)
		}
		if u, err := url.Parse(location); err == nil && strings.Contains(location, "://") && !strings.ContainsAny(u.Scheme, "/") {
			redacted, err := url.Parse(output.Redact(location))
			if err != nil || redacted.User != nil || redacted.RawQuery != "" {
				t.Errorf("%q is shown as %q, %v", location, output.Redact(location), err)
			}
		}
	})
}

func FuzzName(f *testing.F) {
	for _, seed := range []string{"runs/a/1", "../x", "runs//", "a/.b", "a\\b", strings.Repeat("a/", 9)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if output.CheckName(name) != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) || filepath.ToSlash(filepath.Clean(name)) != name {
			t.Errorf("%q leads elsewhere", name)
		}
	})
}
