package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// historySlice is how many rows of history one write changes, but for the rest of a job, so that other writes need not
// wait long.
const historySlice = 5000

// advance is what changes in the history of a location's jobs.
type advance struct {
	// rows are those to write, sorted; one without a value is to be removed. reports are the bodies that rows name.
	rows    []record
	reports []record
}

// cut takes a slice off when there is more than one. The rows of a job stay together.
func (a *advance) cut() (slice advance, ok bool) {
	n := historySlice
	for n < len(a.rows) && bytes.Equal(jobOfPeriod(a.rows[n].key), jobOfPeriod(a.rows[n-1].key)) {
		n++
	}
	if n >= len(a.rows) {
		return advance{}, false
	}
	slice = advance{rows: a.rows[:n], reports: a.reports}
	a.rows, a.reports = a.rows[n:], nil
	return slice, true
}

func (a *advance) size() int { return sizeOf(a.rows) + sizeOf(a.reports) }

// advanceHistory compares the jobs of a location with their current periods. The location must be locked: what it
// finds must still hold when it is written.
func (s *Store) advanceHistory(ctx context.Context, l *host.KnownLocation) (advance, error) {
	p := advancing{location: l, report: reportOf(l), wanted: wantedPeriods(l)}
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		p.prior = s.readPrior(tx, l.Name)
		p.answered = lastAnswer(tx, p.prior, l.Name)
		return p.walk(ctx, tx)
	}); err != nil {
		return advance{}, err
	}
	slices.SortFunc(p.rows, func(a, b record) int { return bytes.Compare(a.key, b.key) })
	return p.advance, nil
}

// putHistory writes what changes.
func (x *txn) putHistory(a advance) {
	for _, r := range a.rows {
		if r.value == nil {
			x.del(bucketHistory, r.key)
			continue
		}
		x.put(bucketHistory, r.key, r.value)
	}
	x.putBodies(a.reports)
}

// advancing is one advanceHistory.
type advancing struct {
	advance

	location, prior *host.KnownLocation // prior is nil when nothing was known, or cannot be read any more
	report          *storev1.PeriodReport
	answered        time.Time // when the location answered last, as far as was known
	wanted          []wantedPeriod
}

// wantedPeriod is a job as it is now.
type wantedPeriod struct {
	prefix               []byte // of its rows
	definition, metadata []byte
	entries              uint32
}

// wantedPeriods are the jobs of a location, in order of their rows.
func wantedPeriods(l *host.KnownLocation) (all []wantedPeriod) {
	for _, r := range l.Repositories {
		for i := range r.Jobs {
			j := &r.Jobs[i]
			w := wantedPeriod{
				prefix:     jobKey(host.JobName{Location: l.Name, Repository: r.Name, Job: j.Name}),
				definition: j.Definition[:], entries: j.MetadataEntries,
			}
			if j.MetadataHeld {
				w.metadata = j.Metadata[:]
			}
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b wantedPeriod) int { return bytes.Compare(a.prefix, b.prefix) })
	return all
}

func (w *wantedPeriod) is(row *storev1.JobPeriod) bool {
	return bytes.Equal(w.definition, row.DefinitionDigest) && bytes.Equal(w.metadata, row.MetadataDigest) && w.entries == row.MetadataEntries
}

// walk looks at the last row of each job that the location ever had, beside the jobs that it has now.
func (p *advancing) walk(ctx context.Context, tx *bbolt.Tx) error {
	mine := locationKey(p.location.Name)
	c := tx.Bucket(bucketHistory).Cursor()
	next := 0
	for k, _ := c.Seek(mine); bytes.HasPrefix(k, mine); {
		if err := ctx.Err(); err != nil {
			return err
		}
		prefix := bytes.Clone(jobOfPeriod(k))
		for next < len(p.wanted) && cmp.Compare(string(p.wanted[next].prefix), string(prefix)) < 0 {
			if err := p.open(&p.wanted[next], 1, time.Time{}); err != nil {
				return err
			}
			next++
		}
		var w *wantedPeriod
		if next < len(p.wanted) && bytes.Equal(p.wanted[next].prefix, prefix) {
			w = &p.wanted[next]
			next++
		}
		end := periodKey(prefix, ^uint64(0)) // no period has this number
		last, value := before(c, end)
		if err := p.step(w, last, value); err != nil {
			return err
		}
		k, _ = c.Seek(end)
	}
	for ; next < len(p.wanted); next++ {
		if err := p.open(&p.wanted[next], 1, time.Time{}); err != nil {
			return err
		}
	}
	if len(p.rows) == 0 {
		return nil
	}
	return p.keepReports(tx)
}

// step goes on from the last row of a job, which is w now, or gone.
func (p *advancing) step(w *wantedPeriod, key, value []byte) error {
	seq := seqOfPeriod(key)
	row, err := decodePeriod(key, value)
	if err != nil {
		// It stays for whoever looks at it; what comes does not depend on it.
		if w == nil {
			return nil
		}
		return p.open(w, seq+1, p.answered)
	}
	if !row.Closed {
		if w != nil && w.is(row) {
			return nil
		}
		row.Closed, row.Last = true, row.First
		if p.prior != nil {
			row.Last = reportOf(p.prior)
		}
		row.LastSeen = timeToProto(later(timeFromProto(row.FirstSeen), p.answered))
		if err := p.write(bytes.Clone(key), row); err != nil {
			return err
		}
	}
	if w == nil {
		return nil
	}
	return p.open(w, seq+1, timeFromProto(row.LastSeen))
}

// open begins a period, not before the end of the one before.
func (p *advancing) open(w *wantedPeriod, seq uint64, notBefore time.Time) error {
	if seq > maxJobPeriods {
		p.rows = append(p.rows, record{key: periodKey(w.prefix, seq-maxJobPeriods)})
	}
	return p.write(periodKey(w.prefix, seq), &storev1.JobPeriod{
		DefinitionDigest: w.definition, MetadataDigest: w.metadata, MetadataEntries: w.entries,
		First: p.report, FirstSeen: timeToProto(later(p.location.LoadedAt, notBefore)),
	})
}

func (p *advancing) write(key []byte, row *storev1.JobPeriod) error {
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(row)
	if err != nil {
		return invalid("history of %x cannot be stored: %v", key, err)
	}
	p.rows = append(p.rows, record{key: key, value: pack(key, payload)})
	return nil
}

// keepReports adds the reports that rows may name and that are not there yet.
func (p *advancing) keepReports(tx *bbolt.Tx) error {
	for _, l := range []*host.KnownLocation{p.location, p.prior} {
		if l == nil || len(l.ServerInfo) == 0 {
			continue
		}
		key := reportOf(l).ServerInfoDigest
		if tx.Bucket(bucketBodies).Get(key) == nil {
			p.reports = append(p.reports, record{key: key, value: pack(key, l.ServerInfo)})
		}
	}
	return nil
}
