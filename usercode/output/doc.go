// Package output keeps what ops return, so that a later run can go on from it.
//
// A worker encodes the output of each op that ended well with the [Codec] of its type, and stores the bytes in the
// [Store] of its user-code server: a directory on the local disk, or a bucket. JSON is the codec of every type for
// which no other was registered:
//
//	func init() { output.RegisterCodec[*Table](parquetCodec{}) }
//
// The store is chosen when the server starts, by one URL. Directories need nothing; a bucket needs its driver, which
// the binary links when it imports it:
//
//	import _ "github.com/penstock-run/penstock/usercode/output/s3" // then: etl serve --outputs s3://bucket/prefix
//
// What an op returns has to survive its codec. JSON leaves out unexported fields and knows no functions, channels,
// cycles or numbers such as NaN; what it cannot encode is not stored, which does not fail the op.
package output
