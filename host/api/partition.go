package api

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

const (
	// defaultPartitionPage and maxPartitionPage are how many keys a page has.
	defaultPartitionPage = 100
	maxPartitionPage     = 10_000
	// maxGridKeys is how many partitions a grid has.
	maxGridKeys = 500
	// maxChangedKeys is how many keys are added and removed at a time.
	maxChangedKeys = 10_000
)

// partitionService serves PartitionService.
type partitionService struct {
	s    *Server
	runs runService
}

var _ hostv1connect.PartitionServiceHandler = partitionService{}

// ListPartitions pages through the keys of a job's partitions.
func (p partitionService) ListPartitions(ctx context.Context, req *hostv1.ListPartitionsRequest) (*hostv1.ListPartitionsResponse, error) {
	size, err := sizeUpTo(req.GetPageSize(), defaultPartitionPage, maxPartitionPage)
	if err != nil {
		return nil, err
	}
	job, err := p.s.o.Workspace.FindJob(req.GetJob())
	if err != nil {
		return nil, err
	}
	if refusal := job.PartitionsRefusal(); refusal != nil {
		return &hostv1.ListPartitionsResponse{Refusal: refusalToWire(refusal)}, nil
	}
	partitions, err := job.Partitions()
	if err != nil || partitions == nil {
		return &hostv1.ListPartitionsResponse{}, err
	}
	set, err := p.s.o.Partitions.Of(job.Name, partitions)
	if err != nil {
		return nil, err
	}
	page, err := set.Page(ctx, partition.PageRequest{
		Dimension: req.GetDimension(), Prefix: req.GetPrefix(), NewestFirst: req.GetNewestFirst(), Limit: size, Cursor: req.GetPageCursor(),
	})
	if err != nil {
		return nil, err
	}
	def, err := job.Proto()
	if err != nil {
		return nil, err
	}
	out := &hostv1.ListPartitionsResponse{Definition: def.GetPartitions(), Total: uint64(page.Total), NextCursor: page.Next}
	for _, k := range page.Keys {
		out.Keys = append(out.Keys, &hostv1.PartitionKey{Key: k.Key, Start: timeToWire(k.Start), End: timeToWire(k.End)})
	}
	return out, nil
}

// ChangePartitionKeys adds and removes keys of a dynamic dimension.
func (p partitionService) ChangePartitionKeys(ctx context.Context, req *hostv1.ChangePartitionKeysRequest) (*hostv1.ChangePartitionKeysResponse, error) {
	if n := len(req.GetAdd()) + len(req.GetRemove()); n > maxChangedKeys {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "PARTITION_KEYS",
			Message: fmt.Sprintf("%d keys are to be added and removed; at most %d are allowed at a time", n, maxChangedKeys),
			Remedy:  "change them in several calls",
		}
	}
	job, err := p.s.o.Workspace.FindJob(req.GetJob())
	if err != nil {
		return nil, err
	}
	partitions, err := job.Partitions()
	if err != nil {
		return nil, err
	}
	dimension, err := dynamicDimension(job.Name, partitions, req.GetDimension())
	if err != nil {
		return nil, err
	}
	change := host.PartitionKeysChange{
		Name: host.DynamicName{Location: job.Name.Location, Repository: job.Name.Repository, Dimension: dimension},
		Add:  req.GetAdd(), Remove: req.GetRemove(),
	}
	added, removed, total, err := p.s.o.Store.ChangePartitionKeys(ctx, change)
	if err != nil {
		return nil, err
	}
	p.s.o.Logger.InfoContext(ctx, "keys of partitions were changed", "job", job.Name, "dimension", dimension, "added", added, "removed", removed)
	return &hostv1.ChangePartitionKeysResponse{Added: uint32(added), Removed: uint32(removed), Total: uint32(total)}, nil
}

// dynamicDimension is the dimension whose keys the host keeps; an empty name means the only one.
func dynamicDimension(job host.JobName, p *host.Partitions, name string) (string, error) {
	var dynamic []string
	if p != nil {
		for _, d := range p.Dimensions {
			if d.Dynamic && (name == "" || d.Name == name) {
				dynamic = append(dynamic, d.Name)
			}
		}
	}
	wrong := func(format string, args ...any) error {
		return &host.Error{
			Code: host.Invalid, Reason: "PARTITION_DIMENSION", Message: fmt.Sprintf(format, args...),
			Remedy: "keys are added to, and removed from, dynamic partitions alone; the others are as the job's code defines them",
		}
	}
	switch {
	case len(dynamic) == 1:
		return dynamic[0], nil
	case len(dynamic) > 1:
		return "", wrong("both dimensions of the partitions of job %s are dynamic, and it is not said which is meant: %s or %s", job, dynamic[0], dynamic[1])
	case p == nil:
		return "", wrong("job %s has no partitions", job)
	case name != "":
		return "", wrong("the partitions of job %s have no dynamic dimension %.80q", job, name)
	default:
		return "", wrong("the partitions of job %s are not dynamic", job)
	}
}
