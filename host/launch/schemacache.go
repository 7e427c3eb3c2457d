package launch

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// schemaCache keeps compiled schemas by the digest of their text, those that
// cannot be compiled too. It is bounded, and what was used least recently goes first.
// The zero cache is ready. Its methods may be called concurrently.
type schemaCache struct {
	mu     sync.Mutex
	bytes  int
	recent list.List // of *cachedSchema, the newest use in front
	index  map[[sha256.Size]byte]*list.Element
}

type cachedSchema struct {
	digest [sha256.Size]byte
	size   int
	once   sync.Once
	schema *schema
	err    error
}

// get compiles a schema, once for all who ask at the same time. Empty text is the schema of no config at all.
func (c *schemaCache) get(text []byte) (*schema, error) {
	if len(text) == 0 {
		return &schema{}, nil
	}
	if len(text) > MaxSchemaBytes {
		return compileSchema(text) // refused without a look at it
	}
	entry := c.entry(text)
	entry.once.Do(func() { entry.schema, entry.err = compileSchema(text) })
	return entry.schema, entry.err
}

func (c *schemaCache) entry(text []byte) *cachedSchema {
	digest := sha256.Sum256(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.index[digest]; e != nil {
		c.recent.MoveToFront(e)
		return e.Value.(*cachedSchema)
	}
	if c.index == nil {
		c.index = map[[sha256.Size]byte]*list.Element{}
	}
	entry := &cachedSchema{digest: digest, size: len(text)}
	c.index[digest] = c.recent.PushFront(entry)
	c.bytes += entry.size
	for c.recent.Len() > maxCachedSchemas || c.bytes > maxCachedSchemaBytes {
		oldest := c.recent.Remove(c.recent.Back()).(*cachedSchema)
		delete(c.index, oldest.digest)
		c.bytes -= oldest.size
	}
	return entry
}
