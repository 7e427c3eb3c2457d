package workspace

import (
	"encoding/json"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// EntryOf is the plain form of an entry. One whose value does not belong to its
// kind, or breaks a rule of that kind, has a value with an error.
func EntryOf(e *metadatav1.Entry) metadata.Entry {
	return metadata.Entry{Key: e.GetKey(), Value: valueOf(e)}
}

func valueOf(e *metadatav1.Entry) metadata.Value {
	switch v := e.GetValue().(type) {
	case *metadatav1.Entry_Text:
		return expect(e, metadata.Text(v.Text))
	case *metadatav1.Entry_Url:
		return expect(e, metadata.URL(v.Url))
	case *metadatav1.Entry_Path:
		if e.GetKind() == string(metadata.KindNotebook) {
			return metadata.Notebook(v.Path)
		}
		return expect(e, metadata.Path(v.Path))
	case *metadatav1.Entry_Json:
		return expect(e, metadata.JSON(json.RawMessage(v.Json)))
	case *metadatav1.Entry_Markdown:
		return expect(e, metadata.Markdown(v.Markdown))
	case *metadatav1.Entry_Int:
		return expect(e, metadata.Int(v.Int))
	case *metadatav1.Entry_BigInt:
		return expect(e, metadata.Digits(v.BigInt))
	case *metadatav1.Entry_Float:
		return expect(e, metadata.Float(v.Float))
	case *metadatav1.Entry_Bool:
		return expect(e, metadata.Bool(v.Bool))
	case *metadatav1.Entry_Null:
		return expect(e, metadata.Null())
	case *metadatav1.Entry_Timestamp:
		if v.Timestamp.CheckValid() != nil {
			return unknownOf(e)
		}
		return expect(e, metadata.Timestamp(v.Timestamp.AsTime()))
	case *metadatav1.Entry_Table:
		return expect(e, tableOf(v.Table))
	case *metadatav1.Entry_TableSchema:
		return expect(e, metadata.TableSchema(schemaOf(v.TableSchema)))
	case *metadatav1.Entry_Code:
		return expect(e, codeOf(v.Code))
	case *metadatav1.Entry_RunId:
		return expect(e, metadata.Run(v.RunId))
	case *metadatav1.Entry_Job:
		return expect(e, metadata.Job(metadata.JobReference{Location: v.Job.GetLocation(), Repository: v.Job.GetRepository(), Job: v.Job.GetJob()}))
	case *metadatav1.Entry_Asset:
		return expect(e, metadata.Asset(v.Asset.GetPath()...))
	default:
		return unknownOf(e)
	}
}

// expect is v if it is of the kind that the entry names; otherwise the entry is
// one without a value.
func expect(e *metadatav1.Entry, v metadata.Value) metadata.Value {
	if string(v.Kind()) != e.GetKind() {
		return unknownOf(e)
	}
	return v
}

// unknownOf is an entry without a value of its own: of a newer kind, or, with a
// known kind, an error that says so.
func unknownOf(e *metadatav1.Entry) metadata.Value {
	return metadata.Unknown(metadata.Kind(e.GetKind()), e.GetTextFallback(), e.GetRaw())
}

func codeOf(c *metadatav1.CodeReference) metadata.Value {
	return metadata.Code(metadata.CodeReference{
		Module: c.GetModule(), Symbol: c.GetSymbol(), File: c.GetFile(),
		Line: int(c.GetLine()), RepositoryURL: c.GetRepositoryUrl(),
	})
}

func schemaOf(s *metadatav1.TableSchema) metadata.Schema {
	schema := metadata.Schema{Constraints: s.GetConstraints()}
	for _, c := range s.GetColumns() {
		column := metadata.Column{
			Name: c.GetName(), Type: c.GetType(), Description: c.GetDescription(),
			NotNull: c.GetNotNull(), Unique: c.GetUnique(), Constraints: c.GetConstraints(),
		}
		for _, t := range c.GetTags() {
			if column.Tags == nil {
				column.Tags = map[string]string{}
			}
			column.Tags[t.GetKey()] = t.GetValue()
		}
		schema.Columns = append(schema.Columns, column)
	}
	return schema
}

func tableOf(t *metadatav1.Table) metadata.Value {
	rows := make([]metadata.Row, 0, len(t.GetRows()))
	for _, r := range t.GetRows() {
		row := make(metadata.Row, 0, len(r.GetCells()))
		for _, c := range r.GetCells() {
			row = append(row, cellOf(c))
		}
		rows = append(rows, row)
	}
	return metadata.Table(schemaOf(t.GetSchema()), rows...)
}

func cellOf(c *metadatav1.Table_Cell) any {
	switch v := c.GetValue().(type) {
	case *metadatav1.Table_Cell_Text:
		return v.Text
	case *metadatav1.Table_Cell_Int:
		return v.Int
	case *metadatav1.Table_Cell_Float:
		return v.Float
	case *metadatav1.Table_Cell_Bool:
		return v.Bool
	default:
		return nil
	}
}
