package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// What users write is inert everywhere. Each of these would show that it is not: as a dialog, as an element or a
// request that nobody but the author asked for, or as colours and a cleared screen in a terminal.
const (
	hostileHTML = `<script>alert("script")</script><img src="https://tracker.invalid/pixel.png" onerror="alert('onerror')">` +
		`<svg onload="alert('onload')"></svg><iframe src="javascript:alert('iframe')"></iframe>`
	hostileMarkdown = "# A heading\n\n" + hostileHTML + "\n\n" +
		"[click me](javascript:alert('link')) [data](data:text/html,<script>alert('data')</script>) <javascript:alert('auto')> " +
		"[safe](https://example.com/safe) ![pixel](https://tracker.invalid/image.png) ![script](javascript:alert('image'))\n\n" +
		"<a href=\"javascript:alert('raw')\">raw</a> <form action=\"https://tracker.invalid/\"><input name=\"password\"></form>\n\n" +
		"- [x] <style>body { display: none }</style> **bold** \u202etxt.exe\u202c\n"
	hostileTerminal = "\x1b[2J\x1b[31mred\x1b[0m \x1b]8;;https://tracker.invalid\x1b\\link\x1b]8;;\x1b\\ \u202etxt.exe\u202c bell\a"
)

type hostileConfig struct {
	Text string `json:"text" jsonschema:"A field that ends early: </script><script>alert('schema')</script>"`
}

var hostileOp = usercode.NewTask("hostile_op", func(ctx context.Context) error {
	log := usercode.Log(ctx)
	log.Info(hostileHTML, "attribute", hostileHTML, hostileHTML, "key")
	log.Warn(hostileTerminal)
	log.Error("javascript:alert('log')\nsecond line\r\n\x00third")
	fmt.Fprintln(os.Stderr, hostileHTML, hostileTerminal)
	return errors.New(hostileHTML + hostileTerminal)
}, usercode.Description(hostileMarkdown), usercode.NewConfig("hostile", hostileConfig{Text: hostileHTML}))

var hostileJob = usercode.NewJob("hostile",
	func(g *usercode.Graph) { hostileOp(g) },
	usercode.MetadataList{
		{Key: hostileHTML, Value: metadata.Text(hostileHTML)},
		{Key: "terminal", Value: metadata.Text(hostileTerminal)},
		{Key: "markdown", Value: metadata.Markdown(hostileMarkdown)},
		{Key: "json", Value: metadata.JSON(map[string]any{hostileHTML: []any{hostileHTML}})},
		{Key: "path", Value: metadata.Path(hostileHTML)},
		{Key: "table", Value: metadata.Table(
			metadata.Schema{Columns: []metadata.Column{{Name: hostileHTML, Type: "string", Description: hostileHTML}}},
			metadata.Row{hostileHTML})},
		{Key: "code", Value: metadata.Code(metadata.CodeReference{Module: hostileHTML, Symbol: hostileHTML})},
		{Key: "asset", Value: metadata.Asset(hostileHTML)},
	},
	usercode.Tags{"html": hostileHTML, "script": "javascript:alert('tag')", "reversed": "\u202etxt.exe\u202c"},
	usercode.Description(hostileMarkdown),
)
