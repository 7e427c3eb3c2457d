package main

// runList is a page of runs, newest first.
type runList struct {
	Runs       []runObject `json:"runs"`
	NextCursor string      `json:"next_cursor"` // for --cursor; empty at the end
}

// runCount is how many runs there are of each status.
type runCount struct {
	Total    uint64        `json:"total"`
	Statuses []statusCount `json:"statuses"` // those that any run has, in the order of a run's life
}

// statusCount is how many runs have a status.
type statusCount struct {
	Status string `json:"status"`
	Count  uint64 `json:"count"`
}

// jobList is all jobs, by location, repository and name.
type jobList struct {
	Jobs       []jobRow `json:"jobs"`
	NextCursor string   `json:"next_cursor"` // always empty
	// Jobs whose metadata is not shown, when --where looks at metadata: it was answered as if they had none.
	MetadataHidden uint32 `json:"metadata_hidden"`
}
