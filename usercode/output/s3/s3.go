// Package s3 lets a binary that imports it keep outputs in Amazon S3, or in what speaks its protocol:
//
//	import _ "github.com/penstock-run/penstock/usercode/output/s3"
//
//	etl serve --outputs 's3://bucket/folder?region=eu-central-1'
//
// Credentials are those that the AWS SDK finds: environment, shared files, the instance's role. Parameters of the URL
// are those of gocloud.dev/blob/s3blob, such as region, endpoint and use_path_style.
package s3

import (
	"gocloud.dev/blob/s3blob"

	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/usercode/output/internal/blobstore"
)

func init() { output.Register(s3blob.Scheme, blobstore.Open) } //nolint:gochecknoinits // the import is the registration
