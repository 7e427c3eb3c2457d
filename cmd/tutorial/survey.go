package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// surveyConfig is what a run of folder_survey can be told.
type surveyConfig struct {
	Repository string          `json:"repository" jsonschema:"Path of a Git work tree or bare repository; a relative one starts where the user-code server was started"`
	Output     string          `json:"output" jsonschema:"Folder for the survey; empty means a folder of the run's own below the system's temporary one"`
	LineBudget int             `json:"line_budget" jsonschema:"Lines that a folder may have; one with more fails. 0 means any number"`
	SigningKey usercode.Secret `json:"signing_key" jsonschema:"Key that the survey is signed with; without one it is not"`
}

var survey = usercode.NewConfig("survey", surveyConfig{Repository: "."})

var (
	gitVersionOp  = usercode.Command("git_version", "git", "version")
	listFoldersOp = usercode.NewOp("list_folders", listFolders, survey,
		usercode.Description("Lists the folders at the top of the repository, with the files of each as they are at HEAD."))
	countLinesOp = usercode.NewOp1("count_lines", countLines, survey, objects, lineRetry,
		usercode.CodeVersion("1"), usercode.Timeout(10*time.Minute),
		usercode.Description("Counts the lines of one folder's files. A folder over the budget fails; the others go on."))
	rankFoldersOp = usercode.NewOp1("rank_folders", rankFolders,
		usercode.Description("Orders the folders by their lines."))
	writeSurveyOp = usercode.NewOp2("write_survey", writeSurvey, survey,
		usercode.Description("Writes the survey, and signs it when there is a key."))
)

var folderSurvey = usercode.NewJob("folder_survey",
	func(g *usercode.Graph) {
		version := gitVersionOp(g)
		counted := usercode.Map(g, listFoldersOp(g), func(g *usercode.Graph, f usercode.Value[folder]) usercode.Value[folderLines] {
			return countLinesOp(g, f)
		})
		writeSurveyOp(g, rankFoldersOp(g, counted), version)
	},
	usercode.MetadataList{
		{Key: "owner", Value: metadata.Text("platform team")},
		{Key: "git hash", Value: metadata.Text(commit)},
	},
	usercode.Tags{"team": "platform"},
	usercode.Description("Counts the lines of each folder of a Git repository, as many folders as there are. "+
		"Shows a map, a resource, a command, progress, notes, tags that a run gives itself, a secret, and what re-execution is for: "+
		"with a `line_budget` that a folder exceeds it fails, and only that folder is counted again."),
)

func rankFolders(ctx context.Context, counted []folderLines) ([]folderLines, error) {
	ranked := slices.Clone(counted)
	slices.SortFunc(ranked, func(a, b folderLines) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Folder, b.Folder))
	})
	if len(ranked) == 0 {
		return ranked, nil
	}
	rows := make([]metadata.Row, 0, 10)
	for _, f := range ranked[:min(cap(rows), len(ranked))] {
		rows = append(rows, metadata.Row{f.Folder, f.Files, f.Lines})
	}
	table := metadata.Table(metadata.Schema{Columns: []metadata.Column{
		{Name: "folder", Type: "string"}, {Name: "files", Type: "int"}, {Name: "lines", Type: "int"},
	}}, rows...)
	if err := usercode.Note(ctx, "The largest folders", usercode.Metadata{"folders": table}); err != nil {
		return nil, err
	}
	return ranked, usercode.TagRun(ctx, usercode.Tags{"largest_folder": ranked[0].Folder, "folders": fmt.Sprint(len(ranked))})
}
