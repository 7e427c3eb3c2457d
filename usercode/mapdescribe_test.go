package usercode_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
)

func TestDescribeMap(t *testing.T) {
	job := usercode.NewJob("job", func(g graph) {
		files := list(file{"a"})(g)
		words := usercode.NewOp1("words", func(context.Context, file) ([]int, error) { return nil, nil })
		sumOp(g, usercode.Map(g, files, func(g graph, f usercode.Value[file]) usercode.Value[int] {
			return sumOp(g.As("inner"), usercode.Map(g, words(g, f), func(g graph, n usercode.Value[int]) usercode.Value[int] { return plusOp(g, n, lenOp(g, f)) }))
		}))
	})
	var text strings.Builder
	if err := usercode.Describe(&text, usercode.NewRepository("repo", job)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Repositories []struct {
			Jobs []struct {
				Graph struct {
					Nodes []struct {
						Name   string
						Each   [][]string
						Inputs []struct{ From []string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text.String()), &got); err != nil { //nolint:musttag // the names fit as they are
		t.Fatal(err)
	}
	var lines []string
	for _, n := range got.Repositories[0].Jobs[0].Graph.Nodes {
		lines = append(lines, fmt.Sprintf("%s%v%v", n.Name, n.Each, n.Inputs))
	}
	want := []string{
		"list[][]", "words[[list]][{[item of words]}]", "length[[list] [words]][{[item of words]}]",
		"plus[[list] [words]][{[item of length]} {[length]}]", "inner[[list]][{[plus]}]", "sum[][{[inner]}]",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}
