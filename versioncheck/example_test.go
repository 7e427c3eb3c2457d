package versioncheck_test

import (
	"fmt"
	"time"

	"github.com/penstock-run/penstock/versioncheck"
)

// A team's server is too old for job metadata, the output store, partitions,
// schedules and sensors. Its jobs are listed and launched; only those are refused.
func ExampleDecide() {
	report := versioncheck.Report{Answered: true, ProtocolVersion: "0.14.17"}
	host := versioncheck.Host{Protocol: versioncheck.Protocol}

	for _, r := range versioncheck.Requirements() {
		d := versioncheck.Decide(r.Name, report, host, versioncheck.Policy{})
		fmt.Println(r.Name, d.State)
		if d.State == versioncheck.StateRefused {
			fmt.Println(" ", d.Code)
			fmt.Println(" ", d.Message)
			fmt.Println(" ", d.Remedy)
		}
	}
	// Output:
	// job_metadata REFUSED
	//   SERVER_TOO_OLD
	//   The server reports protocol "0.14.17"; job metadata needs 0.14.18 or newer.
	//   Deploy the user code with an SDK whose protocol is 0.14.18 or newer.
	// launch_run SHOWN
	// list_jobs SHOWN
	// output_store REFUSED
	//   SERVER_TOO_OLD
	//   The server reports protocol "0.14.17"; the output store needs 0.15.0 or newer.
	//   Deploy the user code with an SDK whose protocol is 0.15.0 or newer.
	// partitions REFUSED
	//   SERVER_TOO_OLD
	//   The server reports protocol "0.14.17"; partitions need 0.15.0 or newer.
	//   Deploy the user code with an SDK whose protocol is 0.15.0 or newer.
	// run_tags SHOWN
	// schedules REFUSED
	//   SERVER_TOO_OLD
	//   The server reports protocol "0.14.17"; schedules need 0.15.0 or newer.
	//   Deploy the user code with an SDK whose protocol is 0.15.0 or newer.
	// sensors REFUSED
	//   SERVER_TOO_OLD
	//   The server reports protocol "0.14.17"; sensors need 0.15.0 or newer.
	//   Deploy the user code with an SDK whose protocol is 0.15.0 or newer.
}

// The same decision becomes what people see of one job.
func ExampleResolve() {
	report := versioncheck.Report{Answered: true, ProtocolVersion: "0.14.18"}
	host := versioncheck.Host{Protocol: versioncheck.Protocol}
	d := versioncheck.Decide(versioncheck.JobMetadata, report, host, versioncheck.Policy{})

	fmt.Println(versioncheck.Resolve(d, versioncheck.Holding{Entries: 2, BodyPresent: true, Answering: true}).State)
	fmt.Println(versioncheck.Resolve(d, versioncheck.Holding{Answering: true}).State)
	stale := versioncheck.Resolve(d, versioncheck.Holding{Entries: 2, BodyPresent: true, Age: 5 * time.Minute})
	fmt.Println(stale.State, stale.Message)
	// Output:
	// SHOWN
	// EMPTY
	// STALE The code location does not answer; this is what it sent last, 5 minutes ago.
}

// A location of a newer major version cannot be used at all.
func ExampleDecideLocation() {
	report := versioncheck.Report{Answered: true, ProtocolVersion: "1.0.0"}
	c := versioncheck.DecideLocation(report, versioncheck.Host{Protocol: "0.15.0"})
	fmt.Println(c.Compatible, c.Code)
	fmt.Println(c.Remedy)
	// Output:
	// false NEWER_MAJOR_PROTOCOL
	// Upgrade the host to that major version, or deploy user code whose protocol is 0.x.
}

// User code asks the other way round: is this host new enough for me?
func ExampleCheckHost() {
	c := versioncheck.CheckHost("0.15.0", versioncheck.Host{Protocol: "0.14.18"})
	fmt.Println(c.Compatible, c.Code)
	fmt.Println(c.Message)
	// Output:
	// false HOST_TOO_OLD
	// The host reports protocol "0.14.18"; this user code requires host protocol 0.15.0 or newer.
}
