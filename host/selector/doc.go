// Package selector is the language in which runs and jobs are selected: on the runs page, by the command line, the API,
// actions on many runs, limits and retention. There is one parser and one meaning.
//
//	team=etl and not env=dev and status=failure and started>-2h
//
// An [Expr] is a condition, parsed or made by the functions of this package. [Expr.Matches] says whether it selects
// something; stores answer the same from indexes. [Expr.String] is its text, which [Parse] makes the same Expr of.
// [Complete] says what may stand where somebody types.
//
// The package knows neither runs nor jobs: what can be selected is a [Source], and the fields that it has a [Schema].
// It asks nobody, unless [Options] say whom, so a text can be read where there is no store.
//
// docs/selectors.md describes the language for people.
package selector
