package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// writeSurvey returns the path of what it wrote. The signature lies beside it.
func writeSurvey(ctx context.Context, ranked []folderLines, version usercode.CommandResult) (string, error) {
	c := survey.From(ctx)
	folder := c.Output
	if folder == "" {
		folder = filepath.Join(temporaryFolder(), usercode.RunFrom(ctx).ID)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Folder survey\n\nCounted with %s.\n\n| Folder | Files | Lines |\n|---|---:|---:|\n", strings.TrimSpace(version.Stdout))
	for _, f := range ranked {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", cell(f.Folder), f.Files, f.Lines)
	}
	path, err := writeFile(ctx, folder, "survey.md", []byte(b.String()))
	if err != nil {
		return "", err
	}
	written := usercode.Metadata{"survey": metadata.Path(path), "signed": !c.SigningKey.IsZero()}
	if !c.SigningKey.IsZero() {
		signature, err := writeFile(ctx, folder, "survey.md.hmac", []byte(sign(b.String(), c.SigningKey.Reveal())+"\n"))
		if err != nil {
			return "", err
		}
		written["signature"] = metadata.Path(signature)
	}
	return path, usercode.OutputMetadata(ctx, written)
}

// sign is the HMAC-SHA256 of text in hex, as `openssl dgst -sha256 -hmac KEY` prints it.
func sign(text, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
