package web

import (
	"io"
	"net/http"
)

// unbuilt is the page of a binary that was built without the UI.
const unbuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Penstock: the web UI is not in this binary</title>
<style>body { max-width: 42rem; margin: 4rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif } pre { padding: .75rem; border: 1px solid; border-radius: 4px; overflow-x: auto }</style>
<h1>The web UI is not in this binary</h1>
<p>The host runs, and so do its API and the command line. This binary was built without the web UI, which needs Node.js 20 or newer.
In the clone of the repository:</p>
<pre>make build
bin/penstock serve --data DIR</pre>
<p>Until then:</p>
<pre>penstock job list
penstock run list</pre>
</html>
`

func serveUnbuilt(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, unbuilt) // a reader that left is no error
	}
}
