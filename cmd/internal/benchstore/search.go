package main

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// pageSize is that of the runs page.
const pageSize = 25

// search is what is looked for, with another value each time. sql is the same for PostgreSQL: the tags that a run must
// have, the rarest first; empty for what is not compared.
type search struct {
	name  string
	where func(i int) *selector.Expr
	sql   func(i int) [][2]string
}

func is(key, value string) *selector.Expr { return selector.TagIs(key, value) }

// nth makes the value of the i-th look at a tag.
func nth(of func(uint64) string, shift, i int) string { return of(uint64(i) << shift) }

var searches = []search{
	{name: "all", where: func(int) *selector.Expr { return nil }},
	{
		name:  "third",
		where: func(i int) *selector.Expr { return is("region", nth(region, 8, i)) },
		sql:   func(i int) [][2]string { return [][2]string{{"region", nth(region, 8, i)}} },
	},
	{
		name:  "twentieth",
		where: func(i int) *selector.Expr { return is("team", nth(team, 16, i)) },
		sql:   func(i int) [][2]string { return [][2]string{{"team", nth(team, 16, i)}} },
	},
	{
		name:  "rare",
		where: func(i int) *selector.Expr { return is("customer", nth(customer, 24, i*37)) },
		sql:   func(i int) [][2]string { return [][2]string{{"customer", nth(customer, 24, i*37)}} },
	},
	{
		name: "and",
		where: func(i int) *selector.Expr {
			return selector.All(is("team", nth(team, 16, i)), is("region", nth(region, 8, i)))
		},
		sql: func(i int) [][2]string {
			return [][2]string{{"team", nth(team, 16, i)}, {"region", nth(region, 8, i)}}
		},
	},
	{
		// A team and the cost centre of another: two twentieths, of which few runs have both.
		name: "tiny-and",
		where: func(i int) *selector.Expr {
			return selector.All(is("team", nth(team, 16, i)), is("cost_center", otherCenter(i)))
		},
		sql: func(i int) [][2]string {
			return [][2]string{{"team", nth(team, 16, i)}, {"cost_center", otherCenter(i)}}
		},
	},
	{
		name: "two-and-not",
		where: func(i int) *selector.Expr {
			return selector.All(is("team", nth(team, 16, i)), is("region", nth(region, 8, i)), selector.None(is("env", "prod")))
		},
	},
	{
		name:  "nothing",
		where: func(int) *selector.Expr { return selector.All(is("team", "team_01"), is("env", "nowhere")) },
	},
	{
		name: "failures-of-a-team",
		where: func(i int) *selector.Expr {
			return selector.All(is("team", nth(team, 16, i)), host.StatusIn(host.Failure))
		},
	},
}

func otherCenter(i int) string { return fmt.Sprintf("cc_%02d", (i+7)%teams) }

// search measures pages, counts and type-ahead.
func (b *bench) search(at string) error { return b.searchAs(at, "") }

func (b *bench) searchAs(at, suffix string) error {
	if b.pages == nil {
		b.pages = map[string]map[string]float64{}
	}
	b.pages[at] = map[string]float64{}
	for _, s := range searches {
		times := b.times(400)
		took, err := timed(times, func(i int) error {
			_, err := b.store.Runs(b.ctx, s.where(i), 0, pageSize)
			return err
		})
		if err != nil {
			return err
		}
		p50 := quantile(took, 0.5)
		b.pages[at][s.name] = p50
		figures := []figure{{p50, "p50-ms"}, {quantile(took, 0.99), "p99-ms"}}
		if before := b.pages[label(base)][s.name]; before > 0 && at != label(base) {
			figures = append(figures, figure{p50 / before, "×1M-p50"})
		}
		b.line("Page/"+s.name+"/runs="+at+suffix, times, figures...)
	}
	return first(b.counts(at, suffix), b.typeAhead(at, suffix))
}

func (b *bench) counts(at, suffix string) error {
	for _, s := range searches {
		times := b.times(200)
		took, err := timed(times, func(i int) error {
			_, err := b.store.CountRuns(b.ctx, s.where(i))
			return err
		})
		if err != nil {
			return err
		}
		b.pages[at]["count/"+s.name] = quantile(took, 0.5)
		b.line("Count/"+s.name+"/runs="+at+suffix, times, figure{quantile(took, 0.5), "p50-ms"}, figure{quantile(took, 0.99), "p99-ms"})
	}
	return nil
}

func (b *bench) typeAhead(at, suffix string) error {
	for _, q := range []struct {
		name  string
		query func(i int) host.TermQuery
	}{
		{"keys", func(int) host.TermQuery { return host.TermQuery{On: selector.Tag, Limit: pageSize} }},
		{"few-values", func(int) host.TermQuery { return host.TermQuery{On: selector.Tag, Name: "team", Limit: pageSize} }},
		{"many-values", func(i int) host.TermQuery {
			return host.TermQuery{On: selector.Tag, Name: "customer", Prefix: fmt.Sprintf("c%03d", i%100), Limit: pageSize}
		}},
	} {
		times := b.times(200)
		took, err := timed(times, func(i int) error {
			_, err := b.store.RunTerms(b.ctx, q.query(i))
			return err
		})
		if err != nil {
			return err
		}
		b.line("TypeAhead/"+q.name+"/runs="+at+suffix, times, figure{quantile(took, 0.5), "p50-ms"}, figure{quantile(took, 0.99), "p99-ms"})
	}
	return nil
}
