package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
)

// newRequestID makes the id by which the host knows a request that comes again.
func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// askAgain is ask for a request with an id. A connection that breaks after the host may have got it is tried once more:
// the request is carried out once, however often it comes.
func askAgain[Req, Res any](ctx context.Context, c *client, method func(context.Context, Req) (Res, error), req Req) (Res, error) {
	res, err := ask(ctx, c, method, req)
	if f, ok := errors.AsType[*failure](err); ok && !f.remote && f.passes() && !f.unsent && ctx.Err() == nil {
		res, err = ask(ctx, c, method, req)
	}
	return res, err
}
