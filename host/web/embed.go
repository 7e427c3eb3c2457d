// Package web is the web UI: a single-page app, built by Vite into dist and
// embedded here, so that the host is one binary.
package web

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Built tells whether the UI was built into this binary. A checkout without
// Node builds and serves everything but the UI.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// Handler serves the UI. Assets have their content's hash in their name and are
// cached for ever; every other path is the app itself, which routes in the browser.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("the embedded folder dist: " + err.Error()) // the name is a constant
	}
	return handler(files)
}

func handler(files fs.FS) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the UI is only read; services are called by POST at their own paths", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		info, err := fs.Stat(files, name)
		switch {
		case err == nil && !info.IsDir() && name != "index.html" && !hidden(name):
			if strings.HasPrefix(name, "assets/") {
				w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			server.ServeHTTP(w, r)
		case strings.HasPrefix(name, "assets/"):
			// A page of an older build asks for its chunks: the app must not come instead.
			http.NotFound(w, r)
		default:
			serveApp(w, r, files)
		}
	})
}

// hidden tells that a file keeps the folder in version control and is no part of the UI.
func hidden(name string) bool { return strings.HasPrefix(path.Base(name), ".") }

func serveApp(w http.ResponseWriter, r *http.Request, files fs.FS) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	app, err := fs.ReadFile(files, "index.html")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(notBuilt)) // a client that went away has no use for an error
		return
	}
	// Not ServeFileFS: it sends /index.html and odd paths elsewhere.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(app))
}

const notBuilt = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Penstock</title></head>
<body><h1>The web UI is not in this binary</h1>
<p>It was built without Node. Run <code>make build</code> where Node 20 is installed, and start the host again.
The CLI and the API work all the same: <code>penstock job list</code>.</p></body></html>
`
