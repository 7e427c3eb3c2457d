// Package backfill launches the runs of backfills, follows them until they have ended, and cancels or retries them.
//
// # How a backfill goes on
//
// Each backfill that has not ended has a goroutine of its own. It launches runs in the order of the partitions, so many at
// a time that at most MaxOpenRuns of its runs are not final. How many those are is never counted up and down: it is how
// many runs there are, which the store and the feed tell.
//
// The run of a partition is launched by a request that is made of the backfill's id, its round and the place of the
// partition. So whoever finds a backfill after a kill at any moment finds the runs that it has by these requests, and
// launches what is left: every partition gets one run a round. How far a backfill is need not be stored with each
// launch, therefore, but now and then: each write of a backfill with many partitions is long.
//
// The newest run of a partition is the last of its automatic retries. Those do not have the tag of the backfill, for a
// child is launched by whoever executes the run again; they are found by the request that each run's retry has. A backfill
// has ended when the newest run of each partition is final and none of them is to be retried by itself.
//
// # Trouble
//
// A partition that cannot be launched is refused: that is remembered, and the backfill goes on. When nothing can be
// launched, because the location does not answer, the store takes no writes, or for any other reason that is not about
// one partition, the backfill waits, longer each time, says why, and tries again. A job that is gone, or has no partitions
// any more, refuses all that is left.
//
// # Rounds
//
// A retry is another round of a backfill that has ended: it launches the partitions whose newest run did not end well, those
// that were refused, and those that were never launched because the backfill was canceled.
package backfill
