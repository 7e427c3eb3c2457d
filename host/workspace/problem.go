package workspace

import "fmt"

// MetadataProblems are what is wrong with the job's metadata, so that some of
// it is not shown, or not as it was meant. None are known of what is refused.
func (j *Job) MetadataProblems() []error {
	m := &j.content.metadata
	if m.body == nil {
		return nil
	}
	entries, problems := m.decode()
	for _, e := range entries {
		if err := EntryOf(e).Value.Err(); err != nil {
			problems = append(problems, fmt.Errorf("entry%s: %w", keyText(e), err))
		}
	}
	return problems
}
