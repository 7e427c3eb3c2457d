package usertest

import (
	"fmt"
	"os"
	"sync"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// testSecrets are the values that tests of this process made secrets of, by the variables that these refer to.
var testSecrets = struct {
	mu     sync.Mutex
	values map[string]string
}{values: map[string]string{}}

// Secret is a secret with the value, for Options.Config and for functions that take a config:
//
//	Config: map[string]any{"db": DBConfig{Host: "localhost", Password: usertest.Secret("hunter2")}}
//
// The value is masked in the Result as it would be in a run. A secret that refers to a variable of the environment works
// as well: testing.T has Setenv for it.
func Secret(value string) usercode.Secret {
	testSecrets.mu.Lock()
	defer testSecrets.mu.Unlock()
	variable := ""
	for name, known := range testSecrets.values {
		if known == value {
			variable = name
		}
	}
	if variable == "" {
		variable = fmt.Sprintf("USERTEST_SECRET_%d", len(testSecrets.values)+1)
		testSecrets.values[variable] = value
	}
	return spec.GetInternals().Secret(variable, value).(usercode.Secret)
}

func lookupEnv(variable string) (string, bool) {
	testSecrets.mu.Lock()
	defer testSecrets.mu.Unlock()
	if value, ok := testSecrets.values[variable]; ok {
		return value, true
	}
	return os.LookupEnv(variable) //nolint:forbidigo // a test's environment is the worker's
}
