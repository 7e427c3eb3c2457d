package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// maxJobPeriods is how many periods of a job are kept.
const maxJobPeriods = 1000

// JobHistory implements host.Store.
func (s *Store) JobHistory(ctx context.Context, job host.JobName, below uint64, limit int) (page host.JobHistory, err error) {
	if err := ctx.Err(); err != nil {
		return host.JobHistory{}, err
	}
	if checkNames("location", job.Location, job.Repository, job.Job) != nil {
		return host.JobHistory{}, noHistory(job)
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		page, err = jobHistory(tx, job, below, limit)
		return err
	})
	if err != nil {
		return host.JobHistory{}, err
	}
	return page, nil
}

func noHistory(job host.JobName) error {
	return &host.Error{Code: host.NotFound, Reason: reasonNoHistory, Message: fmt.Sprintf("nothing is known of a job %.200q", job)}
}

func jobHistory(tx *bbolt.Tx, job host.JobName, below uint64, limit int) (page host.JobHistory, err error) {
	prefix := jobKey(job)
	if below == 0 {
		below = ^uint64(0)
	}
	c := tx.Bucket(bucketHistory).Cursor()
	if k, _ := c.Seek(prefix); !bytes.HasPrefix(k, prefix) {
		return page, noHistory(job)
	}
	known, err := knownOf(tx, job.Location)
	if err != nil {
		return page, err
	}
	size := 0
	k, v := before(c, periodKey(prefix, below))
	for ; bytes.HasPrefix(k, prefix); k, v = c.Prev() {
		if len(page.Periods) >= limit || size >= maxPageBytes {
			if n := len(page.Periods); n > 0 {
				page.Next = page.Periods[n-1].Seq
			}
			break
		}
		row, err := decodePeriod(k, v)
		if err != nil {
			return page, err
		}
		p, err := periodOf(tx, job, seqOfPeriod(k), row, known)
		if err != nil {
			return page, err
		}
		page.Periods = append(page.Periods, p)
		size += periodSize + len(p.First.ServerInfo) + len(p.Last.ServerInfo)
	}
	return page, nil
}

// periodSize is about how much a period takes without the reports in it.
const periodSize = 512

// periodOf puts together what a row and the location say of a period.
func periodOf(tx *bbolt.Tx, job host.JobName, seq uint64, row *storev1.JobPeriod, known *host.KnownLocation) (p host.JobPeriod, err error) {
	p = host.JobPeriod{Job: job, Seq: seq, Current: !row.Closed, FirstSeen: timeFromProto(row.FirstSeen)}
	if p.First, err = periodSnapshot(tx, row, row.First); err != nil {
		return p, err
	}
	if row.Closed {
		p.LastSeen = timeFromProto(row.LastSeen)
		p.Last, err = periodSnapshot(tx, row, row.Last)
		return p, err
	}
	p.Last, p.LastSeen = p.First, p.FirstSeen
	p.Last.ServerInfo = bytes.Clone(p.First.ServerInfo)
	if known == nil {
		return p, nil // its first record did not follow yet
	}
	p.LastSeen = later(p.FirstSeen, known.AnsweredAt)
	p.Last.ServerInfo = bytes.Clone(known.ServerInfo)
	p.Last.AllowDevVersions, p.Last.CodeVersion = known.AllowDevVersions, known.CodeVersion
	return p, nil
}

// periodSnapshot is the snapshot of a row with one of its reports.
func periodSnapshot(tx *bbolt.Tx, row *storev1.JobPeriod, report *storev1.PeriodReport) (host.Snapshot, error) {
	s := host.Snapshot{
		Definition: host.DigestFrom(row.DefinitionDigest), Metadata: host.DigestFrom(row.MetadataDigest),
		MetadataEntries: row.MetadataEntries, AllowDevVersions: report.GetAllowDevVersions(), CodeVersion: report.GetCodeVersion(),
	}
	if d := report.GetServerInfoDigest(); len(d) > 0 {
		payload, err := unpack(string(bucketBodies), d, tx.Bucket(bucketBodies).Get(d))
		if err != nil {
			return s, err
		}
		s.ServerInfo = bytes.Clone(payload)
	}
	return s, nil
}

// decodePeriod reads a record of bucket history.
func decodePeriod(key, value []byte) (*storev1.JobPeriod, error) {
	payload, err := unpack(string(bucketHistory), key, value)
	if err != nil {
		return nil, err
	}
	row := &storev1.JobPeriod{}
	if err := proto.Unmarshal(payload, row); err != nil {
		return nil, damaged(string(bucketHistory), key, err)
	}
	return row, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
