package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres is a server of our own, which ends with the benchmark.
type postgres struct {
	cmd  *exec.Cmd
	conn *pgx.Conn
	dir  string
}

// settings are those of a tuned server on a machine like ours; fsync stays on.
var settings = map[string]string{
	"listen_addresses": "", "max_connections": "10", "shared_buffers": "2GB", "effective_cache_size": "8GB",
	"work_mem": "64MB", "maintenance_work_mem": "1GB", "random_page_cost": "1.1", "jit": "off", "max_wal_size": "8GB",
	"checkpoint_timeout": "30min", "plan_cache_mode": "force_custom_plan",
}

// program finds a program of PostgreSQL, which distributions put beside the path.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%s is not installed: install the package postgresql, or use -postgres=false", name)
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

// startPostgres makes a database in dir and starts a server on a socket there.
func startPostgres(ctx context.Context, dir string) (_ *postgres, err error) {
	initdb, err1 := program("initdb")
	server, err2 := program("postgres")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	as, err := serverUser(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	setUp := exec.CommandContext(ctx, initdb, "-D", data, "-U", "bench", "--auth=trust", "-E", "UTF8", "--locale=C")
	setUp.SysProcAttr, setUp.Dir = as, dir
	if text, err := setUp.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, text)
	}
	args := []string{"-D", data, "-k", dir}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	p := &postgres{cmd: exec.CommandContext(ctx, server, args...), dir: dir}
	p.cmd.SysProcAttr, p.cmd.Dir, p.cmd.WaitDelay = as, dir, 30*time.Second
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGINT) }
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer func() { err = first(err, log.Close()) }()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); ; {
		p.conn, err = pgx.Connect(ctx, "host="+dir+" user=bench dbname=postgres")
		if err == nil {
			return p, nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("connect: %w", err), p.stop()) //nolint:contextcheck // ctx may have ended
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// serverUser is who the server runs as: it refuses to run as root.
func serverUser(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // as we are
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2, os.Chown(dir, int(uid), int(gid)), passable(filepath.Dir(dir))); err != nil {
			return nil, err
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody: use -postgres=false")
}

// passable lets others through a directory, which was made for the benchmark.
func passable(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return os.Chmod(dir, info.Mode().Perm()|0o011)
}

func (p *postgres) stop() error {
	var err error
	if p.conn != nil {
		err = p.conn.Close(context.Background())
	}
	err = first(err, p.cmd.Process.Signal(syscall.SIGINT))
	if ended := p.cmd.Wait(); ended != nil && !strings.Contains(ended.Error(), "signal: interrupt") {
		err = first(err, ended)
	}
	return err
}
