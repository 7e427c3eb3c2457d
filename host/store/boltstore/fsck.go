package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/penstock-run/penstock/host"
)

// Problem is something that is wrong with a store.
type Problem struct {
	// File is its name, Message says what is wrong.
	File, Message string
	// Mendable tells that Repair can make right what is wrong, from records that are sound.
	Mendable bool
}

// Checked is what Fsck looked at.
type Checked struct {
	// Format is the version of the layout; an index is there from 4 on.
	Format uint64
	// Files, Runs and Records are how many there are.
	Files, Runs, Records uint64
	// Problems is how many were reported, Mendable how many of these can be made right.
	Problems, Mendable int
	// Unreadable tells that pages of a file cannot be trusted. Nothing in the store can be made right then.
	Unreadable bool
}

// Fsck looks at all that is in the store in dir and calls report for each thing that is wrong, without changing anything.
// No host may have the store meanwhile. The error is why it could not look: STORE_LOCKED, STORE_TOO_NEW, NotFound when dir
// holds no store, or that of ctx. options may be nil; without MetadataTexts the index is compared without metadata.
func Fsck(ctx context.Context, dir string, options *Options, report func(Problem)) (Checked, error) {
	c := &fsck{ctx: ctx, dir: dir, o: options.orDefaults(), report: report}
	err := c.run()
	if errors.Is(err, berrors.ErrTimeout) {
		err = locked(dir, err)
	}
	if err != nil {
		return c.checked, fmt.Errorf("check store %s: %w", dir, err)
	}
	return c.checked, nil
}

// fsck is one call of Fsck.
type fsck struct {
	ctx     context.Context //nolint:containedctx // it ends with the call
	dir     string
	o       Options
	report  func(Problem)
	checked Checked
	// file is the one that is looked at.
	file string
	// facts are those of meta.db.
	facts facts
	// runs are the numbers of runs whose records are there; damaged ones count.
	runs numbers
	// purged are runs whose events are about to be removed.
	purged numbers
}

func (c *fsck) problemf(mendable bool, format string, args ...any) {
	c.checked.Problems++
	if mendable {
		c.checked.Mendable++
	}
	c.report(Problem{File: c.file, Message: fmt.Sprintf(format, args...), Mendable: mendable})
}

// record reports what is wrong with a record; the remedies of errors are for hosts.
func (c *fsck) record(mendable bool, bucket, key []byte, cause error) {
	if e, ok := errors.AsType[*host.Error](cause); ok && e.Err != nil {
		cause = e.Err
	}
	c.problemf(mendable, "record %x of bucket %s: %v", key, bucket, cause)
}

func (c *fsck) run() error {
	if err := noStore(c.dir); err != nil {
		return err
	}
	c.file = identityName
	id, err := readIdentity(c.dir)
	switch {
	case err != nil:
		c.problemf(false, "%v; move it away, and --repair makes it anew", cause(err))
	case id == "":
		c.problemf(true, "it is missing; it says which store the directory holds")
	}
	if err := c.open(metaName, func(tx *bbolt.Tx) error {
		if c.facts, err = readFacts(tx); err != nil {
			return err
		}
		if err := c.facts.tooNew(filepath.Join(c.dir, metaName)); err != nil {
			return err
		}
		c.checked.Format = c.facts.format
		if id != "" && c.facts.format == 0 {
			c.problemf(false, "%v", errNoFormat)
		}
		if id != "" && c.facts.store != id {
			c.problemf(false, "it belongs to store %.64q, and %s names %.64q", c.facts.store, identityName, id)
		}
		return c.meta(tx)
	}); err != nil {
		return err
	}
	if c.facts.format == 0 {
		return nil // what belongs to it is not known
	}
	for _, n := range c.facts.epochs {
		if n.going {
			continue
		}
		if err := c.open(eventsName(n.number), func(tx *bbolt.Tx) error { return c.events(tx, n.number) }); err != nil {
			return err
		}
	}
	return c.stray()
}

// stray tells of files of events that belong to the store and are not in use, so that no host starts with them.
func (c *fsck) stray() error {
	unnamed, err := unnamedEpochs(c.dir, c.facts.epochs)
	if err != nil {
		return err
	}
	for _, number := range unnamed {
		c.file = eventsName(number)
		err := strayEpoch(filepath.Join(c.dir, c.file), number, c.facts)
		if errors.Is(err, berrors.ErrTimeout) {
			return err
		}
		if err != nil {
			c.problemf(false, "%v", cause(err))
		}
	}
	return nil
}

// cause is what a damage is about, without its file.
func cause(err error) error {
	if e, ok := errors.AsType[*host.Error](err); ok && e.Err != nil {
		return e.Err
	}
	return err
}

// noStore is the error of a directory that holds nothing of a store.
func noStore(dir string) error {
	names, err := namesIn(dir, func(name string) bool {
		return name == identityName || name == metaName || name == metaName+suffixOld
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(names) == 0 {
		return storeNotFound(dir)
	}
	return nil
}

// open looks at the pages of a file, and lets read look at its records if these are sound.
func (c *fsck) open(name string, read func(*bbolt.Tx) error) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	c.file = name
	c.checked.Files++
	path := present(filepath.Join(c.dir, name))
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		c.problemf(false, "it is missing or empty")
		c.checked.Unreadable = true
		return nil
	}
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	// bbolt has the lock from here on. It opens what has one meta page that is sound.
	db, opening := guardedOpen(path, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if errors.Is(opening, berrors.ErrTimeout) {
		return opening
	}
	if opening == nil {
		defer func() { _ = db.Close() }() // as above
	}
	before := c.checked.Problems
	m, damage := readMetaPages(file)
	for i, wrong := range damage {
		if wrong != nil {
			// The next commit writes the damaged one of two.
			text, mendable := "meta page %d: %v", damage[1-i] == nil
			if mendable {
				text += "; the other one has what was there at most one write before"
			}
			c.problemf(mendable, text, i, wrong)
		}
	}
	if damage[0] != nil && damage[1] != nil {
		c.checked.Unreadable = true
		return nil
	}
	if size := int64(m.pages) * int64(m.pageSize); info.Size() < size {
		c.problemf(false, "it has %d bytes of %d", info.Size(), size)
		c.checked.Unreadable = true
		return nil
	}
	mended := c.checked.Problems
	walkPages(file, m, func(err error) { c.problemf(false, "%v", err) })
	if c.checked.Problems > mended {
		c.checked.Unreadable = true
		return nil // bbolt would trip over them
	}
	if opening != nil {
		c.checked.Unreadable = true
		if c.checked.Problems == before {
			c.problemf(false, "%v", opening)
		}
		return nil
	}
	d := &database{db: db, path: path}
	err = d.view(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			c.problemf(false, "%v", err)
			c.checked.Unreadable = true
		}
		return read(tx)
	})
	if host.ReasonOf(err) == host.ReasonDamaged {
		c.problemf(false, "%v", cause(err))
		return nil
	}
	return err
}
