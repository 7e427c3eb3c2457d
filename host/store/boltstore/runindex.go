package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// What a transaction seals of the index. Runs whose every tag is unique have about as many terms as sealPerWrite, so that
// sealing keeps up with whoever creates them; none waits for more than sealMost.
const (
	sealLeast    = 1000
	sealPerWrite = 16
	sealMost     = 8000
)

// postings is what the transaction does to the index.
func (x *txn) postings() *tagindex.Batch {
	x.wrote = true
	if x.batch == nil {
		x.batch = x.index.Begin(x.Tx)
	}
	return x.batch
}

// finishIndex ends what the transaction of so many writes does to the index, and seals a slice when one is due.
func (x *txn) finishIndex(writes int) {
	if x.index == nil || x.err != nil {
		return
	}
	if x.index.Due() && x.room.full == nil {
		_, err := x.postings().Seal(min(max(sealLeast, sealPerWrite*writes), sealMost))
		x.changed(err)
	}
	if x.batch != nil && x.err == nil {
		x.changed(x.batch.Flush())
	}
}

// sealable tells that the index has work that needs no writes of others.
func (w *writer) sealable() bool {
	return w.index != nil && w.index.Due() && w.halt.err() == nil && w.space.room().full == nil
}

// runIndex is the index of runs by what selectors look at.
type runIndex struct {
	*tagindex.Index

	// unread are the numbers of runs whose records could not be read when they came into the index.
	unread []uint64
}

// newIndex makes an index that is to be loaded.
func newIndex(o *Options) *tagindex.Index {
	options := &tagindex.Options{Volatile: volatile}
	if o.chunkBits != 0 {
		options.WithChunkBits(o.chunkBits)
	}
	return tagindex.New(options)
}

// loadIndex reads the index of a file.
func loadIndex(d *database, o *Options, texts *metadataTexts) (x *runIndex, err error) {
	x = &runIndex{Index: newIndex(o)}
	if err := d.view(func(tx *bbolt.Tx) error {
		return x.Load(tx, func(from, to uint64, add func(uint64, []tagindex.Term)) error {
			return apart(add, func(add func(uint64, []tagindex.Term)) error {
				return eachDocument(tx, texts, from, to, add, func(seq uint64, err error) {
					add(seq, []tagindex.Term{unreadTerm})
					x.unread = append(x.unread, seq)
					o.Logger.Error("a run cannot be read; no list has it", slog.Any("error", err))
				})
			})
		}, func(add func(uint64, []tagindex.Term)) error { return eachOpen(tx, add) })
	}); err != nil {
		return nil, err
	}
	if err := d.guarded(func() error { return x.listUnread(d) }); err != nil { // who needs what is damaged is told
		o.Logger.Error("the index cannot tell which runs cannot be read", slog.Any("error", err))
	}
	return x, nil
}

// listUnread lists the runs that have unreadTerm. Asking each time would take as long as a page of many.
func (x *runIndex) listUnread(d *database) (err error) {
	v, err := x.View(d.begin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	unread, _, err := v.Page(context.Background(), tagindex.MatchTerm(unreadTerm), 0, math.MaxInt)
	if err == nil {
		x.unread = unread
	}
	return err
}

// document is a run as the index sees it.
type document struct {
	seq   uint64
	terms []tagindex.Term
}

// apart calls add in a goroutine of its own, while feed reads: each takes about half of the time.
func apart(add func(seq uint64, terms []tagindex.Term), feed func(add func(seq uint64, terms []tagindex.Term)) error) error {
	const batchLen = 512
	batches, added := make(chan []document, 4), make(chan struct{})
	go func() {
		defer close(added)
		for batch := range batches {
			for _, d := range batch {
				add(d.seq, d.terms)
			}
		}
	}()
	var batch []document
	defer func() {
		batches <- batch
		close(batches)
		<-added
	}()
	return feed(func(seq uint64, terms []tagindex.Term) {
		if batch = append(batch, document{seq: seq, terms: terms}); len(batch) == batchLen {
			batches <- batch
			batch = make([]document, 0, batchLen)
		}
	})
}

// eachDocument passes on runs with their terms, from one number to below another. Ones that cannot be read are passed to
// unread.
func eachDocument(
	tx *bbolt.Tx, texts *metadataTexts, from, to uint64, add func(seq uint64, terms []tagindex.Term), unread func(seq uint64, err error),
) error {
	c, end := tx.Bucket(bucketRuns).Cursor(), seqKey(to)
	for k, v := c.Seek(seqKey(from)); k != nil && bytes.Compare(k, end) < 0; k, v = c.Next() {
		seq, ok := seqOf(k)
		if !ok {
			return damaged(string(bucketRuns), k, fmt.Errorf("%x is not the number of a run", k))
		}
		run, err := readTermFields(k, v)
		if err != nil {
			unread(seq, err)
			continue
		}
		add(seq, termsOf(texts.source(tx, run)))
	}
	return nil
}

// eachOpen passes on what is volatile of runs that are not final.
func eachOpen(tx *bbolt.Tx, add func(seq uint64, terms []tagindex.Term)) error {
	return tx.Bucket(bucketOpen).ForEach(func(k, v []byte) error {
		seq, ok := seqOf(k)
		if !ok {
			return nil
		}
		status := host.RunStatus(v)
		if status.Final() || !slices.Contains(host.RunStatuses, status) { // it has no checksum, and what it is made from has one
			run, err := readTermFields(k, tx.Bucket(bucketRuns).Get(k))
			if err != nil {
				return nil //nolint:nilerr // fsck tells of it; a page that would have the run does, too
			}
			status = run.Status
		}
		if !status.Final() {
			add(seq, []tagindex.Term{statusTerm(status)})
		}
		return nil
	})
}
