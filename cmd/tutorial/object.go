package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/penstock-run/penstock/usercode"
)

// objects is the content of the repository, read by one git process for all ops of a run.
var objects = usercode.NewResource("objects", openObjects, survey,
	usercode.Description("The repository's object database, read through one `git cat-file`."))

// objectStore asks a running `git cat-file --batch`.
type objectStore struct {
	cmd *exec.Cmd

	mu  sync.Mutex // one question at a time
	in  io.WriteCloser
	out *bufio.Reader
}

func openObjects(ctx context.Context) (*objectStore, error) {
	cmd := exec.CommandContext(ctx, "git", "-C", survey.From(ctx).Repository, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run git: %w", err)
	}
	return &objectStore{cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// read returns the content of an object. When ctx ends meanwhile, so does git, for an answer that is left half read
// would be taken for that to the next question.
func (s *objectStore) read(ctx context.Context, hash string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.cmd.Process.Kill() }) // it may have ended by itself
	defer stop()
	if _, err := fmt.Fprintln(s.in, hash); err != nil {
		return nil, err
	}
	header, err := s.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("git cat-file ended: %w", err)
	}
	fields := strings.Fields(header)
	if len(fields) != 3 {
		return nil, fmt.Errorf("git cat-file answered %q", strings.TrimSpace(header))
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, fmt.Errorf("git cat-file answered %q: %w", strings.TrimSpace(header), err)
	}
	content := make([]byte, size+1) // and a line feed
	if _, err := io.ReadFull(s.out, content); err != nil {
		return nil, fmt.Errorf("git cat-file ended: %w", err)
	}
	return content[:size], nil
}

// Close ends git, which is done when it has nothing more to read.
func (s *objectStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.in.Close(), s.cmd.Wait())
}
