package tag_test

import (
	"fmt"

	"github.com/penstock-run/penstock/usercode/tag"
)

func ExampleFromAny() {
	tags, err := tag.FromAny(map[string]any{"foo": "bar", "regions": []string{"eu", "us"}, tag.KeyPriority: 5})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range tags {
		fmt.Println(t.Key, "=", t.Value)
	}
	// Output:
	// foo = bar
	// penstock/priority = 5
	// regions = ["eu","us"]
}

func ExampleValidate() {
	fmt.Println(tag.Validate(tag.List{
		{Key: "my team", Value: "etl"},
		{Key: "penstock/priority", Value: "high"},
		{Key: "penstock/job", Value: "load"},
	}))
	// Output:
	// tag "my team" = "etl": its name holds ' '; use A-Z a-z 0-9 _ . -
	// tag "penstock/priority" = "high": use a whole number from -2147483648 to 2147483647, such as 10
	// tag "penstock/job" = "load": penstock/ belongs to the system; below it users may set image, k8s, launcher, max_retries, max_runtime, memoize, priority, retry_strategy
}

func ExampleMerge() {
	definition := tag.List{{Key: "env", Value: "dev"}, {Key: "team", Value: "etl"}}
	launch := tag.List{{Key: "env", Value: "prod"}}
	for _, t := range tag.Merge(
		definition.WithOrigin(tag.OriginDefinition),
		launch.WithOrigin(tag.OriginLaunch),
		tag.List{tag.System(tag.KeyJob, "load")},
	) {
		fmt.Printf("%s = %s (%s)\n", t.Key, t.Value, t.Origin)
	}
	// Output:
	// env = prod (launch)
	// penstock/job = load (system)
	// team = etl (definition)
}
