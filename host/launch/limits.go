package launch

// Limits of run configs and their schemas. What is at its limit works.
const (
	// MaxConfigBytes is the longest config, as typed and as JSON with its defaults.
	MaxConfigBytes = 1 << 20
	// MaxConfigDepth is how deep objects and lists may nest.
	MaxConfigDepth = 64
	// MaxConfigValues is how many values a config may hold, aliases and defaults written out.
	MaxConfigValues = 100_000
	// MaxSchemaBytes is the longest config schema of a job.
	MaxSchemaBytes = 256 << 10
	// MaxSchemaValues is how many JSON values a schema may hold.
	MaxSchemaValues = 20_000
	// MaxSchemaDepth is how deep objects and lists of a schema may nest.
	MaxSchemaDepth = 128
	// MaxSchemaChain is how many schemas may apply to one value through each other ($ref, allOf, …).
	MaxSchemaChain = 100
	// MaxPatternBytes is the longest regular expression in a schema.
	MaxPatternBytes = 1_000
	// MaxPatternSteps is the size of all regular expressions of a schema with their repetitions written out.
	MaxPatternSteps = 20_000
	// MaxNumberBytes is the longest number.
	MaxNumberBytes = 128
	// MaxProblems is how many problems of a config are listed.
	MaxProblems = 100
)

// MaxTakenBytes is how long the names of the ops of a run and what it takes from earlier runs may be, encoded. With the
// largest config and tags they come to its worker in one message of 4 MiB.
const MaxTakenBytes = 1792 << 10

// maxCheckWork bounds the check of one config, in steps of roughly 100 ns.
const maxCheckWork = 4_000_000

// maxFillWork bounds the filling in of defaults, whose steps are longer.
const maxFillWork = maxCheckWork / 8

// What is kept in memory at most: compiled schemas, by the size of their text,
// and definitions that somebody saw, by the size of their bodies.
const (
	maxCachedSchemas     = 256
	maxCachedSchemaBytes = 4 << 20
	maxSeenDefinitions   = 256
	maxSeenBytes         = 8 << 20
)

// maxWhereabouts is how many attempts are remembered with the server that
// accepted them, seekTries how many new connections are made to find a server
// behind a balancer that is not known.
const (
	maxWhereabouts = 10_000
	seekTries      = 4
)

// Limits of what a code location says of a worker; longer text is cut.
const (
	maxRefusalBytes = 2 << 10
	maxHandleBytes  = 256
	maxStderrBytes  = 4 << 10
)
