package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/penstock-run/penstock/usercode"
)

// repository is a Git repository at one commit.
type repository struct {
	// Path as configured, Head the full hash of the commit.
	Path, Head string
}

func openRepository(ctx context.Context) (repository, error) {
	c := report.From(ctx)
	if err := c.check(); err != nil {
		return repository{}, err
	}
	return resolveHead(ctx, c.Repository)
}

// resolveHead finds the commit at HEAD, so that all that a run reads is of one moment.
func resolveHead(ctx context.Context, path string) (repository, error) {
	r := repository{Path: path, Head: "HEAD"}
	err := r.git(ctx, '\n', func(line string) error {
		r.Head = line
		return nil
	}, "rev-parse", "--verify", "HEAD^{commit}")
	if err != nil {
		return r, fmt.Errorf("find the last commit of %q: %w", path, err)
	}
	usercode.Log(ctx).Info("opened the repository", "path", r.Path, "head", r.Head)
	return r, nil
}

// git runs a git command and gives each of its answer's parts, which end in
// delimiter, to each. Git speaks as if it had no user settings.
func (r repository) git(ctx context.Context, delimiter byte, each func(part string) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends git when each fails
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", r.Path, "-c", "core.quotepath=off", "--no-pager"}, args...)...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C", "TZ=UTC")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run git: %w", err)
	}
	readErr := readParts(out, delimiter, each)
	if readErr != nil {
		cancel()
	}
	waitErr := cmd.Wait()
	switch {
	case readErr != nil:
		return readErr
	case waitErr != nil:
		return errors.Join(fmt.Errorf("git %s: %w", args[0], waitErr), errors.New(strings.TrimSpace(stderr.String())))
	default:
		return nil
	}
}

func readParts(r io.Reader, delimiter byte, each func(part string) error) error {
	in := bufio.NewReader(r)
	for {
		part, err := in.ReadString(delimiter)
		if part = strings.TrimSuffix(part, string(delimiter)); part != "" {
			if err := each(part); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
