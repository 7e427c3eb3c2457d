// Package boltstore is the embedded [host.Store]: one directory, no other service.
//
// # Files
//
//	STORE              identity: which store this directory holds; written when everything else is there
//	meta.db            runs, notes, bodies, requests, locations; its lock is the store's lock
//	events-000001.db   the events of workers, one file per epoch; meta.db names those that there are
//
// Both databases are bbolt files. Keys are dense numbers, so that commits append: random keys cost ten times as much.
//
//	meta.db   meta        name                              → number or text, see meta.go
//	          runs        seq                               → penstock.store.v1.Run
//	          ids         run id                            → seq
//	          open        seq                               → status, for runs that are not final
//	          notes       seq, attempt, event seq, note     → one event of the host
//	          bodies      SHA-256                           → the bytes
//	          idempotency request id                        → what it did, see below
//	          purge       seq                               → nothing; events of a deleted run that may still be there
//	          locations   location                          → penstock.store.v1.KnownLocation
//	          answered    location                          → BE64 nanoseconds of when it answered last
//	          history     location, repository, job, period → penstock.store.v1.JobPeriod
//	          retries     seq                               → nothing; runs of which an automatic retry is due
//	          outputs     location, run id                  → nothing; deleted runs that may have outputs there
//	          post        chunk of runs, kind, key, value   → which runs of the chunk have it, see package tagindex
//	          dead        chunk of runs                     → which of them are deleted
//	          index       name                              → how far chunks are sealed
//	          bulks       id of an action on many runs      → penstock.store.v1.Bulk
//	          bulk requests  request id                     → id of the action that it began
//	          alerts      rule, class, …                    → rules of alerts and their messages, see convertalert.go
//	          automations location, repository, name, kind  → penstock.store.v1.Automation, of a schedule or sensor
//	          cursors     as automations                    → penstock.store.v1.AutomationState
//	          ticks       as automations, nanoseconds       → penstock.store.v1.Tick
//	          run keys    digest of automation, run key     → seq of the run that has it, see runkey.go
//	          ended       BE64 position                     → id of a run that ended, and how, see endedrun.go
//	          partitions  location, repository, dimension, … → keys of dynamic partitions, see partition.go
//	          backfills   id of a backfill                  → penstock.store.v1.Backfill
//	          backfill partitions  id, round                → penstock.store.v1.BackfillPartitions
//	          backfill requests    request id               → id of the backfill that it began
//	events-…  meta        name                              → number or text
//	          events      seq, attempt, first event seq, 0  → penstock.store.v1.EventBatch
//
// Numbers in keys are big endian; each name in a key of several follows its length as BE16, so that no job's keys begin
// with another's. Every value starts with a CRC32C over its key and itself, which every read checks, but for lists that are
// made from other records (ids, open, purge, retries, requests of bulks and backfills); what is damaged is an error that
// names bucket and key.
// Lists and pages of runs leave it out and say so, so that one damaged run does not stop the others.
//
// # Index
//
// Runs are found by an index of their terms: tags, metadata that they were launched with, and fields, see terms.go. Package
// tagindex has it and knows nothing of runs; docs/index-design.md explains it. Terms of a run change in the transaction of
// its record: a group of writes collects them in one batch, which is written once before the commit, and changes what is in
// memory after it, before anybody is answered. The newest runs are in memory alone, and are read again at each start. When
// 65,536 are full, the writer seals them, a slice with each transaction or when nobody writes.
//
// A selector becomes a query of the index, see query.go. Where the index says too little, the records tell: the runs of the
// ten minutes in which a span of time begins and ends, texts of more than 253 bytes, values of penstock/k8s. When runs were
// created needs no term: their numbers are in that order. Every run of a page is compared with its selector, since
// what is in memory may be newer than the transaction that reads.
//
// The index is made of the runs and of nothing else, so it can be made anew at any time. Rows of it that are damaged are an
// error for whoever needs them, and nothing else stops.
//
// # Locations and history
//
// A location has one record with the digests of all that it sent last; the bodies lie in bodies, and when it answered
// last lies apart, because that changes every minute. The periods of a job are dense numbers from 1, and only the last
// one can be open: no record ends it yet. What an open period's report is now, and until when it was seen, is in the
// record of its location. So a new report alone, or a minute that passes, writes nothing per job, and a deploy writes
// the rows of the jobs that it changed. Reports, of which thousands of rows name one, lie in bodies too.
//
// Whoever replaces a location compares its jobs with the rows while nobody writes, under a lock of that location; the
// writer only gets what changes. Bodies go first, in writes of about a thousand, because their keys are random. Rows go
// with the record as long as one write can take them; of more, the first ones go before it, all of a job together. A
// crash between leaves rows of what was seen, beside the record of what was in use before; the next call finds them.
//
// # Ticks and ends of runs
//
// A tick is one transaction: its row, which is there once for an instant, its runs as CreateRun makes them, their run keys,
// changes of partition keys, and where its schedule or sensor is then. All is checked before anything is written, so that a
// tick that is refused leaves nothing and the others of the transaction stay. What people and ticks change of a schedule or
// sensor is a record of its own, cursors, since a sensor is written each time that it is evaluated.
//
// Whatever makes a run final adds its id to ended in the same transaction, since all of it goes through putRun; so does the
// end of a retry that is due. Positions are dense; each 1024th entry removes as many old ones, beyond a million.
//
// The partitions of a backfill never change and may be many, so they lie apart from what does. So do those that a round
// launches again.
//
// # Other versions
//
// A store has a format version and the least format that a reader must know. Format 2 added locations, answered and
// history. A host that knows format 1 alone may go on with such a store: it opens no bucket that it does not know, so it
// neither reads nor spoils these, and what it does to runs and bodies, which are never removed, takes nothing from them.
// The history then has a gap, whose end shows as one change, and definitions may be older than what that host saw, which
// they say. Of the runs that it writes, it drops the fields that it does not know: since when they wait for code, the
// version of their code, and what a re-pointed one was launched as. None of these is worth a host that refuses to start
// after a step back, so the minimum reader stays 1. Open makes the buckets that an older store lacks.
//
// Format 3 added retries and outputs. A host that does not know them retries no run, and leaves outputs of the runs that it
// deletes where they are. A run that it writes is none of a chain any more, and no retry of it is due; its key in retries
// then means nothing, and is passed over.
//
// Format 4 added the index. A host that does not know it would leave it behind, so the minimum reader is 4, and a store of an
// older format is brought to it when it is opened, by a copy of meta.db, see migrate.go. From here on, a run keeps the fields that a newer host wrote
// into it when this one changes it, see unknown.go.
//
// Format 5 added schedules, sensors, ticks, run keys, the order in which runs ended, dynamic partitions, backfills and
// alerts. A host that does not know them makes no ticks and sends no alerts, so it takes nothing from them: of the runs that
// end while it runs, the order lacks those, and sensors and alerts about them say nothing. That is what a step back means
// to people, too, so the minimum reader stays 4, and no copy is made.
//
// # Writing
//
// Each file has one goroutine that writes. It takes what waits, applies it in one transaction, and answers all once
// the commit is on disk: a lone client never waits for others, and many share one fsync. An operation that fails by
// its arguments, its closure or its cancelled context fails alone, before its first write.
//
// An error of a transaction as a whole leaves open whether its operations are on disk. The store then takes no more
// writes, answers STORE_OUTCOME_UNKNOWN for those and STORE_STOPPED from then on, and calls Options.OnFatal; a
// process that starts again finds each of them wholly there or not at all.
//
// # Requests
//
// Bucket idempotency keeps what a request did, in the transaction that did it. A launch is kept as the run that it made: run
// id, seq, nanoseconds. It stays as long as the run, and 7 days at least. Any other write to runs is kept as the ids of those
// that it changed, with what was asked for and when; it stays for 7 days after it last changed something.
//
// Their keys are what clients made up, so nothing is in order of age. Each 1000 runs that requests changed or that were
// deleted make a goroutine look at the next 4000 records, in slices, and remove those that are over. So what is over is
// never more than about a quarter of what is not, and nobody who writes waits for it.
//
// # Order across files
//
// Events of workers have a file of their own, so that a burst of them never delays a command. Whoever derives a
// state from events appends them first and updates the run after the answer. Notes, the host's own events, lie in
// meta.db: they are committed in the same transaction as the run that they tell of, and there is no moment at which
// a crash could part them.
//
// A note has its place after the worker's events that readers could see when it was made. While its transaction is
// under way, later events of that run are stored but not shown, and their AppendEvents waits; so a cursor that has
// passed a place never misses something that appears before it. See tail.go.
//
// # Epochs of events
//
// A file never shrinks, so events lie in epochs: when the current file is a week old or has 5 GiB, the next one begins, and
// the older ones only lose what is deleted. Record epochs of meta.db's bucket meta names them. A file is made and synced
// before it is named, and marked there before it is removed; so a named one that is missing was lost, one behind the
// current one that nobody names was never begun, and Open removes it. If such a file has events, meta.db is older than it,
// and Open refuses.
//
// New events go to the current epoch alone, so those of a long run lie in several. Nothing says in which: of an epoch that
// is not current the first and the last run are known, from its keys, and a reader looks wherever its run is between, and
// joins what it finds. That is most often one file.
//
// TidyEpochs gives room back: when less than a quarter of an epoch's bytes is wanted, what is left is copied to the current
// epoch in slices, not faster than 32 MiB a second, and the file goes. Until it is gone, events lie in both, and readers
// take each once; so a copy that was interrupted is simply begun again. It may then meet its own copies, also cut otherwise,
// because runs were merged meanwhile: what a file has it keeps, and only the rest is put between, see fitRecord. Who deletes
// runs and who copies wait for each other slice by slice, so that no copy outlives its run. An epoch is neither closed nor
// removed while a backup reads it.
//
// When a run has ended, its batches, which are as small as the silence between them was short, are merged into records of
// about 128 events, a second later and together with those of others. That happens within a file, in one transaction; a
// crash leaves either form. What is not merged, because too many wait or the process ended, stays as it is.
//
// Records of events are compressed after foldHex, which writes digests and ids in text as bytes.
//
// # Free pages
//
// A list of many free pages, as a mass delete leaves it, is not written with each commit, only at a clean end. After another
// end, Open finds the free pages by looking at all others: it reads the file from its beginning to its end first.
//
// # Copies
//
// A file that is migrated or compacted is copied record by record into one beside it, which takes its place when it is
// complete and on disk, see rewrite.go. The lock of either is held until that is done, and who gets the lock of a file that
// has lost its name gives it back.
//
// A backup is a tar file: STORE, the databases as they are at one moment, and last a manifest with their checksums. Restore
// checks all of it before anything is in place, counts up the store's generation, and lets its caller change the runs that
// were not final, so that their workers of before are denied.
//
// Fsck looks at pages without bbolt, which damage can lead astray, then at every record and at what is derived from others;
// Repair makes the latter anew. The tests end each store with it.
//
// # Limits
//
// One process per directory. A read transaction ends with the call that opened it, and long scans renew theirs,
// because bbolt cannot reuse a page that a transaction may still see.
package boltstore
