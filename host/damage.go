package host

import (
	"errors"
	"fmt"
)

// ReasonDamaged is the reason of errors of records, or files of a store, that cannot be read.
const ReasonDamaged = "STORE_DAMAGED"

// Damage is the error that comes beside results of a Store when records cannot be read: one for each. The results lack
// these, and are all that there is otherwise.
type Damage []error

// maxDamageTold is how many records the text of a Damage names.
const maxDamageTold = 5

// Error names the first few records.
func (d Damage) Error() string {
	text := errors.Join(d[:min(len(d), maxDamageTold)]...).Error()
	if more := len(d) - maxDamageTold; more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return text
}

// Unwrap gives each error to errors.Is and errors.As.
func (d Damage) Unwrap() []error { return d }

// AsError is d as an error, nil when nothing is damaged.
func (d Damage) AsError() error {
	if len(d) == 0 {
		return nil
	}
	return d
}

// DamageIn parts err into the damage that results came beside, and what else went wrong: when that is nil the results can
// be used.
func DamageIn(err error) (damage Damage, other error) {
	if d, ok := errors.AsType[Damage](err); ok {
		return d, nil
	}
	return nil, err
}
