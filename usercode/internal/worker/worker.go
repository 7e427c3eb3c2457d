package worker

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/versioncheck"
)

// Exit statuses of a worker. They say what became of the process; how the run ended is in its events.
const (
	ExitDelivered   = 0 // the run is over and the host has every event
	ExitNotStarted  = 1 // no user code was started
	ExitDenied      = 3 // the host wanted no more of the attempt
	ExitUndelivered = 4 // the run is over, the host stayed away
	ExitKilled      = 5 // user code did not end in its grace, or was not given any
)

// Options of Run. Instructions is required.
type Options struct {
	// Instructions is the inherited pipe, see InstructionsFD. Run closes it before it starts anything.
	Instructions io.ReadCloser
	// Logger gets the notes of the process itself. Default: text on stderr.
	Logger *slog.Logger
	// Now is the clock. Default: the system's.
	Now func() time.Time
	// Random is where the process's id comes from. Default: crypto/rand.
	Random io.Reader
	// Output is the regular file behind stdout and stderr, which is kept from filling the disk. Default: none.
	Output *os.File
	// Capture makes events of what this process and its children write to stdout and stderr while ops run. Logger has to
	// write elsewhere; by default it writes to where stderr went before.
	Capture bool

	// LookupEnv finds the variables that secrets in configs refer to. Default: none is set.
	LookupEnv func(variable string) (value string, ok bool)

	timing   timing
	capacity capacity
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of the injected clock
	}
	if o.Random == nil {
		o.Random = crand.Reader
	}
	if o.timing == (timing{}) {
		o.timing = defaultTiming
	}
	if o.capacity == (capacity{}) {
		o.capacity = defaultCapacity
	}
	return o
}

// worker is the process while it runs.
type worker struct {
	opts   Options
	logger *slog.Logger
	job    *spec.Job
	client *client
	buffer *buffer
	// process is nil when nothing is captured.
	process engine.ProcessOutput
}

// Run is the whole of a worker process; the caller exits with its answer at once, also when goroutines of user code
// are left. When ctx ends (SIGTERM), the run is canceled with the usual grace.
func Run(ctx context.Context, jobs Jobs, opts Options) (exitStatus int) {
	var captured *capture
	if opts.Capture {
		captured = newCapture()
		defer captured.close()
		opts = captured.with(opts)
	}
	opts = opts.withDefaults()
	w, err := prepare(jobs, opts)
	if err != nil {
		opts.Logger.Error("the worker starts nothing", "error", err)
		return ExitNotStarted
	}
	if captured != nil {
		captured.inherited = w.client.assignment.StderrPipe
		w.process = captured
	}
	if err := adoptDescendants(); err != nil {
		w.logger.Warn("children of user code that leave their parent will not be found", "error", err)
	}
	defer killDescendants()
	stopOutput := w.boundOutput()
	defer stopOutput()

	clientCtx, stopClient := context.WithCancel(context.WithoutCancel(ctx))
	clientEnd := make(chan error, 1)
	go func() { clientEnd <- w.client.run(clientCtx) }()
	defer func() {
		stopClient()
		w.logger.Debug("detached from the host", "reason", <-clientEnd) // joined
	}()
	lease := time.NewTimer(w.client.assignment.StartLease)
	defer lease.Stop()
	select {
	case run := <-w.client.granted:
		return w.run(ctx, run, clientEnd)
	case err := <-clientEnd:
		clientEnd <- err
		w.logger.Error("the worker starts nothing", "error", err)
	case <-lease.C:
		w.logger.Error("the worker starts nothing: the host granted nothing in time", "lease", w.client.assignment.StartLease)
	case <-ctx.Done():
		w.logger.Error("the worker starts nothing: it was told to end")
	}
	return ExitNotStarted
}

// Jobs finds a job of this binary. A worker needs one alone, so the others need not be made for it. The error says that
// there is none of that name, or what is wrong with it.
type Jobs func(repository, job string) (*spec.Job, error)

