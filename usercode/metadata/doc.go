// Package metadata holds the values that people attach to job definitions (and later to outputs and events) for
// other people to read: an owner, a link to documents, the git hash of a definition. Metadata never steers a run
// and never reaches one by itself; for that, see package tag.
//
// There is one constructor for each [Kind]:
//
//	metadata.URL("https://docs.example.com/etl")
//	metadata.Markdown("# Runbook\n…")
//	metadata.Table(metadata.Schema{Columns: …}, metadata.Row{"orders", 1200}, metadata.Row{"refunds", nil})
//
// Plain Go values do as well where [Of] knows them: strings, booleans, numbers, nil, times, parsed URLs, JSON-like
// maps and lists. [FromMap] converts a whole map, sorted by key; [List] is the ordered form.
//
// Constructors never fail and never panic. Bad input (a javascript: URL, text that is too long) makes a Value that
// holds no payload but an error: [Value.Err] answers it, and [List.Validate] reports it together with everything
// else that is wrong with the list.
//
// Readers switch on [Value.Kind] and take the payload with the accessor of that kind. A kind that is newer than
// the reader arrives as [Unknown] and keeps its bytes.
//
// The package is shared by user code and host and imports only the standard library.
package metadata
