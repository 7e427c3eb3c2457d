package host

import "github.com/penstock-run/penstock/host/selector"

// JobSchema is what selectors of jobs know. Their tags are those of the definition, which every run gets.
func JobSchema() selector.Schema {
	return selector.Schema{What: "job", Fields: []selector.SchemaField{
		{Name: FieldStatus, Doc: "status of its last run", Words: statusWords()},
		{Name: FieldJob, Doc: "its name", Path: true},
		{Name: FieldLocation, Doc: "its code location"},
		{Name: FieldRepository, Doc: "its repository"},
		{Name: FieldVersion, Doc: "version of its code, as the code location reports it now"},
	}}
}
