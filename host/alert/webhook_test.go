package alert_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host/alert"
)

// secret is in every URL of these tests, and may be in no error.
const secret = "T0DEADBEEF/hunter2hunter2"

// answer tests what a rule says of a receiver that answers in this way.
func answer(t *testing.T, handler http.HandlerFunc) (sent string, refused error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return testTo(t, server.URL+"/services/"+secret+"?token=hunter3hunter3")
}

func testTo(t *testing.T, url string) (sent string, refused error) {
	t.Helper()
	f := newFixture(t)
	f.start(f.rule(alert.RuleText{Name: "a", When: "status=failure", URL: url}))
	sent, refused, err := f.alerter.Test(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if refused != nil {
		for _, part := range []string{"hunter", "T0DEADBEEF", "services"} {
			if strings.Contains(refused.Error(), part) {
				t.Errorf("the error shows the URL: %v", refused)
			}
		}
	}
	return sent, refused
}

func TestATestSaysThatItIsOne(t *testing.T) {
	var got map[string]any
	sent, refused := answer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Idempotency-Key") == "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s with header %v", r.Method, r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if refused != nil {
		t.Fatal(refused)
	}
	if got["test"] != true || got["rule"] != "a" || got["run"] != nil || !strings.Contains(fmt.Sprint(got["text"]), "This is a test") || !strings.Contains(sent, "This is a test") {
		t.Errorf("the receiver got %v, and %q is said to be sent", got, sent)
	}
}

func TestAnswersOfReceivers(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string // empty for none
	}{
		{"OK", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, ""},
		{"Error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no_\x1bservice", http.StatusNotFound) }, "answers 404 Not Found: no_\ufffdservice"},
		{"LongError", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			for range 1000 {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
					return
				}
			}
		}, "answers 500 Internal Server Error: " + strings.Repeat("x", 200) + "…"},
		{"Echo", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no "+r.RequestURI, http.StatusForbidden) }, "answers 403 Forbidden: no (hidden)"},
		{"EchoThatIsCut", func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, strings.Repeat("x", 170)+" "+r.RequestURI, http.StatusForbidden)
		}, strings.Repeat("x", 170) + " (hidden)"},
		{"EchoThatIsNotRead", func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no"+strings.Repeat(" ", 4<<10-32)+r.RequestURI, http.StatusForbidden)
		}, "answers 403 Forbidden"},
		{"Redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere/hunter2", http.StatusTemporaryRedirect)
		}, "redirects (307 Temporary Redirect), which is not followed"},
		{"Hangup", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "is not reached: EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, refused := answer(t, c.handler)
			if c.want == "" && refused != nil || c.want != "" && (refused == nil || !strings.Contains(refused.Error(), c.want)) {
				t.Errorf("got error %v, want %q", refused, c.want)
			}
		})
	}
	t.Run("Refused", func(t *testing.T) {
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		if _, refused := testTo(t, gone.URL+"/services/"+secret); refused == nil || !strings.Contains(refused.Error(), "connection refused") {
			t.Errorf("got error %v, want that nobody listens", refused)
		}
	})
}
