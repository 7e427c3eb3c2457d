package main

import "time"

// What --json prints of schedules and sensors; object.go says what holds for all objects.

// automationList is schedules, or sensors, by name.
type automationList struct {
	Automations []automationObject `json:"automations"`
	Refusals    []refusalObject    `json:"refusals"`    // locations whose server is too old to have any: theirs are not listed
	NextCursor  string             `json:"next_cursor"` // always empty
}

// automationObject is a schedule or a sensor as it stands.
type automationObject struct {
	Kind        string     `json:"kind"` // schedule or sensor
	Name        string     `json:"name"` // location/repository/name
	Location    string     `json:"location"`
	Repository  string     `json:"repository"`
	Description string     `json:"description"` // markdown
	Jobs        []string   `json:"jobs"`        // of its repository that it runs
	DefaultOn   bool       `json:"default_on"`  // by its definition
	Running     bool       `json:"running"`     // it makes ticks: switched on, there and allowed
	Switched    string     `json:"switched"`    // DEFAULT, ON or OFF
	SwitchedBy  string     `json:"switched_by"` // who switched it last, as they said
	SwitchedAt  *time.Time `json:"switched_at"`
	GoneSince   *time.Time `json:"gone_since"`   // when a deploy removed it; null while it is there
	Stale       bool       `json:"stale"`        // its location does not answer: this is the last that is known
	Problem     string     `json:"problem"`      // why it makes no ticks though it is switched on
	Remedy      string     `json:"remedy"`       // what to do about the problem
	NextTickAt  *time.Time `json:"next_tick_at"` // as far as is known

	Crons           []string     `json:"crons"` // of a schedule
	Zone            string       `json:"zone"`
	Makes           string       `json:"makes"`            // FIXED_RUN, PARTITION_RUNS or EVALUATED; RUN_STATUS of a sensor of ended runs; empty when not known
	MissedTicks     string       `json:"missed_ticks"`     // of a schedule: SKIP, LATEST or ALL
	MissedAtMost    uint32       `json:"missed_at_most"`   // with ALL: so many
	IntervalSeconds *float64     `json:"interval_seconds"` // of a sensor; null: 30, or it looks at ended runs
	Where           string       `json:"where"`            // selector of a sensor of ended runs
	Tags            []tagObject  `json:"tags"`             // that all its runs get
	Cursor          string       `json:"cursor"`           // of a sensor; left out of lists
	LastTicks       []tickObject `json:"last_ticks"`       // newest first, at most 5; in lists without their runs
}

// tickList is a page of ticks, newest first.
type tickList struct {
	Name       string       `json:"name"` // as it was asked for
	Ticks      []tickObject `json:"ticks"`
	NextCursor string       `json:"next_cursor"` // for --page-cursor; empty at the end
}

// tickObject is one evaluation of a schedule or sensor.
type tickObject struct {
	ID               string          `json:"id"` // its instant
	At               *time.Time      `json:"at"`
	Status           string          `json:"status"` // SUCCESS, SKIPPED or FAILURE
	SkipReason       string          `json:"skip_reason"`
	Error            string          `json:"error"`
	Runs             []tickRunObject `json:"runs"`                // that it made
	KnownRunKeys     []string        `json:"known_run_keys"`      // for which there were runs before; at most 100
	KnownRunKeyCount uint32          `json:"known_run_key_count"` // all of them
	StartedAt        *time.Time      `json:"started_at"`
	DurationSeconds  *float64        `json:"duration_seconds"`
	Cursor           string          `json:"cursor"`    // of a sensor, after it
	LogLines         []string        `json:"log_lines"` // of user code
	Count            uint32          `json:"count"`     // evaluations in a row that it stands for: all skipped for this reason, or made no run for these run keys
	LastAt           *time.Time      `json:"last_at"`   // when the last of them ended
	Late             bool            `json:"late"`      // it was made up for after its time
}

// tickRunObject is a run that a tick made.
type tickRunObject struct {
	Run       string `json:"run"`
	RunKey    string `json:"run_key"`
	Partition string `json:"partition"`
	Status    string `json:"status"` // as of runObject; empty when it was deleted
}

// schedulePreview is instants of a schedule.
type schedulePreview struct {
	Schedule string            `json:"schedule"` // as it was asked for; empty: crons alone
	Zone     string            `json:"zone"`
	Past     []previewedObject `json:"past"` // before the time or at it, oldest first
	Next     []previewedObject `json:"next"` // after it
	Problems []problemObject   `json:"problems"`
}

// previewedObject is one of the instants.
type previewedObject struct {
	At   *time.Time  `json:"at"`
	Wall string      `json:"wall"` // on the clock of the zone
	Note string      `json:"note"` // what is odd about it, where the clock is moved
	Tick *tickObject `json:"tick"` // what became of it; null when it is to come, or nothing is stored
}

// tickTest is what a tick would be. Nothing was launched, and nothing stored.
type tickTest struct {
	Name            string                `json:"name"`   // as it was asked for
	Status          string                `json:"status"` // SUCCESS, SKIPPED or FAILURE
	SkipReason      string                `json:"skip_reason"`
	Error           string                `json:"error"`
	Runs            []testedRunObject     `json:"runs"` // that it would make
	Cursor          string                `json:"cursor"`
	LogLines        []string              `json:"log_lines"`
	DurationSeconds *float64              `json:"duration_seconds"`
	PartitionKeys   []partitionKeysObject `json:"partition_keys"` // of dynamic partitions that it would change
}

// testedRunObject is a run that would be made.
type testedRunObject struct {
	Job         string         `json:"job"` // of the repository, as asked for; empty: that of the schedule or sensor
	RunKey      string         `json:"run_key"`
	KnownRunKey bool           `json:"known_run_key"` // there is a run for the key: none would be made
	Partition   string         `json:"partition"`
	Tags        []tagObject    `json:"tags"`
	Preview     *previewObject `json:"preview"` // null where there is a run for the key, and behind the first 2 MiB
}

// partitionKeysObject is a change of the keys of a dimension of dynamic partitions.
type partitionKeysObject struct {
	Dimension string   `json:"dimension"`
	Add       []string `json:"add"`
	Remove    []string `json:"remove"`
}

// cursorObject is the cursor of a sensor.
type cursorObject struct {
	Name   string `json:"name"` // location/repository/sensor
	Cursor string `json:"cursor"`
}
