// Package jobdiff says what is different between two snapshots of a job, for people.
//
// It works on decoded definitions and knows nothing of stores, locations or the version gate: who calls it gives metadata
// only when the gate shows that of both sides, so that what is refused never looks removed. What it answers is
// deterministic: the sections in the order of their constants, then by path; and bounded, however large the job is.
//
// The order of lists whose order means nothing (metadata, tags, nodes, ports) is not a change. Neither is what a host
// does not know: two definitions with other digests can be without a difference here.
package jobdiff
