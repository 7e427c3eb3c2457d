package workspace

import "time"

// Limits of what a location may send and how long it may take. At a limit all
// is well; one over is a fault that names the limit.
const (
	// maxServerInfoBytes is the size of a GetServerInfo reply.
	maxServerInfoBytes = 64 << 10
	// maxInfoText is the length of each text in it, in bytes; longer ones are cut.
	maxInfoText = 256
	// maxFrameBytes is the size of one frame of definitions.
	maxFrameBytes = 4 << 20
	// maxFrames is the number of frames in one exchange: an endless row of small
	// ones would cost time without reaching maxStreamBytes.
	maxFrames = 1 << 16
	// maxStreamBytes is what one exchange may send, and what a location's bodies may take.
	maxStreamBytes = 256 << 20
	// maxRepositories and maxJobs are what one location may have.
	maxRepositories = 1_000
	maxJobs         = 20_000
	// maxElements is the number of elements in one body or manifest frame,
	// maxTableCells of table cells among them.
	maxElements   = 100_000
	maxTableCells = 10_000
	// maxWantsPerMessage is the number of digests in one message to the server.
	maxWantsPerMessage = 16_384
	// maxPlacements is the number of ops that a job places, nested graphs
	// counted each time they are placed, maxWires that of the wires, orders and
	// graph outputs between them; maxGraphDepth is how deep they nest, maxMapDepth
	// how deep maps of one graph do.
	maxPlacements = 20_000
	maxWires      = 1_000_000
	maxGraphDepth = 32
	maxMapDepth   = 16
	// maxAutomations is how many schedules, and how many sensors, of a repository
	// are looked at.
	maxAutomations = 1_000
	// maxCrons is the number of crons of a schedule, maxMissedTicks that of the
	// missed ticks that it makes up for, maxSensorJobs that of jobs of a sensor.
	maxCrons       = 20
	maxMissedTicks = 100
	maxSensorJobs  = 100
	// maxNameBytes is the length of a repository's or job's name.
	maxNameBytes = 256
)

// maxBackoff is how many intervals lie between two probes, at most, of a
// location that does not answer. Its recovery is to be seen within seconds.
const maxBackoff = 3

// Probes.
const (
	// slotsPerInterval is into how many moments the probes of an interval are gathered.
	slotsPerInterval = 10
	// maxCalls is how many calls to locations may be under way at a time, placeHeld
	// after what time one that hangs does not count any more.
	maxCalls  = 64
	placeHeld = 250 * time.Millisecond
	// maxAddresses is how many addresses of a name are used.
	maxAddresses = 16
	// maxReplicas is how many server processes of a location are remembered,
	// maxReports how many different reports.
	maxReplicas = 32
	maxReports  = 32
	// maxNeighbours is how many locations with the same server are named.
	maxNeighbours = 8
	// rollbackProbes is how many probes in a row, each over a new connection, make
	// a report active that is older than the active one. When several servers are
	// alive, the active one's among them, it takes rollbackProbesEach for each.
	rollbackProbes     = 10
	rollbackProbesEach = 15
	// hangPenalty is how many times as long as it took an address to fail it is
	// left alone while others answer.
	hangPenalty = 6
)

// saveBurst is how many times the definitions of a location are stored at once.
// New bodies count once more for each saveBytes.
const (
	saveBurst = 20
	saveBytes = 1 << 20
)

// Times.
const (
	// defaultProbeInterval is the time between two probes of a location that answers.
	defaultProbeInterval = time.Second
	// callDeadline is how long GetServerInfo and the first frame of an exchange may take.
	callDeadline = 5 * time.Second
	// frameDeadline is how long each further frame may take.
	frameDeadline = 10 * time.Second
	// exchangeDeadline is how long a whole exchange may take.
	exchangeDeadline = 2 * time.Minute
	// connectionAge is after what time a probe takes a new connection.
	connectionAge = 30 * time.Second
	// reportMemory is how long a report, or a server process, that does not answer any more is remembered.
	reportMemory = time.Minute
	// lingerInterval is the time between two probes of a server that was met over
	// an earlier connection, lingerDeadline how long it may take.
	lingerInterval = 5 * time.Second
	lingerDeadline = 2 * time.Second
	// rejectedPause is how long definitions that could not be used are left
	// alone while the same server process reports the same.
	rejectedPause = 30 * time.Second
	// touchInterval is how often it is stored when locations answered last.
	touchInterval = time.Minute
	// saveRetry is after what time definitions that could not be stored are tried again.
	saveRetry = time.Minute
	// saveInterval is after what time definitions that change all the time are
	// stored again, once they were saveBurst times in a row.
	saveInterval = 30 * time.Second
)