// prepare reads the instructions and checks that this binary has the job that the host means. The host is dialled
// meanwhile.
func prepare(jobs Jobs, opts Options) (w *worker, err error) {
	assignment, err := readAssignment(opts.Instructions)
	if closeErr := opts.Instructions.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("read instructions: %w", closeErr)
	}
	if err != nil {
		return nil, err
	}
	early, dialErr := DialHost(assignment.HostAddress, assignment.HostCA)
	if dialErr == nil { // else it is tried again by the first session
		early.Connect()
		defer func() {
			if err != nil {
				_ = early.Close()
			}
		}()
	}
	job, err := jobs(assignment.Repository, assignment.Job)
	if err != nil {
		return nil, err
	}
	body, err := wire.JobDefinition(job)
	if err != nil {
		return nil, err
	}
	digest := wire.DigestOf(body)
	if string(digest.Bytes()) != string(assignment.DefinitionDigest) {
		return nil, fmt.Errorf("this binary has another definition of job %s/%s (%s) than the run was validated against (%x)",
			assignment.Repository, assignment.Job, digest, assignment.DefinitionDigest)
	}
	var random [16 + 32]byte
	if _, err := io.ReadFull(opts.Random, random[:]); err != nil {
		return nil, fmt.Errorf("make the worker's id: %w", err)
	}
	logger := opts.Logger.With("run", assignment.RunID, "attempt", assignment.Attempt)
	buffer := newBuffer(opts.capacity, unnamedFiles(assignment.SpoolDir), logger)
	return &worker{
		opts: opts, logger: logger, job: job, buffer: buffer,
		client: &client{
			assignment: assignment, early: early,
			hello: &workerv1.Hello{
				RunId: assignment.RunID, Attempt: assignment.Attempt, WorkerId: hex.EncodeToString(random[:16]),
				ServerId: assignment.ServerID, ProtocolVersion: versioncheck.Protocol, Handle: Handle(os.Getpid()), DefinitionDigest: digest.Bytes(),
			},
			buffer: buffer, slots: newSlots(), logger: logger, now: opts.Now, started: opts.Now(), timing: opts.timing,
			random:  rand.New(rand.NewChaCha8([32]byte(random[16:]))), //nolint:gosec // spreads retries over time
			granted: make(chan *workerv1.RunSpec, 1), cancels: make(chan *workerv1.Cancel, 8),
		},
	}, nil
}

// Handle says where a process runs, for people.
func Handle(pid int) string {
	node, err := os.Hostname()
	if err != nil {
		node = "an unnamed node"
	}
	return fmt.Sprintf("pid %d on %s", pid, node)
}

// execute runs the granted run to its last event.
func (w *worker) execute(ctx context.Context, run *workerv1.RunSpec, abandon <-chan struct{}) {
	defer w.buffer.finish()
	sink := func(ev *workerv1.Event) {
		encoded, err := proto.Marshal(ev)
		if err != nil {
			// The engine cleans all text, so this is a mistake in it; a gap would be worse than an event without content.
			w.logger.Error("an event cannot be encoded", "kind", ev.GetKind(), "error", err)
			encoded, _ = proto.Marshal(&workerv1.Event{Time: ev.GetTime(), Kind: ev.GetKind(), Message: "this event could not be encoded"})
		}
		w.buffer.append(encoded)
	}
	if err := w.checkGrant(run); err != nil {
		engine.Reject(sink, w.opts.Now, "grant", err.Error())
		return
	}
	tags := wire.TagsFrom(run.GetTags())
	keeper := w.keeper(run, tags)
	defer func() {
		if err := keeper.Close(); err != nil {
			w.logger.Warn("the output store was not closed", "error", err)
		}
	}()
	engine.Run(ctx, engine.Attempt{
		RunID: run.GetRunId(), Attempt: run.GetAttempt(), Repository: run.GetRepository(), Job: w.job,
		ConfigJSON: run.GetConfigJson(), Tags: tags, OpPaths: run.GetOpPaths(),
	}, sink, engine.Options{Outputs: keeper, Slots: w.client.slots, Now: w.opts.Now, LookupEnv: w.opts.LookupEnv, Secrets: w.nameSecrets, Abandon: abandon, Process: w.process})
}

// nameSecrets lets the server know what must not be repeated of this process's output, should it crash.
func (w *worker) nameSecrets(variables []string) {
	if w.opts.Output == nil {
		return
	}
	if err := writeSecretNames(w.opts.Output, variables); err != nil {
		w.logger.Warn("secrets would not be taken out of the report of a crash", "error", err)
	}
}

// checkGrant compares the grant with what the process was started for.
func (w *worker) checkGrant(run *workerv1.RunSpec) error {
	a := w.client.assignment
	if run.GetRunId() != a.RunID || run.GetAttempt() != a.Attempt || run.GetRepository() != a.Repository || run.GetJob() != a.Job {
		return errors.New("the host granted another run than this worker was started for")
	}
	if string(run.GetDefinitionDigest()) != string(a.DefinitionDigest) {
		return errors.New("the host granted the run with another definition of its job than this worker has")
	}
	return nil
}
