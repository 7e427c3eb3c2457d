package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// reportConfig is what a run of repository_report can be told.
type reportConfig struct {
	Repository  string `json:"repository" jsonschema:"Path of a Git work tree or bare repository; a relative one starts where the user-code server was started"`
	Output      string `json:"output" jsonschema:"Folder for the two reports; empty means a folder of the run's own below the system's temporary one"`
	FolderDepth int    `json:"folder_depth" jsonschema:"Levels of folders that churn is counted for: 1 counts cmd, 2 counts cmd/penstock"`
	Top         int    `json:"top" jsonschema:"Rows of each table in the Markdown report"`
}

// check says what the schema cannot.
func (c reportConfig) check() error {
	if c.FolderDepth < 1 || c.Top < 1 {
		return fmt.Errorf("folder_depth is %d and top is %d; both must be at least 1", c.FolderDepth, c.Top)
	}
	return nil
}

var report = usercode.NewConfig("report", reportConfig{Repository: ".", FolderDepth: 1, Top: 10})

var (
	openRepositoryOp = usercode.NewOp("open_repository", openRepository, report,
		usercode.Description("Finds the repository and the commit that its HEAD is at, so that all counts are of one moment."))
	countCommitsOp = usercode.NewOp1("count_commits", countCommits,
		usercode.Description("Counts the commits of each author in each ISO week, in UTC."))
	measureChurnOp = usercode.NewOp1("measure_churn", measureChurn, report,
		usercode.Description("Adds up the lines that were added and deleted in each folder, since the first commit."))
	listFilesOp = usercode.NewOp1("list_files", listFiles,
		usercode.Description("Lists the files of the commit with their sizes."))
	largestFilesOp = usercode.NewOp1("largest_files", largestFiles, report,
		usercode.Description("Picks the largest files."))
	writeCSVOp = usercode.NewOp1("write_csv", writeCSV, report,
		usercode.Description("Writes the commits per author and week as CSV."))
	writeMarkdownOp = usercode.NewOp1("write_markdown", writeMarkdown, report,
		usercode.Description("Writes what people read."))
)

var sizesGraph = usercode.NewGraphOp1("sizes",
	func(g *usercode.Graph, r usercode.Value[repository]) usercode.Value[[]file] {
		return largestFilesOp(g, listFilesOp(g, r))
	},
	usercode.Description("What takes the space."))

// findings are what the Markdown report tells.
type findings struct {
	Repository repository
	Weeks      []authorWeek
	Churn      []folderChurn
	Largest    []file
}

var repositoryReport = usercode.NewJob("repository_report",
	func(g *usercode.Graph) {
		r := openRepositoryOp(g)
		weeks := countCommitsOp(g, r)
		churn := measureChurnOp(g, r)
		largest := sizesGraph(g, r)
		writeCSVOp(g, weeks)
		writeMarkdownOp(g, usercode.Struct(g,
			usercode.Field(r, func(f *findings, v repository) { f.Repository = v }),
			usercode.Field(weeks, func(f *findings, v []authorWeek) { f.Weeks = v }),
			usercode.Field(churn, func(f *findings, v []folderChurn) { f.Churn = v }),
			usercode.Field(largest, func(f *findings, v []file) { f.Largest = v }),
		))
	},
	usercode.MetadataList{
		{Key: "owner", Value: metadata.Text("platform team")},
		{Key: "docs", Value: metadata.URL("https://git-scm.com/docs/git-log")},
		{Key: "git hash", Value: metadata.Text(commit)},
	},
	usercode.Tags{"team": "platform"},
	usercode.Description("Reads the history of a Git repository and writes a CSV and a Markdown report: commits per author and week, churn per folder, the largest files."),
)

// outputFolder is where the run's reports go.
func outputFolder(ctx context.Context) string {
	if c := report.From(ctx); c.Output != "" {
		return c.Output
	}
	return filepath.Join(temporaryFolder(), usercode.RunFrom(ctx).ID)
}
