package tag

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Tags that steer how a run executes: the only ones under penstock/ that a user may set.
const (
	// KeyPriority is a whole number; higher leaves the queue first; 0 when absent.
	KeyPriority = "penstock/priority"
	// KeyMaxRetries is how many times the whole run is tried again by itself.
	KeyMaxRetries = "penstock/max_retries"
	// KeyRetryStrategy is what such a retry runs: from_failure (default) or all_ops.
	KeyRetryStrategy = "penstock/retry_strategy"
	// KeyMaxRuntime is how long the run may take: a duration (90s, 2h) or seconds.
	KeyMaxRuntime = "penstock/max_runtime"
	// KeyMemoize is true or false: whether ops whose code version and inputs are unchanged are left out.
	KeyMemoize = "penstock/memoize"
	// KeyLauncher names the configured launcher that runs it.
	KeyLauncher = "penstock/launcher"
	// KeyKubernetes is a JSON object of settings for the Kubernetes Job.
	KeyKubernetes = "penstock/k8s"
)

// Values of KeyRetryStrategy.
const (
	retryFromFailure = ResumeFromFailure
	retryAllOps      = "all_ops"
)

// steering says for each key that a user may set whether a value will do. What depends on the host (which launchers
// there are) is the host's to refuse.
var steering = []struct {
	key   string
	check func(value string) error
}{
	{KeyImage, checkWord},
	{KeyKubernetes, checkKubernetes},
	{KeyLauncher, checkWord},
	{KeyMaxRetries, checkMaxRetries},
	{KeyMaxRuntime, checkMaxRuntime},
	{KeyMemoize, oneOf("true", "false")},
	{KeyPriority, checkPriority},
	{KeyRetryStrategy, oneOf(retryFromFailure, retryAllOps)},
}

// checkReserved is the rule for keys under Namespace.
func checkReserved(key, value string) error {
	names := make([]string, len(steering))
	for i, s := range steering {
		if s.key == key {
			return s.check(value)
		}
		names[i] = strings.TrimPrefix(s.key, Namespace)
	}
	return fmt.Errorf("%s belongs to the system; below it users may set %s", Namespace, strings.Join(names, ", "))
}

// Steers reports whether key is one of those below Namespace that a user may set.
func Steers(key string) bool {
	for _, s := range steering {
		if s.key == key {
			return true
		}
	}
	return false
}

// Priority is the value of KeyPriority, 0 when it is absent. A list that passed Validate has no other value there
// than a whole number; for one that did not, a bad value counts as 0.
func Priority(l List) int32 {
	value, _ := l.Get(KeyPriority)
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

// RetryLimit is the value of KeyMaxRetries: how many times a run is tried again by itself, 0 when the tag is absent or,
// in a list that did not pass Validate, bad.
func RetryLimit(l List) int {
	value, _ := l.Get(KeyMaxRetries)
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0
	}
	return min(max(n, 0), MaxRetries)
}

// RetriesAllOps reports whether KeyRetryStrategy asks that a retry runs all ops again, and not those that failed and
// what is downstream of them.
func RetriesAllOps(l List) bool {
	value, _ := l.Get(KeyRetryStrategy)
	return value == retryAllOps
}

// RuntimeLimit is the value of KeyMaxRuntime: how long a run may take, 0 when the tag is absent or, in a list that did not
// pass Validate, bad.
func RuntimeLimit(l List) time.Duration {
	value, _ := l.Get(KeyMaxRuntime)
	d, err := parseMaxRuntime(value)
	if err != nil {
		return 0
	}
	return d
}

func checkPriority(value string) error {
	n, err := strconv.ParseInt(value, 10, 32)
	// One number has one text, so that a search by value finds all runs of that priority.
	if err != nil || strconv.FormatInt(n, 10) != value {
		return errors.New("use a whole number from -2147483648 to 2147483647, such as 10")
	}
	return nil
}

func checkMaxRetries(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || strconv.Itoa(n) != value || n < 0 || n > MaxRetries {
		return fmt.Errorf("use a whole number from 0 to %d", MaxRetries)
	}
	return nil
}

func checkMaxRuntime(value string) error {
	_, err := parseMaxRuntime(value)
	return err
}

func parseMaxRuntime(value string) (time.Duration, error) {
	text := value
	if text != "" && strings.Trim(text, "0123456789") == "" {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > MaxRuntime {
		return 0, fmt.Errorf("use a duration such as 90s or 2h, or seconds; more than 0, at most %dh", MaxRuntime/time.Hour)
	}
	return d, nil
}

func checkKubernetes(value string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(value), &object); err != nil || object == nil {
		return errors.New(`use a JSON object, such as {"container": {"resources": {}}}`)
	}
	return nil
}

func checkWord(value string) error {
	if value == "" || strings.ContainsAny(value, " \t\n") {
		return errors.New("use a name without spaces")
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(value string) error {
		if slices.Contains(words, value) {
			return nil
		}
		return fmt.Errorf("use %s", strings.Join(words, " or "))
	}
}
