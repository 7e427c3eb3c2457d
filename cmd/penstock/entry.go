package main

import (
	"encoding/json"
	"math"
	"time"

	"github.com/penstock-run/penstock/host/workspace"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// entryOf is a metadata entry as --json prints it.
func entryOf(e *metadatav1.Entry) metadataObject {
	v := workspace.EntryOf(e).Value
	o := metadataObject{Key: e.GetKey(), Kind: string(v.Kind()), Text: v.String()}
	if err := v.Err(); err != nil {
		o.Error = err.Error()
		return o
	}
	o.Value = plain(v)
	return o
}

// plain is what the value holds, as JSON has it.
func plain(v metadata.Value) any {
	switch v.Kind() {
	case metadata.KindText:
		return v.Text()
	case metadata.KindURL:
		return v.URL()
	case metadata.KindPath, metadata.KindNotebook:
		return v.Path()
	case metadata.KindJSON:
		return json.RawMessage(v.JSON())
	case metadata.KindMarkdown:
		return v.Markdown()
	case metadata.KindInt:
		return json.Number(v.Digits())
	case metadata.KindFloat:
		if f := v.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return v.String()
	case metadata.KindBool:
		return v.Bool()
	case metadata.KindNull:
		return nil
	case metadata.KindTimestamp:
		return v.Time().Format(time.RFC3339Nano)
	case metadata.KindTable:
		return plainTable(v.Table())
	case metadata.KindTableSchema:
		return plainSchema(v.Schema())
	case metadata.KindCode:
		c := v.Code()
		return map[string]any{
			"module": c.Module, "symbol": c.Symbol, "file": c.File, "line": c.Line, "repository_url": c.RepositoryURL,
		}
	case metadata.KindRun:
		return v.RunID()
	case metadata.KindJob:
		j := v.Job()
		return map[string]any{"location": j.Location, "repository": j.Repository, "job": j.Job}
	case metadata.KindAsset:
		return v.Asset()
	default: // a newer kind: its canonical JSON, if it has any
		if raw := v.Raw(); raw != nil {
			return json.RawMessage(raw)
		}
		return nil
	}
}

func plainTable(t metadata.TableData) any {
	rows := convert(t.Rows, func(row []metadata.Value) []any { return convert(row, plain) })
	return map[string]any{"schema": plainSchema(t.Schema), "rows": rows}
}

func plainSchema(s metadata.Schema) any {
	columns := convert(s.Columns, func(c metadata.Column) any {
		tags := c.Tags
		if tags == nil {
			tags = map[string]string{}
		}
		return map[string]any{
			"name": c.Name, "type": c.Type, "description": c.Description, "not_null": c.NotNull, "unique": c.Unique,
			"constraints": textsOf(c.Constraints), "tags": tags,
		}
	})
	return map[string]any{"columns": columns, "constraints": textsOf(s.Constraints)}
}
