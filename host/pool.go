package host

import (
	"fmt"

	"github.com/penstock-run/penstock/usercode/tag"
)

// MaxPools is how many pools a host may have.
const MaxPools = 100

// Pool is slots that ops of all runs take while they run.
type Pool struct {
	// Name is what ops name it by.
	Name string
	// Slots is how many there are; 0 lets no op start.
	Slots int
}

// Problems is what is wrong with a pool as people write it, each with the field "name" or "slots".
func (p Pool) Problems() (problems []Problem) {
	if err := tag.CheckName(p.Name); err != nil {
		problems = append(problems, Problem{Field: "name", Message: err.Error()})
	}
	if p.Slots < 0 {
		problems = append(problems, Problem{Field: "slots", Message: fmt.Sprintf("%d slots cannot be; 0 lets no op start, and a pool that is left out limits nothing", p.Slots)})
	}
	return problems
}
