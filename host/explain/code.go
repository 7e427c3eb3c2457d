package explain

// Codes of rules. Beside them there are the codes of what is wrong with a code location or with a run's job: those of
// docs/versions.md, JOB_NOT_FOUND, LOCATION_NOT_FOUND and RUN_DOES_NOT_FIT.
const (
	// CodeHostEnding: the host is about to end and starts nothing more.
	CodeHostEnding = "HOST_ENDING"
	// CodeStoreFull: the store takes no writes for want of room on its disk, or after an error.
	CodeStoreFull = "STORE_FULL"
	// CodeLocationHeld: runs of the location stay queued, since it was not heard of yet or all its servers drain.
	CodeLocationHeld = "LOCATION_HELD"
	// CodeLocationResting: the location did not answer starts and is left alone for a while.
	CodeLocationResting = "LOCATION_RESTING"
	// CodeLocationFull: the location has as many workers as it may have.
	CodeLocationFull = "LOCATION_FULL"
	// CodeLocationStarts: as many starts as may be are under way at the location.
	CodeLocationStarts = "LOCATION_STARTS"
	// CodeBackOff: a start of the run failed for now, and it waits before the next.
	CodeBackOff = "BACK_OFF"
	// CodeLimit: the most runs in progress.
	CodeLimit = "CONCURRENCY_LIMIT"
	// CodeTagLimit: a limit of the queue that counts the run, beside that of all.
	CodeTagLimit = "TAG_LIMIT"
	// CodeOrder: the runs that come before it.
	CodeOrder = "QUEUE_ORDER"
	// CodeReady: the run's code, when it is there and fits.
	CodeReady = "CODE_READY"
	// CodeDue: nothing holds the run.
	CodeDue = "START_DUE"

	// CodeWaitLimit: how long the run may wait for its code.
	CodeWaitLimit = "WAIT_LIMIT"

	// CodeStart: the attempt that is being started.
	CodeStart = "WORKER_STARTING"
	// CodeProcess: what the code location says of the worker's process.
	CodeProcess = "WORKER_PROCESS"
	// CodeLease: until when the worker has to say hello.
	CodeLease = "START_LEASE"
	// CodeSlotWanted: others wait for the slot of a start that has no answer.
	CodeSlotWanted = "SLOT_WANTED"

	// CodeWorker: whether the worker is attached, or silent.
	CodeWorker = "WORKER"
	// CodeOpRunning: an op whose user code runs.
	CodeOpRunning = "OP_RUNNING"
	// CodeOpRetry: an op that failed and waits for its next attempt.
	CodeOpRetry = "OP_RETRY"
	// CodeOpReady: an op that may start and waits for others to end, of those that run at a time.
	CodeOpReady = "OP_READY"
	// CodePool: a pool of which ops of the run wait for a slot.
	CodePool = "POOL"
	// CodeOpUpstream: an op that waits for other ops.
	CodeOpUpstream = "OP_UPSTREAM"
	// CodeOpsLeft: ops that are not listed one by one.
	CodeOpsLeft = "OPS_LEFT"
	// CodeOpsDone: all ops have ended, and outputs or the last report are on their way.
	CodeOpsDone = "OPS_DONE"
	// CodeLastEvent: what the worker reported last.
	CodeLastEvent = "LAST_EVENT"
	// CodeMaxRuntime: when the run has taken as long as it may.
	CodeMaxRuntime = "MAX_RUNTIME"

	// CodeCancel: who or what asked the run to end.
	CodeCancel = "CANCEL"
	// CodeGrace: until when user code has time to end.
	CodeGrace = "CANCEL_GRACE"

	// CodeCause: why the run ended as it did.
	CodeCause = "CAUSE"
	// CodeOpFailed: an op that failed.
	CodeOpFailed = "OP_FAILED"
	// CodeRetryDue: an automatic retry that is to come.
	CodeRetryDue = "RETRY_DUE"
	// CodeRetry: what became of it: the run that it is, why it is put off, or why there is none.
	CodeRetry = "RETRY"
)
