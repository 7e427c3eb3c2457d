package tag

import (
	"fmt"
	"strings"
)

const keyRule = "a key is an optional namespace and a slash, then a name"

// checkKey is the grammar of keys: [namespace/]name.
func checkKey(key string) error {
	if key == "" {
		return fmt.Errorf("the key is empty; %s", keyRule)
	}
	namespace, name, slash := strings.Cut(key, "/")
	if !slash {
		return checkPart("name", key)
	}
	if strings.Contains(name, "/") {
		return fmt.Errorf("%s; this one has more than one slash", keyRule)
	}
	if err := checkPart("namespace", namespace); err != nil {
		return err
	}
	return checkPart("name", name)
}

func checkPart(what, part string) error {
	if part == "" {
		return fmt.Errorf("its %s is empty; %s", what, keyRule)
	}
	if len(part) > MaxPartBytes {
		return fmt.Errorf("its %s has %d bytes; the limit is %d", what, len(part), MaxPartBytes)
	}
	for _, r := range part {
		if !alphanumeric(r) && r != '_' && r != '.' && r != '-' {
			return fmt.Errorf("its %s holds %q; use A-Z a-z 0-9 _ . -", what, r)
		}
	}
	for _, end := range []byte{part[0], part[len(part)-1]} {
		if !alphanumeric(rune(end)) {
			return fmt.Errorf("its %s starts or ends with %q; it must start and end with a letter or digit", what, end)
		}
	}
	return nil
}

func alphanumeric(r rune) bool { return letter(r) || '0' <= r && r <= '9' }

func letter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
