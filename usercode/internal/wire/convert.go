package wire

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Entries is a metadata list in its order. Values must be valid.
func Entries(list metadata.List) []*metadatav1.Entry {
	var entries []*metadatav1.Entry
	for _, e := range list {
		entries = append(entries, Entry(e.Key, e.Value))
	}
	return entries
}

// Entry is one metadata entry. The value must be valid; an invalid one becomes an entry without a value.
func Entry(key string, v metadata.Value) *metadatav1.Entry {
	e := &metadatav1.Entry{Key: key, Kind: string(v.Kind())}
	switch v.Kind() {
	case metadata.KindText:
		e.Value = &metadatav1.Entry_Text{Text: v.Text()}
	case metadata.KindURL:
		e.Value = &metadatav1.Entry_Url{Url: v.URL()}
	case metadata.KindPath, metadata.KindNotebook:
		e.Value = &metadatav1.Entry_Path{Path: v.Path()}
	case metadata.KindJSON:
		e.Value = &metadatav1.Entry_Json{Json: v.JSON()}
	case metadata.KindMarkdown:
		e.Value = &metadatav1.Entry_Markdown{Markdown: v.Markdown()}
	case metadata.KindInt:
		if n, ok := v.Int64(); ok {
			e.Value = &metadatav1.Entry_Int{Int: n}
		} else {
			e.Value = &metadatav1.Entry_BigInt{BigInt: v.Digits()}
		}
	case metadata.KindFloat:
		e.Value = &metadatav1.Entry_Float{Float: v.Float()}
	case metadata.KindBool:
		e.Value = &metadatav1.Entry_Bool{Bool: v.Bool()}
	case metadata.KindNull:
		e.Value = &metadatav1.Entry_Null{Null: true}
	case metadata.KindTimestamp:
		e.Value = &metadatav1.Entry_Timestamp{Timestamp: timestamppb.New(v.Time())}
	case metadata.KindTable:
		e.Value = &metadatav1.Entry_Table{Table: table(v.Table())}
	case metadata.KindTableSchema:
		e.Value = &metadatav1.Entry_TableSchema{TableSchema: tableSchema(v.Schema())}
	case metadata.KindCode:
		ref := v.Code()
		e.Value = &metadatav1.Entry_Code{Code: &metadatav1.CodeReference{
			Module: ref.Module, Symbol: ref.Symbol, File: ref.File, Line: uint32(ref.Line), RepositoryUrl: ref.RepositoryURL,
		}}
	case metadata.KindRun:
		e.Value = &metadatav1.Entry_RunId{RunId: v.RunID()}
	case metadata.KindJob:
		ref := v.Job()
		e.Value = &metadatav1.Entry_Job{Job: &metadatav1.JobReference{Location: ref.Location, Repository: ref.Repository, Job: ref.Job}}
	case metadata.KindAsset:
		e.Value = &metadatav1.Entry_Asset{Asset: &metadatav1.AssetKey{Path: v.Asset()}}
	default:
		e.TextFallback, e.Raw = v.Fallback(), v.Raw()
	}
	return e
}

func table(data metadata.TableData) *metadatav1.Table {
	t := &metadatav1.Table{Schema: tableSchema(data.Schema)}
	for _, row := range data.Rows {
		r := &metadatav1.Table_Row{}
		for _, v := range row {
			r.Cells = append(r.Cells, cell(v))
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

func cell(v metadata.Value) *metadatav1.Table_Cell {
	switch v.Kind() {
	case metadata.KindText:
		return &metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Text{Text: v.Text()}}
	case metadata.KindInt:
		n, _ := v.Int64() // cells fit, metadata.Table sees to that
		return &metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Int{Int: n}}
	case metadata.KindFloat:
		return &metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Float{Float: v.Float()}}
	case metadata.KindBool:
		return &metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Bool{Bool: v.Bool()}}
	default:
		return &metadatav1.Table_Cell{} // null
	}
}

func tableSchema(s metadata.Schema) *metadatav1.TableSchema {
	out := &metadatav1.TableSchema{Constraints: s.Constraints}
	for _, c := range s.Columns {
		column := &metadatav1.TableSchema_Column{
			Name: c.Name, Type: c.Type, Description: c.Description, NotNull: c.NotNull, Unique: c.Unique, Constraints: c.Constraints,
		}
		for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
			column.Tags = append(column.Tags, &metadatav1.TableSchema_Property{Key: key, Value: c.Tags[key]})
		}
		out.Columns = append(out.Columns, column)
	}
	return out
}

// definitionTags is the tags of a definition, which have no origin on the wire.
func definitionTags(list tag.List) []*tagv1.Tag {
	var tags []*tagv1.Tag
	for _, t := range list {
		tags = append(tags, &tagv1.Tag{Key: t.Key, Value: t.Value})
	}
	return tags
}

// origins maps every origin that this contract numbers.
var origins = map[tagv1.Origin]tag.Origin{
	tagv1.Origin_ORIGIN_UNSPECIFIED: tag.OriginNone,
	tagv1.Origin_ORIGIN_DEFINITION:  tag.OriginDefinition,
	tagv1.Origin_ORIGIN_SCHEDULE:    tag.OriginSchedule,
	tagv1.Origin_ORIGIN_SENSOR:      tag.OriginSensor,
	tagv1.Origin_ORIGIN_PARTITION:   tag.OriginPartition,
	tagv1.Origin_ORIGIN_LAUNCH:      tag.OriginLaunch,
	tagv1.Origin_ORIGIN_INHERITED:   tag.OriginInherited,
	tagv1.Origin_ORIGIN_SYSTEM:      tag.OriginSystem,
	tagv1.Origin_ORIGIN_EDITED:      tag.OriginEdited,
	tagv1.Origin_ORIGIN_RUN:         tag.OriginRun,
}

// TagsFrom reads the tags of a run. An origin that this version does not know becomes "other".
func TagsFrom(tags []*tagv1.Tag) tag.List {
	var list tag.List
	for _, t := range tags {
		origin, ok := origins[t.GetOrigin()]
		if !ok {
			origin = "other"
		}
		list = append(list, tag.Tag{Key: t.GetKey(), Value: t.GetValue(), Origin: origin})
	}
	return list
}
