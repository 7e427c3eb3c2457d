// Package opselection reads the text that selects ops of a job, and prints it
// in one form. What it selects is for host.OpGraph to say; nothing here knows a
// job.
//
//	selection = clause { "," clause } .
//	clause    = all-of { "or" all-of } .
//	all-of    = factor { "and" factor } .
//	factor    = "not" factor | around .
//	around    = [ up ] operand [ down ] | "*" .
//	up        = "*" | "+" { "+" } | number "+" .
//	down      = "*" | "+" { "+" } | "+" number .
//	operand   = path | "name" ":" pattern | function "(" [ selection ] ")" | "(" selection ")" .
//	function  = "roots" | "sinks" .
//	pattern   = `"` characters of a pattern `"` | characters of a pattern .
//
// Space between the parts means nothing. A path is what stands between space and
// the signs above; one instance of a mapped op is "parse[key]". The characters of a
// pattern are letters, digits, "_", ".", "*" and brackets, with brackets also "-". The
// words and, or and not may be in capitals; alone between commas or parentheses,
// with signs at most, they are the paths of ops that are called so, as they were
// before there were operators.
package opselection
