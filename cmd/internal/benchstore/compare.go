package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// The schema is driven from the rarest tag: its rows in order of seq, newest first, each with the other tags looked up.
const schema = `
create table runs (seq bigint primary key, id uuid not null, status text not null, record bytea not null);
create table run_tags (key text not null, value text not null, seq bigint not null, primary key (key, value, seq));
`

// compare measures the same pages and counts in PostgreSQL, once, at the base.
func (b *bench) compare(at string) (err error) {
	if !b.postgres || b.runs > base {
		return nil
	}
	p, err := startPostgres(b.ctx, filepath.Join(b.dir, "postgres"))
	if err != nil {
		return err
	}
	defer func() { err = first(err, p.stop()) }()
	if err := b.loadPostgres(p); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	for _, s := range searches {
		if s.sql == nil {
			continue
		}
		if err := b.comparePage(p, s, at); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := b.compareCount(p, s, at); err != nil {
			return fmt.Errorf("count of %s: %w", s.name, err)
		}
	}
	return nil
}

func (b *bench) comparePage(p *postgres, s search, at string) error {
	const times = 100
	took, err := timed(times, func(i int) error {
		tags := s.sql(i)
		rows, err := p.conn.Query(b.ctx, `select r.seq, r.id, r.status, r.record from run_tags t join runs r using (seq)
			where t.key = $1 and t.value = $2`+alsoTagged(tags)+` order by t.seq desc limit 25`, arguments(tags)...)
		if err != nil {
			return err
		}
		for rows.Next() {
			// A page shows what is in the records, so they are read as ours are.
			var id [16]byte
			var seq int64
			var status string
			var record []byte
			if err := rows.Scan(&seq, &id, &status, &record); err != nil {
				return err
			}
			if err := proto.Unmarshal(record, &storev1.Run{}); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	p50 := quantile(took, 0.5)
	b.line("PostgresPage/"+s.name+"/runs="+at, times, figure{p50, "p50-ms"}, figure{quantile(took, 0.99), "p99-ms"},
		figure{b.pages[at][s.name] / p50, "ours/theirs"})
	return nil
}

func (b *bench) compareCount(p *postgres, s search, at string) error {
	const times = 20
	took, err := timed(times, func(i int) error {
		tags, n := s.sql(i), 0
		return p.conn.QueryRow(b.ctx, `select count(*) from run_tags t where t.key = $1 and t.value = $2`+alsoTagged(tags), arguments(tags)...).Scan(&n)
	})
	if err != nil {
		return err
	}
	p50 := quantile(took, 0.5)
	b.line("PostgresCount/"+s.name+"/runs="+at, times, figure{p50, "p50-ms"}, figure{quantile(took, 0.99), "p99-ms"},
		figure{b.pages[at]["count/"+s.name] / p50, "ours/theirs"})
	return nil
}

// alsoTagged is the condition for the tags after the first.
func alsoTagged(tags [][2]string) string {
	var sql strings.Builder
	for i := range tags[1:] {
		fmt.Fprintf(&sql, " and exists (select from run_tags o where o.seq = t.seq and o.key = $%d and o.value = $%d)", 2*i+3, 2*i+4)
	}
	return sql.String()
}

func arguments(tags [][2]string) (args []any) {
	for _, t := range tags {
		args = append(args, t[0], t[1])
	}
	return args
}

// loadPostgres copies the runs in order, and lets the server tidy up.
func (b *bench) loadPostgres(p *postgres) error {
	if _, err := p.conn.Exec(b.ctx, schema); err != nil {
		return err
	}
	for from := 0; from < b.runs; from += slice {
		count := min(slice, b.runs-from)
		made := runsFrom(from, count)
		records, err := b.recordsOf(from, made)
		if err != nil {
			return err
		}
		runs, tags := make([][]any, count), [][]any(nil)
		for i := range count {
			r := made[i].Run
			seq := int64(from + i + 1)
			runs[i] = []any{seq, [16]byte(b.ids[from+i]), string(ending(from + i)), records[i]}
			for _, t := range r.Tags {
				tags = append(tags, []any{t.Key, t.Value, seq})
			}
		}
		if err := copyRows(b.ctx, p.conn, "runs", []string{"seq", "id", "status", "record"}, runs); err != nil {
			return err
		}
		if err := copyRows(b.ctx, p.conn, "run_tags", []string{"key", "value", "seq"}, tags); err != nil {
			return err
		}
	}
	_, err := p.conn.Exec(b.ctx, "vacuum analyze")
	return err
}

func copyRows(ctx context.Context, conn *pgx.Conn, table string, columns []string, rows [][]any) error {
	_, err := conn.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
	return err
}
