package boltstore

import (
	"context"
	"errors"
	"log/slog"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// rebuildIndex makes the index of a file anew from its runs. Those that cannot be read are marked, and told in the log.
func rebuildIndex(ctx context.Context, d *database, o *Options) error {
	f, err := d.facts()
	if err != nil {
		return err
	}
	texts := newMetadataTexts(o)
	return newIndex(o).Rebuild(ctx, max(f.next.seq, 1), func(from, to uint64, add func(uint64, []tagindex.Term)) error {
		return d.view(func(tx *bbolt.Tx) error {
			return eachDocument(tx, texts, from, to, add, func(seq uint64, err error) {
				add(seq, []tagindex.Term{unreadTerm})
				o.Logger.Error("a run cannot be read; no list has it", slog.Any("error", err))
			})
		})
	}, d.db.Update)
}

// index compares the index with the runs.
func (c *fsck) index(tx *bbolt.Tx) error {
	if c.facts.format < indexFormat {
		return nil // it comes with the format
	}
	texts := newMetadataTexts(&c.o)
	var unknown []uint64
	return newIndex(&c.o).Check(c.ctx, tx, func(from, to uint64, add func(uint64, []tagindex.Term)) error {
		unknown = nil
		return eachDocument(tx, texts, from, to, add, func(seq uint64, _ error) { // told with the runs
			unknown = append(unknown, seq)
		})
	}, func(uint64, uint64) []uint64 { return unknown }, func(problem error) {
		if d, ok := errors.AsType[*tagindex.DamageError](problem); ok {
			c.record(true, []byte(d.Bucket), d.Key, d.Err)
		} else {
			c.problemf(true, "%v", problem)
		}
	})
}

// index makes it anew if it is not what the runs say.
func (r *repair) index(ctx context.Context, meta *database) error {
	wrong := 0
	c := &fsck{ctx: ctx, o: r.o, report: func(Problem) { wrong++ }}
	if err := meta.view(func(tx *bbolt.Tx) (err error) {
		if c.facts, err = readFacts(tx); err != nil {
			return err
		}
		return c.index(tx)
	}); err != nil || wrong == 0 {
		return err
	}
	if err := rebuildIndex(ctx, meta, &r.o); err != nil {
		return err
	}
	r.o.Logger.Info("the index was made anew", slog.Int("problems", wrong))
	return nil
}
