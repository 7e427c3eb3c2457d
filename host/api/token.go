package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/proto/gen/penstock/worker/v1/workerv1connect"
)

// authenticate demands the host's token, where it has one, of everything but what must work without: the UI's own
// files, which ask for it; health, which says no more than that the host is there; and workers, which have their own.
func (s *Server) authenticate(next http.Handler) http.Handler {
	if s.o.Token == "" {
		return next
	}
	want := sha256.Sum256([]byte(s.o.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, route := s.mux.Handler(r)
		got := sha256.Sum256([]byte(bearer(r.Header.Get("Authorization"))))
		if open(route) || subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="penstock"`)
		deny(w, r, connect.CodeUnauthenticated, http.StatusUnauthorized, &host.Error{
			Reason:  "TOKEN",
			Message: "this host wants a token, and the request has none or another one",
			Remedy:  "send the header Authorization: Bearer TOKEN; the command line takes the token from PENSTOCK_TOKEN",
		})
	})
}

// open reports whether a route of the mux needs no token. A new route needs one unless it is named here.
func open(route string) bool {
	switch route {
	case uiRoute,
		workerv1connect.WorkerServiceAttachProcedure,
		grpc_health_v1.Health_Check_FullMethodName, grpc_health_v1.Health_Watch_FullMethodName:
		return true
	default:
		return false
	}
}

// bearer returns the token of an Authorization header, "" when it has none.
func bearer(header string) string {
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
