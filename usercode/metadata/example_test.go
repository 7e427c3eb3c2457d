package metadata_test

import (
	"fmt"
	"time"

	"github.com/penstock-run/penstock/usercode/metadata"
)

func ExampleFromMap() {
	list, err := metadata.FromMap(map[string]any{
		"owner": "data team",
		"docs":  metadata.URL("https://docs.example.com/etl"),
		"tries": 3,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range list {
		fmt.Printf("%s (%s): %v\n", e.Key, e.Value.Kind(), e.Value)
	}
	// Output:
	// docs (url): https://docs.example.com/etl
	// owner (text): data team
	// tries (int): 3
}

func ExampleList_Validate() {
	list := metadata.List{
		{Key: "docs", Value: metadata.URL("javascript:alert(1)")},
		{Key: "docs", Value: metadata.Null()},
	}
	fmt.Println(list.Validate())
	// Output:
	// metadata "docs": the URL "javascript:alert(1)" has the scheme "javascript"; use http, https or mailto, or a path that starts with one /
	// metadata "docs": the key occurs twice; keep one of them
}

func ExampleOf() {
	_, err := metadata.Of(90 * time.Second)
	fmt.Println(err)
	// Output:
	// a Go time.Duration has no kind of its own; use metadata.Text(d.String()), or metadata.Float(d.Seconds()) with the unit in the key
}

func ExampleTable() {
	v := metadata.Table(
		metadata.Schema{Columns: []metadata.Column{{Name: "table", Type: "string"}, {Name: "rows", Type: "int"}}},
		metadata.Row{"orders", 1200},
		metadata.Row{"refunds", nil},
	)
	for _, line := range v.Lines() {
		fmt.Println(line)
	}
	// Output:
	// table    rows
	// orders   1200
	// refunds  null
}
