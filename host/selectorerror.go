package host

import (
	"errors"

	"github.com/penstock-run/penstock/host/selector"
)

// ReasonSelector is the reason of errors of texts that are no selectors.
const ReasonSelector = "SELECTOR"

// SelectorError makes of what selector.Parse found wrong with a part of a request an error for people: Invalid, with each
// problem at its column. Other errors, and nil, are passed on.
func SelectorError(field string, err error) error {
	wrong, ok := errors.AsType[*selector.Error](err)
	if !ok {
		return err
	}
	e := &Error{
		Code: Invalid, Reason: ReasonSelector, Message: "this is not a selector",
		Remedy: `correct it, for example as team=etl and status=failure; docs/selectors.md describes the language`,
	}
	for _, p := range wrong.Problems {
		e.Problems = append(e.Problems, Problem{Field: field, Column: p.Column, Message: p.String()})
	}
	return e
}

// ProblemsOf are the problems of the first *Error in err's chain.
func ProblemsOf(err error) []Problem {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Problems
	}
	return nil
}
