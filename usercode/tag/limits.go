package tag

import "time"

// Limits. What is at its limit is fine; one more is an error that names the limit.
const (
	// MaxPerRun is how many tags of users a run may have. What the system attaches is not counted.
	MaxPerRun = 256
	// MaxPartBytes is how long the namespace and the name of a key may be, each; also names of definitions.
	MaxPartBytes = 63
	// MaxValueBytes is how long a value may be.
	MaxValueBytes = 4 << 10
	// MaxKubernetesBytes is how long the value of KeyKubernetes may be.
	MaxKubernetesBytes = 64 << 10
	// MaxRetries is the highest value of KeyMaxRetries.
	MaxRetries = 100
	// MaxRuntime is the longest value of KeyMaxRuntime.
	MaxRuntime = 366 * 24 * time.Hour
)
