package metadata

// Limits. A value at its limit is fine; one more is an error that names the limit.
const (
	// MaxEntries is how many entries a list may have.
	MaxEntries = 256
	// MaxKeyBytes is how long a key may be.
	MaxKeyBytes = 256
	// MaxTextBytes is how long a text, a path or the digits of an int may be; also each text inside a table or reference.
	MaxTextBytes = 64 << 10
	// MaxMarkdownBytes is how long a markdown source may be.
	MaxMarkdownBytes = 256 << 10
	// MaxJSONBytes is how long a JSON text may be, also that of an unknown kind.
	MaxJSONBytes = 1 << 20
	// MaxURLBytes is how long a URL may be.
	MaxURLBytes = 2048
	// MaxTableCells is how many cells a table may have, rows times columns.
	MaxTableCells = 10_000
	// MaxFallbackBytes is how long the fallback text of an unknown kind may be.
	MaxFallbackBytes = 4 << 10
	// MaxTotalBytes is how much the keys and values of one list may hold together.
	MaxTotalBytes = 2 << 20

	maxKindBytes = 64
)
