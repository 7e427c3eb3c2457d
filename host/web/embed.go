// Package web holds the built web UI and serves it. The UI is a single-page
// app: every page is index.html, and talks to the host's API on the same origin.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

// dist is what `npm run build` writes. A checkout without a built UI has only
// .gitkeep in it, so that Go builds without Node.
//
//go:embed all:dist
var dist embed.FS

// Handler serves the built UI: its files, and index.html for every other path,
// because a page's address means something only to the UI. Where the UI was
// not built it serves a page that says how to build it. It sets cache headers
// and ContentSecurityPolicy, and is safe for concurrent use.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path: the directive above names it
	}
	return newHandler(files)
}

// Built reports whether this binary has the UI in it.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}
