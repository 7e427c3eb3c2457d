package launch

import (
	"crypto/sha256"
	"sync"
)

// schemaCache keeps compiled schemas by the digest of their text, those that
// cannot be compiled too. Its methods may be called concurrently.
type schemaCache struct {
	recent *recent[[sha256.Size]byte, *cachedSchema]
}

type cachedSchema struct {
	once   sync.Once
	schema *schema
	err    error
}

func newSchemaCache() *schemaCache {
	return &schemaCache{newRecent[[sha256.Size]byte, *cachedSchema](maxCachedSchemas, maxCachedSchemaBytes)}
}

// get compiles a schema, once for all who ask at the same time. Empty text is the schema of no config at all.
func (c *schemaCache) get(text []byte) (*schema, error) {
	if len(text) == 0 {
		return &schema{}, nil
	}
	entry := c.recent.get(sha256.Sum256(text), len(text), func() *cachedSchema { return &cachedSchema{} })
	entry.once.Do(func() { entry.schema, entry.err = compileSchema(text) })
	return entry.schema, entry.err
}
