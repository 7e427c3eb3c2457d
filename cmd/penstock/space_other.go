//go:build !linux && !darwin

package main

import (
	"errors"

	"github.com/penstock-run/penstock/host/diagnose"
)

// spaceOf is not known here.
func spaceOf(string) (diagnose.Space, error) { return diagnose.Space{}, errors.ErrUnsupported }
