// Package gcs lets a binary that imports it keep outputs in Google Cloud Storage:
//
//	import _ "github.com/penstock-run/penstock/usercode/output/gcs"
//
//	etl serve --outputs gs://bucket/folder
//
// Credentials are the application default credentials. Parameters of the URL are those of gocloud.dev/blob/gcsblob.
package gcs

import (
	"gocloud.dev/blob/gcsblob"

	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/usercode/output/internal/blobstore"
)

func init() { output.Register(gcsblob.Scheme, blobstore.Open) } //nolint:gochecknoinits // the import is the registration
