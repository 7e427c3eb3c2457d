package diagnose

import "time"

// Offline looks at a data directory whose host does not run. inspect reads what the store says of itself without
// writing; its error is what is wrong with it.
func Offline(directory string, now time.Time, measure func(string) (Space, error), inspect func(string) (StoreFacts, error)) []Check {
	f, err := inspect(directory)
	if err != nil {
		return sorted([]Check{disk(directory, measure), storeError(err)})
	}
	return sorted(append([]Check{disk(directory, measure), storeSize(f)}, newest(f, now)...))
}
