package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func get(t *testing.T, files fs.FS, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	handler(files).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
	return w
}

func TestHandler(t *testing.T) {
	built := fstest.MapFS{
		"index.html":         {Data: []byte("<p>the app</p>")},
		"assets/app-1234.js": {Data: []byte("let a")},
		"penstock.svg":       {Data: []byte("<svg/>")},
		".gitkeep":           {},
	}
	for _, c := range []struct {
		path, body, cache string
		status            int
	}{
		{"/", "the app", "no-cache", 200},
		{"/runs/0197", "the app", "no-cache", 200},
		{"/index.html", "the app", "no-cache", 200},
		{"/assets/app-1234.js", "let a", "immutable", 200},
		{"/assets/app-of-yesterday.js", "not found", "", 404},
		{"/penstock.svg", "<svg/>", "", 200},
		{"/.gitkeep", "the app", "no-cache", 200},
		{"/../../etc/passwd", "the app", "no-cache", 200},
	} {
		w := get(t, built, http.MethodGet, c.path)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || !strings.Contains(w.Header().Get("Cache-Control"), c.cache) {
			t.Errorf("GET %s: %d %q, cache %q; want %d, %q, %q",
				c.path, w.Code, w.Body, w.Header().Get("Cache-Control"), c.status, c.body, c.cache)
		}
	}
	if w := get(t, built, http.MethodPost, "/"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d, want 405", w.Code)
	}
}

func TestHandlerWithoutTheUI(t *testing.T) {
	w := get(t, fstest.MapFS{".gitkeep": {}}, http.MethodGet, "/jobs")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("GET /jobs without the UI: %d %q, want 503 that says how to build it", w.Code, w.Body)
	}
}

func TestServesWhatIsEmbedded(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if built := w.Code == http.StatusOK; built != Built() {
		t.Errorf("GET / answers %d, and Built is %t", w.Code, Built())
	}
}
