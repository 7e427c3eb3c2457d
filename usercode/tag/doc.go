// Package tag holds the tags that runs carry, are found by and are steered by: their keys and values, the rule that
// they obey, where they come from, and how layers of them merge.
//
// There is one rule, and everyone applies the same function: user code to its definitions, the host to launches,
// edits and whatever a schedule asks for. [FromAny] converts a Go map and applies it, [Validate] applies it to a
// list. Both answer everything that is wrong at once, as [Problems].
//
// A key is an optional namespace and a slash, then a name: env, team.example/env. Keys under penstock/ belong to
// the system; a user may set those that steer a run, such as [KeyPriority], and their values are checked when they
// are set, never silently replaced later.
//
// Tags of a run come in layers: of the definition, of the launch, of the system. [Merge] decides by [Origin] which
// one stays. System tags are made with [System], which cleans what it is given instead of refusing it.
//
// The package also holds the rule for names of definitions, see [CheckName].
//
// It is shared by user code and host and imports only the standard library.
package tag
