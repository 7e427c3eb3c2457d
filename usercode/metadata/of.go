package metadata

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"reflect"
	"slices"
	"time"
)

// Of converts a plain Go value:
//
//	string                                   text
//	true, false                              bool
//	int, int8 … int64, uint, uint8 … uint64  int
//	float32, float64                         float
//	nil                                      null
//	map[string]any, []any, json.RawMessage   json
//	time.Time                                timestamp
//	*url.URL                                 url
//	Value                                    itself
//
// Anything else, named types such as time.Duration included, is an error that names the Go type and the constructor
// to use: what a reader should see of it is the author's choice. The error of an invalid value is returned as well.
func Of(x any) (Value, error) {
	v := of(x)
	return v, v.Err()
}

// FromMap converts each value with Of, sorts by key and validates. The error is Problems: all of them.
func FromMap(m map[string]any) (List, error) {
	list := make(List, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, Entry{Key: key, Value: of(m[key])})
	}
	if err := list.Validate(); err != nil {
		return nil, err
	}
	return list, nil
}

// of is exhaustive by type, not by reflect.Kind, so that a named type never loses its meaning silently.
func of(x any) Value {
	switch x := x.(type) {
	case Value:
		return x
	case nil:
		return Null()
	case string:
		return Text(x)
	case bool:
		return Bool(x)
	case int:
		return Int(x)
	case int8:
		return Int(x)
	case int16:
		return Int(x)
	case int32:
		return Int(x)
	case int64:
		return Int(x)
	case uint:
		return Int(x)
	case uint8:
		return Int(x)
	case uint16:
		return Int(x)
	case uint32:
		return Int(x)
	case uint64:
		return Int(x)
	case float32:
		return Float(float64(x))
	case float64:
		return Float(x)
	case map[string]any, []any, json.RawMessage:
		return JSON(x)
	case time.Time:
		return Timestamp(x)
	case *url.URL:
		if x == nil {
			return invalid(KindURL, errors.New("the *url.URL is nil; use metadata.Null() for no value"))
		}
		return URL(x.String())
	}
	return invalid("", fmt.Errorf("a Go %T has no kind of its own; %s", x, advice(x)))
}

// advice names the constructor that an author most likely wants for a Go value that has no conversion.
func advice(x any) string {
	switch x.(type) {
	case time.Duration:
		return "use metadata.Text(d.String()), or metadata.Float(d.Seconds()) with the unit in the key"
	case *big.Int, big.Int:
		return "use metadata.BigInt"
	case url.URL:
		return "use a *url.URL or metadata.URL(u.String())"
	case error:
		return "use metadata.Text(err.Error())"
	case []byte:
		return "use metadata.Text(string(b)), or metadata.JSON(json.RawMessage(b))"
	case Schema, *Schema, []Column:
		return "use metadata.TableSchema"
	case TableData, []Row, Row:
		return "use metadata.Table"
	case CodeReference, *CodeReference:
		return "use metadata.Code"
	case JobReference, *JobReference:
		return "use metadata.Job"
	case List, Entry, Kind:
		return "use one of its values, or metadata.JSON on plain data"
	case *Value:
		return "use the metadata.Value itself, not a pointer"
	}
	switch t := reflect.TypeOf(x); t.Kind() {
	case reflect.String:
		return "use metadata.Text(string(v)), or metadata.URL, Path or Markdown"
	case reflect.Bool:
		return "use metadata.Bool(bool(v))"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "use metadata.Int(v), or metadata.Text with its name"
	case reflect.Float32, reflect.Float64:
		return "use metadata.Float(float64(v))"
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array, reflect.Pointer:
		return "use metadata.JSON(v), or metadata.Text with what people should read"
	}
	return "use metadata.Text with what people should read"
}
