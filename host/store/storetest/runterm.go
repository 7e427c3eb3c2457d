package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (x *exercise) runTerms(t *testing.T) {
	t.Run("KeysAndValuesAreCounted", x.termsAreCounted)
	t.Run("LongTextIsCut", x.longTerms)
	t.Run("LongKeysAreToldApart", x.termsOfLongKey)
	t.Run("ValuesOfWhichFieldIsAsked", x.termsOfNoField)
}

func (s *store) terms(q host.TermQuery) string {
	s.t.Helper()
	page, err := s.RunTerms(s.ctx, q)
	if err != nil {
		s.t.Fatalf("RunTerms(%+v): %v", q, err)
	}
	var texts []string
	for _, term := range page.Terms {
		texts = append(texts, fmt.Sprintf("%s %d", term.Text, term.Runs))
	}
	if page.More {
		texts = append(texts, "more")
	}
	return strings.Join(texts, ", ")
}

func (x *exercise) termsAreCounted(t *testing.T) {
	s := x.new(t)
	metadata := []byte("owner=data team\ndocs=here\n")
	for i := range 5 {
		run := s.create(func(n *host.NewRun) {
			n.Run.Tags = []tag.Tag{{Key: "env", Value: fmt.Sprint("v", i%2)}, {Key: tag.KeyKubernetes, Value: "{}"}}
			if i == 2 {
				n.Run.Tags = append(n.Run.Tags, tag.Tag{Key: "team", Value: "etl"})
			}
			if i < 3 {
				n.Run.Launched = host.Snapshot{Definition: digestOf([]byte("d")), Metadata: digestOf(metadata)}
				n.Bodies = map[host.Digest][]byte{digestOf([]byte("d")): []byte("d"), digestOf(metadata): metadata}
			}
		})
		if i == 4 {
			s.ended(run.ID)
			if err := s.DeleteRun(s.ctx, run.ID); err != nil {
				t.Fatal(err)
			}
		}
		if i == 3 {
			s.ended(run.ID)
		}
		if i == 1 {
			s.update(run.ID, func(r *host.Run) { r.Tags = []tag.Tag{{Key: "env", Value: "v0"}, {Key: "later", Value: ""}} })
		}
	}
	for range 2 {
		for _, c := range []struct {
			q    host.TermQuery
			want string
		}{
			{host.TermQuery{On: selector.Tag}, "env 4, later 1, penstock/k8s 3, team 1"},
			{host.TermQuery{On: selector.Tag, Limit: 2}, "env 4, later 1, more"},
			{host.TermQuery{On: selector.Tag, Prefix: "t"}, "team 1"},
			{host.TermQuery{On: selector.Tag, Name: "env"}, "v0 3, v1 1"},
			{host.TermQuery{On: selector.Tag, Name: "env", Prefix: "v1"}, "v1 1"},
			{host.TermQuery{On: selector.Tag, Name: "env", Prefix: "x"}, ""},
			{host.TermQuery{On: selector.Tag, Name: "later"}, " 1"},
			{host.TermQuery{On: selector.Tag, Name: "en"}, ""},
			{host.TermQuery{On: selector.Tag, Name: tag.KeyKubernetes}, ""},
			{host.TermQuery{On: selector.Metadata}, "docs 3, owner 3"},
			{host.TermQuery{On: selector.Metadata, Name: "owner"}, "data team 3"},
			{host.TermQuery{On: selector.Field, Name: host.FieldStatus}, "QUEUED 3, SUCCESS 1"},
			{host.TermQuery{On: selector.Field, Name: host.FieldJob}, "here/tutorial/my_job 4, my_job 4, tutorial/my_job 4"},
			{host.TermQuery{On: selector.Field, Name: host.FieldCreated}, ""},
		} {
			if c.q.Limit == 0 {
				c.q.Limit = 10
			}
			if got := s.terms(c.q); got != c.want {
				t.Errorf("RunTerms(%+v) = %q, want %q", c.q, got, c.want)
			}
		}
		s.reopen()
	}
}

func (x *exercise) longTerms(t *testing.T) {
	s := x.new(t)
	long := strings.Repeat("é", host.MaxTermText/2)
	for _, value := range []string{long, long + "a", long + "b", "x" + long} {
		s.create(func(n *host.NewRun) { n.Run.Tags = []tag.Tag{{Key: "k", Value: value}} })
	}
	want := fmt.Sprintf("x%s 1, %s 3", strings.TrimSuffix(long, "é"), long)
	if got := s.terms(host.TermQuery{On: selector.Tag, Name: "k", Limit: 10}); got != want {
		t.Errorf("RunTerms of long values = %q, want %q", got, want)
	}
	for where, seqs := range map[*selector.Expr][]uint64{
		selector.TagIs("k", long):                                                {1},
		selector.TagIs("k", long+"b"):                                            {3},
		{Op: selector.HasPrefix, On: selector.Tag, Name: "k", Value: long}:       {3, 2, 1},
		{Op: selector.HasPrefix, On: selector.Tag, Name: "k", Value: long + "a"}: {2},
		selector.None(selector.TagIs("k", long+"a")):                             {4, 3, 1},
	} {
		wantSame(t, fmt.Sprintf("Runs of %+v", where), s.pages(where, 2), seqs)
	}
}

func (x *exercise) termsOfLongKey(t *testing.T) {
	s := x.new(t)
	long := strings.Repeat("k", host.MaxTermText)
	for key, values := range map[string][]string{long: {"0", "1"}, long + "a": {"1", "1", "2", long + "1", long + "2"}, long + "b": {"1"}} {
		for _, value := range values {
			s.create(func(n *host.NewRun) { n.Run.Tags = []tag.Tag{{Key: key, Value: value}} })
		}
	}
	for name, want := range map[string]string{
		"": long + " 8", long: "0 1, 1 1", long + "a": "1 2, 2 1, " + long + " 2", long + "b": "1 1", long + "c": "", long[1:]: "",
	} {
		if got := s.terms(host.TermQuery{On: selector.Tag, Name: name, Limit: 10}); got != want {
			t.Errorf("RunTerms of key %q = %q, want %q", name, got, want)
		}
	}
	if got := s.terms(host.TermQuery{On: selector.Tag, Name: long + "a", Prefix: "k", Limit: 10}); got != long+" 2" {
		t.Errorf("RunTerms from k = %q", got)
	}
	if got := s.terms(host.TermQuery{On: selector.Tag, Name: long + "a", Limit: 1}); got != "1 2, more" {
		t.Errorf("RunTerms by 1 = %q", got)
	}
}

func (x *exercise) termsOfNoField(t *testing.T) {
	s := x.new(t)
	_, err := s.RunTerms(s.ctx, host.TermQuery{On: selector.Field, Limit: 1})
	wantCode(t, "RunTerms of no field in particular", err, host.Invalid)
}
