package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/penstock-run/penstock/usercode"
)

// piecesConfig says where the ops of pieces leave a trace, and which one fails.
type piecesConfig struct {
	Witness string `json:"witness" jsonschema:"File to which each op appends a line"`
	Bad     string `json:"bad" jsonschema:"Piece that cannot be weighed"`
}

var piecesOf = usercode.NewConfig("pieces", piecesConfig{})

// piece is an item with a key.
type piece struct {
	Name   string `json:"name"`
	Weight int    `json:"weight"`
}

// Key is the name.
func (p piece) Key() string { return p.Name }

// witness appends a line: what user code of which op ran, and with what.
func witness(ctx context.Context, format string, args ...any) error {
	f, err := os.OpenFile(piecesOf.From(ctx).Witness, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, format+"\n", args...)
	return errors.Join(err, f.Close())
}

// pieces weighs each of a list, adds, and reports: every op tells that it ran.
func pieces() *usercode.Job {
	list := usercode.NewOp("list", func(ctx context.Context) ([]piece, error) {
		return []piece{{"a", 1}, {"b", 20}, {"c", 300}}, witness(ctx, "list")
	}, piecesOf)
	weigh := usercode.NewOp1("weigh", func(ctx context.Context, p piece) (int, error) {
		if p.Name == piecesOf.From(ctx).Bad {
			return 0, fmt.Errorf("%s is too large", p.Name)
		}
		return p.Weight, witness(ctx, "weigh %s", p.Name)
	}, piecesOf)
	add := usercode.NewOp1("add", func(ctx context.Context, weights []int) (int, error) {
		sum := 0
		for _, w := range weights {
			sum += w
		}
		return sum, witness(ctx, "add %v", weights)
	}, piecesOf)
	tell := usercode.NewTask1("tell", func(ctx context.Context, sum int) error { return witness(ctx, "tell %d", sum) }, piecesOf)
	return usercode.NewJob("pieces", func(g *usercode.Graph) {
		weights := usercode.Map(g, list(g), func(g *usercode.Graph, p usercode.Value[piece]) usercode.Value[int] { return weigh(g, p) })
		tell(g, add(g, weights))
	})
}
