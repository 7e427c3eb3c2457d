package spec

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// MinSecretBytes is how long the value of a secret must be. Shorter text occurs everywhere, so that it could not be
// kept out of logs.
const MinSecretBytes = 4

// SecretRef is a place in a config that refers to a variable of the worker's environment.
type SecretRef struct {
	Path     string // inside of the object: "password", "servers[0].token"
	Variable string
}

// LookupSecrets finds the variables that secrets in configs refer to; config is the complete object of each. The answer
// is nil when there are no secrets. The error is Problems, all that were found; no value is in it.
func LookupSecrets(configs []*Config, config map[string]json.RawMessage, lookup func(variable string) (value string, ok bool)) (map[string]string, error) {
	var values map[string]string
	var problems Problems
	for _, c := range configs {
		if c.Secrets == nil {
			continue
		}
		refs, err := c.Secrets(config[c.Name])
		if err != nil {
			problems = append(problems, Problem{Path: "config." + c.Name, Message: err.Error()})
			continue
		}
		for _, ref := range refs {
			value, set := lookup(ref.Variable)
			if wrong := wrongSecret(value, set); wrong != "" {
				problems = append(problems, Problem{
					Path:    "config." + c.Name + "." + ref.Path,
					Message: fmt.Sprintf("the environment variable %s, which it refers to, %s", ref.Variable, wrong),
				})
				continue
			}
			if values == nil {
				values = map[string]string{}
			}
			values[ref.Variable] = value
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return values, nil
}

func wrongSecret(value string, set bool) string {
	switch {
	case !set:
		return "is not set where the worker runs; set it for the user-code server, from which workers have their environment"
	case value == "":
		return "is empty; give it a value, or leave the secret out of the config"
	case len(value) < MinSecretBytes:
		return fmt.Sprintf("has fewer than %d bytes; so short a text cannot be kept out of logs", MinSecretBytes)
	}
	return ""
}

// SecretValues are the values in a map, each once.
func SecretValues(secrets map[string]string) []string {
	return slices.Compact(slices.Sorted(maps.Values(secrets)))
}
