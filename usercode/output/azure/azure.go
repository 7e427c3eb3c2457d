// Package azure lets a binary that imports it keep outputs in Azure Blob Storage:
//
//	import _ "github.com/penstock-run/penstock/usercode/output/azure"
//
//	AZURE_STORAGE_ACCOUNT=account etl serve --outputs azblob://container/folder
//
// The account and its credentials come from the environment, as gocloud.dev/blob/azureblob says; parameters of the URL
// are those of that package.
package azure

import (
	"gocloud.dev/blob/azureblob"

	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/usercode/output/internal/blobstore"
)

func init() { output.Register(azureblob.Scheme, blobstore.Open) } //nolint:gochecknoinits // the import is the registration
