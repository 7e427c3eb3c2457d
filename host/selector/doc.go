// Package selector is the language in which runs and jobs are selected: on the runs page, by the command line, the API,
// actions on many runs, limits and retention. There is one parser and one meaning.
//
//	team=etl and not env=dev and status=failure and started>-2h
//
// An [Expr] is a condition, parsed or made by the functions of this package. [Expr.Matches] says whether it selects
// something; stores answer the same from indexes.
//
// The package knows neither runs nor jobs: what can be selected is a [Source], and the fields that it has a [Schema].
package selector
