package main

// What penstock check prints with --json.

// checkObject is what a build will have on a host.
type checkObject struct {
	Verdict      string                  `json:"verdict"` // OK, REFUSED (exit code 4) or WRONG (6)
	Error        string                  `json:"error"`   // why nothing could be loaded
	Host         checkHostObject         `json:"host"`
	Server       *serverObject           `json:"server"` // what the build says of itself; null: nothing
	Jobs         []checkJobObject        `json:"jobs"`
	Automation   []checkAutomationObject `json:"automation"` // schedules and sensors that are not refused
	Capabilities []checkCapabilityObject `json:"capabilities"`
}

// checkHostObject is the host that a build was checked against.
type checkHostObject struct {
	From            string         `json:"from"` // its address, or the file with its capabilities; empty: this command's own
	Version         string         `json:"version"`
	ProtocolVersion string         `json:"protocol_version"`
	Notice          string         `json:"notice"`  // what to know of the host's word
	Refusal         *refusalObject `json:"refusal"` // when the build asks for a newer host
}

// checkJobObject is a job of a build.
type checkJobObject struct {
	Repository string   `json:"repository"`
	Job        string   `json:"job"`
	Ops        int      `json:"ops"`
	Tags       int      `json:"tags"`
	Metadata   int      `json:"metadata"` // entries
	Errors     []string `json:"errors"`
	Warnings   []string `json:"warnings"`
}

// checkAutomationObject is a schedule or sensor of a build.
type checkAutomationObject struct {
	Kind       string   `json:"kind"`
	Repository string   `json:"repository"`
	Name       string   `json:"name"`
	Errors     []string `json:"errors"`
}

// checkCapabilityObject is what the host will say of one capability.
type checkCapabilityObject struct {
	Capability string              `json:"capability"`
	State      string              `json:"state"`   // SHOWN or REFUSED
	UsedBy     *int                `json:"used_by"` // jobs, schedules or sensors; null when this command cannot tell
	Refusal    *refusalObject      `json:"refusal"`
	Notices    []checkNoticeObject `json:"notices"`
}

// checkNoticeObject is something to know of an allowed capability.
type checkNoticeObject struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}
