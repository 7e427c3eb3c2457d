package hosttest

import (
	"context"
	"crypto/tls"
	"time"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Behavior is what a peer is and does. The zero value is a server that reports
// no version and has no jobs.
type Behavior struct {
	// Protocol and MinHostProtocol are what it reports.
	Protocol, MinHostProtocol string
	// Declared says that Capabilities is the whole list.
	Declared     bool
	Capabilities []*usercodev1.Capability
	// CodeVersion and Image are shown to people.
	CodeVersion, Image string
	// OutputStore is where it says that outputs are.
	OutputStore string
	// StartedAt is when it says that it started. Default: a fixed day.
	StartedAt time.Time
	// Draining is reported from the start; see also Peer.Drain.
	Draining bool
	// Repositories are its jobs.
	Repositories []Repository

	// Info and Definitions are how it misbehaves when it is asked for them, Evaluation when it is to evaluate something,
	// with a trick that GetServerInfo knows.
	Info, Definitions, Evaluation Trick
	// EvaluateSchedule, EvaluateSensor and PartitionRuns take the place of user code. Default: a schedule asks for one run
	// with its instant as key, a sensor for one of each number it counts in its cursor; a partition has the tag part, and
	// config for the job Nested.
	EvaluateSchedule func(context.Context, *usercodev1.EvaluateScheduleRequest) *usercodev1.Evaluation
	EvaluateSensor   func(context.Context, *usercodev1.EvaluateSensorRequest) *usercodev1.EvaluateSensorResponse
	PartitionRuns    func(context.Context, *usercodev1.GetPartitionRunsRequest) *usercodev1.GetPartitionRunsResponse
	// Refuse answers a start with a refusal; nil starts a worker.
	Refuse func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal
	// HoldWorkers keeps workers busy in their first op until they are canceled.
	HoldWorkers bool
	// Work is what every op does until ctx ends, which means canceled. Default: nothing.
	Work func(ctx context.Context)
	// FailOp is the path of an op that fails, in every run.
	FailOp string
	// Outcome is reported as that of every run, known or not. Default: what its ops came to.
	Outcome workerv1.Outcome
	// Outlive lets workers go on when the process ends, as they do on a plain machine, and come back to a host that
	// was away. They end with Peer.Close.
	Outlive bool

	// RandomServerID makes every reply name another process, and accepts starts meant for any.
	RandomServerID bool
	// Future adds what nobody knows yet to everything that is sent, workers' messages included: fields in every
	// message, and frames, events and messages of kinds of their own.
	Future bool

	// Token is asked for when it is set; TLS is used when it is set.
	Token string
	TLS   *tls.Certificate
	// TLSConfig is used instead of TLS when it is set, for what a certificate alone does not say.
	TLSConfig *tls.Config
	// Drip makes every connection carry one byte at a time, slowly.
	Drip bool
}

// Trick is a way to misbehave.
type Trick string

// Tricks for both calls. None is to behave.
const (
	None          Trick = ""
	Unimplemented Trick = "unimplemented" // as if the call did not exist
	Hang          Trick = "hang"          // never answer
	Garbage       Trick = "garbage"       // bytes that are no message
	Oversize      Trick = "oversize"      // one message over the limit
	Crash         Trick = "crash"         // the process dies: its connections break, nobody listens any more
	Fail          Trick = "fail"          // an RPC error with a hostile message
)

// Empty is a trick for GetServerInfo: a reply without server info.
const Empty Trick = "empty"

// Tricks for GetDefinitions.
const (
	HangAfterManifest Trick = "hang after manifest"
	EndEarly          Trick = "end early"           // end the stream after the opening
	FloodBodies       Trick = "flood bodies"        // endless bodies that nobody asked for
	FloodFrames       Trick = "flood frames"        // endless frames of a kind that nobody knows
	FloodJobs         Trick = "flood jobs"          // an endless manifest
	Stall             Trick = "stall"               // frames of a kind that nobody knows, one for each call of Peer.Tick
	Bomb              Trick = "bomb"                // a frame that decodes to a hundred times its size
	LieRoot           Trick = "lie root"            // report and close with another digest
	LieClosing        Trick = "lie closing"         // close with another digest than was reported
	LieRepository     Trick = "lie repository"      // a repository digest that is not that of its jobs
	LieBody           Trick = "lie body"            // other bytes than the digest says
	LieCount          Trick = "lie count"           // another number of jobs
	LieUnchanged      Trick = "lie unchanged"       // call repositories unchanged that the host does not have
	LieSame           Trick = "lie same"            // open and close as if the host had everything
	TwiceJob          Trick = "twice job"           // name a job twice
	BadName           Trick = "bad name"            // name a job with a slash
	SendUnwanted      Trick = "send unwanted"       // send all metadata bodies, wanted or not
	ClosingTwice      Trick = "closing twice"       // say something after the closing
	BodiesFirst       Trick = "bodies first"        // send bodies before the manifest
	NewFrames         Trick = "new frames"          // frames of a newer server's kind among the others
	BreakText         Trick = "break text"          // a job's name that is not UTF-8
	ShortDigest       Trick = "short digest"        // a digest of three bytes
	EmptyOpening      Trick = "empty opening"       // an opening without server info
	OlderOpening      Trick = "older opening"       // an opening by a process of 0.14.17
	NewerMajorOpening Trick = "newer major opening" // an opening by a process of the next major version
)
