// Package usercode is how a team writes jobs and serves them to a Penstock host.
//
// An op is a function with a name. A job is a body that places ops and wires their values:
//
//	var readOp = usercode.NewOp("read", func(ctx context.Context) ([]Order, error) { … })
//	var countOp = usercode.NewOp1("count", func(ctx context.Context, orders []Order) (int, error) { … })
//
//	var dailyCount = usercode.NewJob("daily_count",
//		func(g *usercode.Graph) { countOp(g, readOp(g)) },
//		usercode.Metadata{"owner": "data team", "docs": metadata.URL("https://docs.example.com/orders")},
//		usercode.Tags{"team": "data"},
//	)
//
//	func main() { usercode.Main(usercode.NewRepository("orders", dailyCount)) }
//
// The binary then serves its jobs with "serve", and "check" says what is wrong with them.
//
// # Ops
//
// [NewOp] to [NewOp3] make ops of functions with no to three inputs, [NewTask] to [NewTask3] of functions that only
// return an error, and [Command] of any program. The types of inputs and outputs are those of the functions: a wrong
// wire does not compile. Inside, [Log] is the logger whose records become events of the run, [RunFrom] says for
// which run it is, and a [Config] reads what the person or program that launched the run had to say.
//
// A [Resource] is what the ops of a run share, such as a connection: opened when an op asks for it, closed at the end. A
// [Secret] in a config is a name in the environment of the worker; its value is kept out of everything that is reported.
//
// [Progress] says how far an op is, [Note] and [OutputMetadata] report metadata of every kind, [TagRun] tags the run. What an
// op writes to stdout and stderr is captured; what it writes to [Stdout] and [Stderr] is certainly its own.
//
// [Retry] makes an op run again after an error, [Timeout] limits the time of each attempt, [Priority] says which of the
// ops that are ready starts first, and [MaxConcurrent] how many of a job's ops run at a time.
//
// # Outputs
//
// What an op returns is stored behind its back, so that a later run can go on from it: as JSON, or with the codec that
// package output has for its type. [Transient] keeps it out of the store, [MaxOutput] lets it be larger, and
// [CodeVersion] lets runs with the tag penstock/memoize=true take it in place of running the op again.
//
// # Graphs
//
// The body of a job gets a [Graph]. Calling an op with it places the op as a node; the result, a [Value], stands for
// the output and is passed to other ops. [Collect] makes one list of several values, [Struct] one struct of any
// number. [Graph.As] names a node, [Graph.After] orders nodes that pass no value. [Map] makes instances of a part of the
// graph, one for each item of a list that an op returns.
//
// [NewGraph] names a body, to make several jobs of it with [GraphOp.Job] or to place it inside of others;
// [NewGraphOp] to [NewGraphOp3] make graphs with inputs and an output, placed exactly like ops.
//
// A body describes; it must not do the work. It runs once per process, and a body that reads the time, the network
// or a file describes a job that differs from process to process.
//
// # Partitions, schedules and sensors
//
// [NewDailyPartitions] and its like say into which parts a job's work falls, and become its options; [PartitionFrom] tells
// an op for which part its run is, and [PartitionConfig] makes what the run is told.
//
// A [Schedule] makes runs at times, a [Sensor] when something has happened. They are items of the [Repository], and a host
// keeps the clock for them:
//
//	var nightly = usercode.NewSchedule("nightly", dailyCount, usercode.Cron("0 6 * * mon-fri"), usercode.Zone("Europe/Berlin"))
//
//	func main() { usercode.Main(usercode.NewRepository("orders", dailyCount, nightly)) }
//
// Their functions are called in the user-code server, each with its own time; see [NewScheduleFunc] and [NewSensor].
//
// # What is said about jobs
//
// [Metadata] is for people who look at a job and never reaches its runs. [Tags] go to every run of the job, which is
// found by them, and those under penstock/ steer it. [Description] explains a job, a graph, an op or a repository.
//
// # Mistakes
//
// No constructor fails or panics. [Validate], [Serve] and [Main] report everything that is wrong together, each
// problem with the name of the job and the line in the code: a name twice, an empty graph, a value of another graph,
// a panic in a body, a tag that no run may have. Options that do not fit a place do not compile.
//
// A graph that refers to itself, or an op that reads the list of jobs, is an initialization cycle to the Go compiler.
//
// # Tests
//
// An op's function is a Go function: give it a name and call it. Package usertest runs a whole job in the test's own
// process, with fakes in place of resources, and makes chosen attempts of ops and of instances fail. It also evaluates a
// schedule at a time, and a sensor with a cursor.
package usercode
