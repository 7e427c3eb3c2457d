package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	page   = "<!doctype html><title>Penstock</title>" + strings.Repeat("<!-- -->", 200)
	script = strings.Repeat("console.log('penstock');\n", 100)
	built  = fstest.MapFS{
		"index.html":              {Data: []byte(page)},
		"penstock.svg":            {Data: []byte("<svg/>")},
		"assets/index-abc.js":     {Data: []byte(script)},
		"assets/sans-abc.woff2":   {Data: []byte(strings.Repeat("x", 4096))},
		"assets/index-abc.css":    {Data: []byte("a{}")},
		".gitkeep":                {Data: []byte("")},
		"assets/.hidden-settings": {Data: []byte("secret")},
	}
)

func get(t *testing.T, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandlerServes(t *testing.T) {
	h := newHandler(built)
	for _, c := range []struct {
		target, contentType, cache, body string
		status                           int
	}{
		{"/", "text/html; charset=utf-8", "no-cache", page, 200},
		{"/index.html", "text/html; charset=utf-8", "no-cache", page, 200},
		{"/jobs/local/tutorial/my.job", "text/html; charset=utf-8", "no-cache", page, 200},
		{"/runs?tag=team:etl", "text/html; charset=utf-8", "no-cache", page, 200},
		{"/penstock.svg", "image/svg+xml", "no-cache", "<svg/>", 200},
		{"/assets/index-abc.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", script, 200},
		{"/assets/index-abc.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable", "a{}", 200},
		{"/assets/index-old.js", "text/plain; charset=utf-8", "", "this file belongs to another build of the UI: load the page again\n", 404},
		{"/assets/.hidden-settings", "text/plain; charset=utf-8", "", "this file belongs to another build of the UI: load the page again\n", 404},
		{"/.gitkeep", "text/html; charset=utf-8", "no-cache", page, 200},
		{"/../../etc/passwd", "text/html; charset=utf-8", "no-cache", page, 200},
		{"/assets", "text/html; charset=utf-8", "no-cache", page, 200},
	} {
		t.Run(c.target, func(t *testing.T) {
			r := get(t, h, c.target)
			if got := r.Body.String(); r.Code != c.status || got != c.body {
				t.Errorf("got %d %.60q, want %d %.60q", r.Code, got, c.status, c.body)
			}
			if got := r.Header().Get("Content-Type"); got != c.contentType {
				t.Errorf("Content-Type: got %q, want %q", got, c.contentType)
			}
			if got := r.Header().Get("Cache-Control"); got != c.cache {
				t.Errorf("Cache-Control: got %q, want %q", got, c.cache)
			}
		})
	}
}

func TestHandlerCompresses(t *testing.T) {
	h := newHandler(built)
	r := get(t, h, "/assets/index-abc.js", "Accept-Encoding", "br, gzip;q=0.8")
	if got := r.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding: got %q, want gzip", got)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != script {
		t.Errorf("got %.40q, %v; want the script", got, err)
	}
	for name, c := range map[string][2]string{
		"NotAccepted": {"/assets/index-abc.js", "br"},
		"Refused":     {"/assets/index-abc.js", "gzip;q=0"},
		"Small":       {"/assets/index-abc.css", "gzip"},
		"Font":        {"/assets/sans-abc.woff2", "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := get(t, h, c[0], "Accept-Encoding", c[1]).Header().Get("Content-Encoding"); got != "" {
				t.Errorf("Content-Encoding: got %q, want none", got)
			}
		})
	}
}

func TestHandlerAnswersWithoutContentWhenUnchanged(t *testing.T) {
	h := newHandler(built)
	etag := get(t, h, "/").Header().Get("ETag")
	if etag == "" {
		t.Fatal("no ETag")
	}
	if r := get(t, h, "/jobs", "If-None-Match", etag); r.Code != http.StatusNotModified {
		t.Errorf("same content: got %d, want 304", r.Code)
	}
	if zipped := get(t, h, "/", "Accept-Encoding", "gzip").Header().Get("ETag"); zipped == etag {
		t.Errorf("compressed and plain content have the same ETag %s", etag)
	}
}

func TestHandlerOnlyReads(t *testing.T) {
	w := httptest.NewRecorder()
	newHandler(built).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: got %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestHandlerSaysHowToBuild(t *testing.T) {
	r := get(t, newHandler(fstest.MapFS{".gitkeep": {}}), "/runs/1")
	if got := r.Body.String(); r.Code != http.StatusServiceUnavailable || !strings.Contains(got, "make build") {
		t.Errorf("got %d %.80q, want 503 and how to build", r.Code, got)
	}
}

func TestHandlerOfThisBuild(t *testing.T) {
	// With or without a built UI: the embedded folder is there and answers with a page.
	r := get(t, Handler(), "/")
	if got := r.Body.String(); !strings.HasPrefix(got, "<!doctype html>") {
		t.Errorf("got %.80q, want a page", got)
	}
}
