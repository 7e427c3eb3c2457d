package main

import (
	"time"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// hostObject is a running host.
type hostObject struct {
	Version         string      `json:"version"`
	Commit          string      `json:"commit"`
	ProtocolVersion string      `json:"protocol_version"`
	Advertised      string      `json:"advertised_address"`
	DataDirectory   string      `json:"data_directory"`
	DataBytes       uint64      `json:"data_bytes"`
	StartedAt       *time.Time  `json:"started_at"`
	Queue           queueObject `json:"queue"`
	// Config is null when the host has no configuration file.
	Config *configObject `json:"config"`
}

type configObject struct {
	Path       string     `json:"path"`
	LoadedAt   *time.Time `json:"loaded_at"`
	Error      string     `json:"error"` // a problem on each line; empty when the file is in use as it is
	ErrorSince *time.Time `json:"error_since"`
}

type queueObject struct {
	MaxInProgress int32  `json:"max_in_progress"` // -1: no limit
	InProgress    uint32 `json:"in_progress"`
	Queued        uint32 `json:"queued"`
	// Limits are those beside it; left out without any.
	Limits []limitObject `json:"limits,omitempty"`
	// Pools are those of which ops take slots; left out without any.
	Pools []poolObject `json:"pools,omitempty"`
}

// poolObject is a pool of slots that ops take.
type poolObject struct {
	Name    string  `json:"name"`
	Slots   *uint32 `json:"slots"` // null: the pool is not configured, and limits nothing
	Taken   uint32  `json:"taken"`
	Waiting uint32  `json:"waiting"`
	// UnheardRuns have not said yet which slots they have, since the host was started; none is granted meanwhile.
	UnheardRuns uint32 `json:"unheard_runs"`
	// Ops are at most 100.
	Ops []poolOpObject `json:"ops"`
}

// poolOpObject is an op that has a slot, or waits for one.
type poolOpObject struct {
	RunID  string     `json:"run_id"`
	OpPath string     `json:"op_path"`
	Taken  bool       `json:"taken"`
	Since  *time.Time `json:"since"`
}

// limitObject is a limit of the queue.
type limitObject struct {
	Name       string `json:"name"`
	Where      string `json:"where,omitempty"`
	Each       string `json:"each,omitempty"` // key of the tag whose values are counted apart
	AtMost     uint32 `json:"at_most"`
	InProgress uint32 `json:"in_progress"`
	Waiting    uint32 `json:"waiting"`
}

func hostOf(h *hostv1.Host) *hostObject {
	return &hostObject{
		Version: h.GetVersion(), Commit: h.GetCommit(), ProtocolVersion: h.GetProtocolVersion(), Advertised: h.GetAdvertisedAddress(),
		DataDirectory: h.GetDataDirectory(), DataBytes: h.GetDataBytes(), StartedAt: timeOf(h.GetStartedAt()),
		Queue: queueObject{
			MaxInProgress: h.GetQueue().GetMaxInProgress(), InProgress: h.GetQueue().GetInProgress(), Queued: h.GetQueue().GetQueued(),
			Limits: limitsOf(h.GetQueue().GetLimits()), Pools: poolsOf(h.GetQueue().GetPools()),
		},
		Config: configOf(h.GetConfig()),
	}
}

func configOf(c *hostv1.ConfigFile) *configObject {
	if c == nil {
		return nil
	}
	return &configObject{Path: c.GetPath(), LoadedAt: timeOf(c.GetLoadedAt()), Error: c.GetError(), ErrorSince: timeOf(c.GetErrorSince())}
}

func limitsOf(limits []*hostv1.QueueLimit) (out []limitObject) {
	for _, l := range limits {
		out = append(out, limitObject{
			Name: l.GetName(), Where: l.GetWhere(), Each: l.GetEach(), AtMost: l.GetAtMost(), InProgress: l.GetInProgress(), Waiting: l.GetWaiting(),
		})
	}
	return out
}

func poolsOf(pools []*hostv1.Pool) (out []poolObject) {
	for _, p := range pools {
		o := poolObject{Name: p.GetName(), Slots: p.Slots, Taken: p.GetTaken(), Waiting: p.GetWaiting(), UnheardRuns: p.GetUnheardRuns(), Ops: []poolOpObject{}}
		for _, op := range p.GetOps() {
			o.Ops = append(o.Ops, poolOpObject{RunID: op.GetRunId(), OpPath: op.GetOpPath(), Taken: op.GetTaken(), Since: timeOf(op.GetSince())})
		}
		out = append(out, o)
	}
	return out
}
