package main

import (
	"context"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

var myOp = usercode.NewOp("my_op", func(ctx context.Context) (string, error) {
	usercode.Log(ctx).Info("Hello World!")
	return "Hello World!", nil
}, usercode.Description("Says hello in the log."))

// Metadata is for people who look at the job.
var myJobWithMetadata = usercode.NewJob("my_job_with_metadata",
	func(g *usercode.Graph) { myOp(g) },
	usercode.Metadata{
		"owner": "data team", // becomes metadata.Text
		"docs":  metadata.URL("https://docs.dagster.io"),
	},
	usercode.Description("A job with metadata: its owner, and where its documents are."),
)

// A graph becomes a job any number of times.
var myGraph = usercode.NewGraph("my_graph", func(g *usercode.Graph) { myOp(g) })

var mySecondJobWithMetadata = myGraph.Job("my_second_job_with_metadata",
	usercode.Metadata{"owner": "api team", "docs": metadata.URL("https://docs.dagster.io")},
	usercode.Description("A graph made into a job with metadata."),
)

// Tags go to every run of the job.
var myJobWithTags = usercode.NewJob("my_job_with_tags",
	func(g *usercode.Graph) { myOp(g) },
	usercode.Tags{"foo": "bar"},
	usercode.Description("A job with a tag that each of its runs gets."),
)

var mySecondJobWithTags = myGraph.Job("my_second_job_with_tags",
	usercode.Tags{"foo": "bar"},
	usercode.Description("A graph made into a job with a tag."),
)
