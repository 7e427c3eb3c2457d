package tag

import (
	"errors"
	"fmt"
	"strings"
)

// CheckName is the rule for names of jobs, graphs, ops, schedules, sensors and partition dimensions, which become
// parts of tags, selections and paths: a letter or underscore, then letters, digits and underscores, 1-63 in all.
// The error quotes the name and says the rule.
func CheckName(name string) error {
	return checkName(name, "", "letters, digits and _")
}

// CheckLocationName is the rule for names of code locations and repositories: that of CheckName, and after the first
// character also - and a dot.
func CheckLocationName(name string) error {
	return checkName(name, "-.", "letters, digits and _ - .")
}

func checkName(name, extra, allowed string) error {
	if name == "" {
		return errors.New("the name is empty")
	}
	if len(name) > MaxPartBytes {
		return fmt.Errorf("the name %s has %d bytes; the limit is %d", quote(name), len(name), MaxPartBytes)
	}
	for i, r := range name {
		if i == 0 && !letter(r) && r != '_' {
			return fmt.Errorf("the name %s starts with %q; start with a letter or _", quote(name), r)
		}
		if !alphanumeric(r) && r != '_' && !strings.ContainsRune(extra, r) {
			return fmt.Errorf("the name %s holds %q; use %s", quote(name), r, allowed)
		}
	}
	return nil
}
