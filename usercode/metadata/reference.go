package metadata

import (
	"errors"
	"fmt"
	"math"
)

// CodeReference names a symbol in source code. Module and Symbol are required.
type CodeReference struct {
	Module        string // package or module
	Symbol        string // in the module
	File          string // optional
	Line          int    // from 1; 0 when unknown
	RepositoryURL string // of the repository, http or https; optional
}

// JobReference names a job in the host's workspace. Job is required.
type JobReference struct {
	Location   string // empty: the code location that sends it
	Repository string // empty: the repository that sends it
	Job        string
}

// Code refers to source code.
func Code(ref CodeReference) Value {
	err := func() error {
		if ref.Module == "" || ref.Symbol == "" {
			return errors.New("a code reference needs Module and Symbol")
		}
		if ref.Line < 0 || ref.Line > math.MaxInt32 {
			return fmt.Errorf("the line %d is outside 0 to %d", ref.Line, math.MaxInt32)
		}
		if ref.RepositoryURL != "" {
			if err := checkLink(ref.RepositoryURL); err != nil {
				return err
			}
		}
		return checkTexts(ref.Module, ref.Symbol, ref.File)
	}()
	if err != nil {
		return invalid(KindCode, err)
	}
	return Value{kind: KindCode, payload: ref}
}

// Job refers to another job.
func Job(ref JobReference) Value {
	if ref.Job == "" {
		return invalid(KindJob, errors.New("a job reference needs Job"))
	}
	if err := checkTexts(ref.Location, ref.Repository, ref.Job); err != nil {
		return invalid(KindJob, err)
	}
	return Value{kind: KindJob, payload: ref}
}

// Asset refers to a data asset by its key path, outermost name first.
func Asset(path ...string) Value {
	if len(path) == 0 {
		return invalid(KindAsset, errors.New("the asset's key path is empty"))
	}
	for i, part := range path {
		if part == "" {
			return invalid(KindAsset, fmt.Errorf("part %d of the asset's key path is empty", i+1))
		}
	}
	if err := checkTexts(path...); err != nil {
		return invalid(KindAsset, err)
	}
	return Value{kind: KindAsset, payload: cloneTexts(path)}
}

func checkTexts(texts ...string) error {
	for _, t := range texts {
		if err := checkText("the text", t, MaxTextBytes); err != nil {
			return err
		}
	}
	return nil
}
