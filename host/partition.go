package host

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/penstock-run/penstock/usercode/tag"
)

// Limits of partitions.
const (
	// MaxPartitionKeyBytes is the length of the longest key of a dimension.
	MaxPartitionKeyBytes = 255
	// MaxStaticPartitions is how many static partitions a dimension has at most.
	MaxStaticPartitions = 10_000
	// MaxDynamicPartitions is how many keys a dynamic dimension has at most.
	MaxDynamicPartitions = 100_000
	// PartitionSeparator stands between the keys of two dimensions.
	PartitionSeparator = "|"
)

// Partitions says into which parts a job's work falls.
type Partitions struct {
	// Name is the same for jobs with the same partitions.
	Name        string
	Description string // markdown
	// Dimensions are one or two.
	Dimensions []PartitionDimension
	// HasRunParts tells that user code makes config or tags for each partition.
	HasRunParts bool
}

// PartitionDimension is one row of keys: exactly one of Time, Static and Dynamic says which.
type PartitionDimension struct {
	Name    string
	Time    *TimePartitions
	Static  []string
	Dynamic bool
}

// TimeUnit is how long a time partition is. The text is what is shown.
type TimeUnit string

// The units.
const (
	UnitHour  TimeUnit = "hour"
	UnitDay   TimeUnit = "day"
	UnitWeek  TimeUnit = "week"
	UnitMonth TimeUnit = "month"
)

// TimePartitions are spans of time that follow one another on the calendar of a zone, as usercode.v1.TimePartitions.
type TimePartitions struct {
	Unit              TimeUnit
	Zone              string
	Start, End        string // wall time, 2006-01-02T15:04
	Minute, Hour, Day int
	EndOffset         int
}

// DynamicName names the keys of a dynamic dimension.
type DynamicName struct {
	Location, Repository, Dimension string
}

// PartitionKeysChange changes keys of a dynamic dimension.
type PartitionKeysChange struct {
	Name DynamicName
	// Add are added behind those that are there, in this order; ones that are there stay where they are.
	Add []string
	// Remove are removed; ones that are not there are passed over.
	Remove []string
}

// Partition is a key of one dimension; Start and End are set for a span of time.
type Partition struct {
	Key        string
	Start, End time.Time
}

// PartitionRun is what user code makes for the run of a partition.
type PartitionRun struct {
	ConfigYAML string
	Tags       []tag.Tag
	// Err says for people why user code failed; the rest is empty then.
	Err string
}

// CheckPartitionKey is the rule for the key of one dimension. The error quotes the key and says the rule.
func CheckPartitionKey(key string) error {
	var wrong string
	switch {
	case key == "":
		wrong = "is empty"
	case len(key) > MaxPartitionKeyBytes:
		wrong = fmt.Sprintf("has %d bytes; the limit is %d", len(key), MaxPartitionKeyBytes)
	case !utf8.ValidString(key):
		wrong = "is not UTF-8"
	case strings.ContainsFunc(key, unicode.IsControl):
		wrong = "holds a control character"
	case strings.Contains(key, PartitionSeparator):
		wrong = "holds " + PartitionSeparator + ", which stands between the keys of two dimensions"
	case strings.Contains(key, ".."):
		wrong = "holds .., which stands between the ends of a range"
	case key[0] == ' ' || key[len(key)-1] == ' ':
		wrong = "begins or ends with a space"
	default:
		return nil
	}
	const most = 80
	return fmt.Errorf("the partition key %.*q %s", most, key, wrong)
}
