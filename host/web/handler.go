package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// handler serves a built UI from files. Each file is read, hashed and
// compressed once, when it is asked for first.
type handler struct {
	files fs.FS

	mu    sync.Mutex
	known map[string]*asset
}

// asset is a file as it is sent. It never changes.
type asset struct {
	contentType string
	etag        string
	plain       []byte
	gzipped     []byte // nil where compressing gains nothing
}

func newHandler(files fs.FS) http.Handler {
	h := &handler{files: files, known: map[string]*asset{}}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return http.HandlerFunc(serveUnbuilt)
	}
	return h
}

// ServeHTTP serves the file of the path, or index.html for the path of a page.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the web UI is only read: use GET", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	found := h.asset(name)
	switch {
	case found != nil && strings.HasPrefix(name, "assets/"):
		// The name holds the hash of the content.
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	case strings.HasPrefix(name, "assets/"):
		// A page of an older build asks for it. index.html in its place would be an odd script.
		http.Error(w, "this file belongs to another build of the UI: load the page again", http.StatusNotFound)
		return
	default:
		if found == nil {
			found = h.asset("index.html")
		}
		w.Header().Set("Cache-Control", "no-cache")
	}
	if found == nil {
		http.Error(w, "the web UI cannot be read", http.StatusInternalServerError)
		return
	}
	found.serve(w, r)
}

// asset returns the file, or nil when there is none that may be served.
func (h *handler) asset(name string) *asset {
	if !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if found, ok := h.known[name]; ok {
		return found
	}
	content, err := fs.ReadFile(h.files, name)
	if err != nil {
		return nil // names that do not exist are not kept: there is no end of them
	}
	made := newAsset(name, content)
	h.known[name] = made
	return made
}

func newAsset(name string, content []byte) *asset {
	sum := sha256.Sum256(content)
	a := &asset{contentType: contentType(name), etag: `"` + hex.EncodeToString(sum[:12]) + `"`, plain: content}
	if len(content) < 256 || strings.HasSuffix(name, ".woff2") {
		return a
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		return a
	}
	if err := z.Close(); err == nil && b.Len() < len(content) {
		a.gzipped = b.Bytes()
	}
	return a
}

// contentType does not ask the machine's own tables: they differ, and a script
// of the wrong type is not run.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Vary", "Accept-Encoding")
	content, etag := a.plain, a.etag
	if a.gzipped != nil && acceptsGzip(r) {
		content, etag = a.gzipped, strings.TrimSuffix(a.etag, `"`)+`-gz"`
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// acceptsGzip reports whether the client takes gzip. A weight other than 0 is not weighed: there is one alternative.
func acceptsGzip(r *http.Request) bool {
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(item), ";")
		if strings.TrimSpace(coding) == "gzip" {
			q := strings.ReplaceAll(weight, " ", "")
			return q != "q=0" && !strings.HasPrefix(q, "q=0.0") && q != "q=0."
		}
	}
	return false
}
