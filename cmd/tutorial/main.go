// Command tutorial is a team's user-code server: six jobs that the README and
// the documentation speak of. Run it with
//
//	penstock dev -- bin/tutorial
package main

import "github.com/penstock-run/penstock/usercode"

// commit is the revision that the binary was built from; the linker sets it.
var commit = "unknown"

func main() {
	usercode.Main(usercode.NewRepository("tutorial",
		usercode.Description("Jobs to learn with: four that say what metadata and tags are, and two that work on real input."),
		myJobWithMetadata,
		mySecondJobWithMetadata,
		myJobWithTags,
		mySecondJobWithTags,
		repositoryReport,
		folderSurvey,
	))
}
