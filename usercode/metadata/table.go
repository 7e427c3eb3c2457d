package metadata

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Schema describes columns and what holds for the whole table.
type Schema struct {
	Columns     []Column // in order
	Constraints []string // of the table, as text
}

// Column describes one column. Only the name is required.
type Column struct {
	Name        string            // unique in the table
	Type        string            // as the author names it: string, int, …
	Description string            // what it holds
	NotNull     bool              // never holds null
	Unique      bool              // no value occurs twice
	Constraints []string          // others, as text
	Tags        map[string]string // of the column
}

// Row is one line of a table as its author writes it, one cell for each column: strings, booleans, floats, integers
// within 64 bits, nil, or Values of those kinds.
type Row []any

// TableData is what a value of kind table holds.
type TableData struct {
	Schema Schema
	// Rows hold one value for each column, of kind text, int (within 64 bits), float, bool or null.
	Rows [][]Value
}

// Table is rows of plain cells, at most 10,000 in all, below a schema with at least one column.
func Table(schema Schema, rows ...Row) Value {
	if err := schema.check(); err != nil {
		return invalid(KindTable, err)
	}
	width := len(schema.Columns)
	if width == 0 {
		return invalid(KindTable, errors.New("the table has no columns; name them in Schema.Columns"))
	}
	if len(rows) > MaxTableCells/width {
		return invalid(KindTable, overLimit("the table has", len(rows)*width, "cells", MaxTableCells))
	}
	data := TableData{Schema: schema.clone(), Rows: make([][]Value, len(rows))}
	cells := make([]Value, len(rows)*width)
	for i, row := range rows {
		if len(row) != width {
			return invalid(KindTable, fmt.Errorf("row %d has %d cells, the schema has %d columns", i+1, len(row), width))
		}
		for j, x := range row {
			c, err := cell(x)
			if err != nil {
				return invalid(KindTable, fmt.Errorf("row %d, column %s: %w", i+1, quote(schema.Columns[j].Name), err))
			}
			cells[i*width+j] = c
		}
		data.Rows[i] = cells[i*width : (i+1)*width : (i+1)*width]
	}
	return Value{kind: KindTable, payload: data}
}

// TableSchema describes a table without its rows.
func TableSchema(schema Schema) Value {
	if err := schema.check(); err != nil {
		return invalid(KindTableSchema, err)
	}
	return Value{kind: KindTableSchema, payload: schema.clone()}
}

func cell(x any) (Value, error) {
	v, err := Of(x)
	if err != nil {
		return Value{}, err
	}
	switch v.kind {
	case KindText, KindFloat, KindBool, KindNull:
		return v, nil
	case KindInt:
		if _, ok := v.Int64(); ok {
			return v, nil
		}
		return Value{}, errors.New("an int in a table must fit 64 bits; give it as text")
	default:
		return Value{}, fmt.Errorf("a cell cannot be of kind %s; use text, int, float, bool or null", v.kind)
	}
}

func (s Schema) check() error {
	seen := make(map[string]bool, len(s.Columns))
	for i, c := range s.Columns {
		if c.Name == "" {
			return fmt.Errorf("column %d has no name", i+1)
		}
		if seen[c.Name] {
			return fmt.Errorf("two columns have the name %s", quote(c.Name))
		}
		seen[c.Name] = true
		texts := append([]string{c.Name, c.Type, c.Description}, c.Constraints...)
		for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
			if key == "" {
				return fmt.Errorf("column %s has a tag without a key", quote(c.Name))
			}
			texts = append(texts, key, c.Tags[key])
		}
		for _, t := range texts {
			if err := checkText("a text of column "+quote(c.Name), t, MaxTextBytes); err != nil {
				return err
			}
		}
	}
	for _, t := range s.Constraints {
		if err := checkText("a constraint", t, MaxTextBytes); err != nil {
			return err
		}
	}
	return nil
}

// clone copies deeply and turns empty slices and maps into nil ones, so that Equal needs no second opinion.
func (s Schema) clone() Schema {
	out := Schema{Constraints: cloneTexts(s.Constraints)}
	for _, c := range s.Columns {
		c.Constraints = cloneTexts(c.Constraints)
		if c.Tags = maps.Clone(c.Tags); len(c.Tags) == 0 {
			c.Tags = nil
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}

func cloneTexts(s []string) []string { return append([]string(nil), s...) }

func (d TableData) clone() TableData {
	d.Schema = d.Schema.clone()
	d.Rows = slices.Clone(d.Rows)
	for i := range d.Rows {
		d.Rows[i] = slices.Clone(d.Rows[i])
	}
	return d
}

func (s Schema) size() int {
	n := sizeOf(s.Constraints)
	for _, c := range s.Columns {
		n += len(c.Name) + len(c.Type) + len(c.Description) + 2 + sizeOf(c.Constraints)
		for k, v := range c.Tags {
			n += len(k) + len(v)
		}
	}
	return n
}

func (d TableData) size() int {
	n := d.Schema.size()
	for _, row := range d.Rows {
		for _, c := range row {
			n += c.size()
		}
	}
	return n
}
