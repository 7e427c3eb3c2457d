package tag_test

import (
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/usercode/tag"
)

func TestSteeringValues(t *testing.T) {
	of := func(key, value string) tag.List { return tag.List{{Key: key, Value: value}} }
	for value, want := range map[string]time.Duration{"90s": 90 * time.Second, "2h": 2 * time.Hour, "45": 45 * time.Second, "": 0, "soon": 0, "-1s": 0} {
		if got := tag.RuntimeLimit(of(tag.KeyMaxRuntime, value)); got != want {
			t.Errorf("RuntimeLimit of %q = %s, want %s", value, got, want)
		}
	}
	for value, want := range map[string]int{"3": 3, "0": 0, "": 0, "some": 0, "-4": 0, "1000": tag.MaxRetries} {
		if got := tag.RetryLimit(of(tag.KeyMaxRetries, value)); got != want {
			t.Errorf("RetryLimit of %q = %d, want %d", value, got, want)
		}
	}
	for value, want := range map[string]bool{"all_ops": true, "from_failure": false, "": false, "ALL_OPS": false} {
		if got := tag.RetriesAllOps(of(tag.KeyRetryStrategy, value)); got != want {
			t.Errorf("RetriesAllOps of %q = %t", value, got)
		}
	}
	if tag.RuntimeLimit(nil) != 0 || tag.RetryLimit(nil) != 0 || tag.RetriesAllOps(nil) {
		t.Error("without tags something is limited or retried")
	}
}

func TestSteers(t *testing.T) {
	for key, want := range map[string]bool{
		tag.KeyPriority: true, tag.KeyImage: true, tag.KeyKubernetes: true, tag.KeyJob: false, tag.KeyFailureReason: false, "priority": false, "": false,
	} {
		if got := tag.Steers(key); got != want {
			t.Errorf("Steers(%q) = %t", key, got)
		}
		// The rule of Validate is the same: it refuses other keys below the namespace whatever their value.
		err := tag.Validate(tag.List{{Key: key, Value: "1"}})
		if below := strings.HasPrefix(key, tag.Namespace); below && (err != nil && strings.Contains(err.Error(), "belongs to the system")) == want {
			t.Errorf("Validate of %q: %v", key, err)
		}
	}
}
