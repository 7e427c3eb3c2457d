// Command tutorial is a team's user-code server: seven jobs, a schedule and a
// sensor that the README and the documentation speak of. Run it with
//
//	penstock dev -- bin/tutorial
package main

import "github.com/penstock-run/penstock/usercode"

// commit is the revision that the binary was built from; the linker sets it.
var commit = "unknown"

func main() {
	usercode.Main(usercode.NewRepository("tutorial",
		usercode.Description("Jobs to learn with: four that say what metadata and tags are, and three that work on real input. A schedule and a sensor run two of them."),
		myJobWithMetadata,
		mySecondJobWithMetadata,
		myJobWithTags,
		mySecondJobWithTags,
		repositoryReport,
		folderSurvey,
		dailyReport,
		dailySchedule,
		newCommits,
	))
}
