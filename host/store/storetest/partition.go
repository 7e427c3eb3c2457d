package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
)

var dimension = host.DynamicName{Location: "here", Repository: "tutorial", Dimension: "customer"}

func (x *exercise) partitions(t *testing.T) {
	t.Run("Order", x.partitionOrder)
	t.Run("Pages", x.partitionPages)
	t.Run("ErrTooMany", x.partitionsTooMany)
	t.Run("Concurrent", x.partitionConcurrent)
	t.Run("ErrArguments", x.partitionArguments)
}

// changeKeys changes keys of the dimension.
func (s *store) changeKeys(add, remove []string, want ...int) {
	s.t.Helper()
	added, removed, total, err := s.ChangePartitionKeys(s.ctx, host.PartitionKeysChange{Name: dimension, Add: add, Remove: remove})
	if err != nil || !slices.Equal([]int{added, removed, total}, want) {
		s.t.Errorf("ChangePartitionKeys(+%q, -%q) = %d, %d, %d, %v; want %d", add, remove, added, removed, total, err, want)
	}
}

// tryKeys is ChangePartitionKeys for who wants to know only whether it can be.
func (s *store) tryKeys(ctx context.Context, change host.PartitionKeysChange) error {
	s.t.Helper()
	added, removed, total, err := s.ChangePartitionKeys(ctx, change)
	if err != nil && added+removed+total != 0 {
		s.t.Errorf("ChangePartitionKeys = %d, %d, %d beside %v", added, removed, total, err)
	}
	return err
}

// wantPartitionKeys compares all keys of a dimension, in their order.
func (s *store) wantPartitionKeys(name host.DynamicName, want ...string) {
	s.t.Helper()
	page, err := s.PartitionKeys(s.ctx, name, "", 0, len(want)+1)
	if err != nil {
		s.t.Fatalf("PartitionKeys: %v", err)
	}
	wantSame(s.t, "PartitionKeys", page, host.PartitionKeyPage{Keys: want, Total: len(want)})
	there, err := s.HasPartitionKeys(s.ctx, name, append(slices.Clone(want), "never there", ""))
	if err != nil || len(there) != len(want) {
		s.t.Errorf("HasPartitionKeys = %v, %v; want the %d there are", there, err, len(want))
	}
}

func (x *exercise) partitionOrder(t *testing.T) {
	s := x.new(t)
	s.wantPartitionKeys(dimension)
	s.changeKeys([]string{"m", "\u00fc 1", "a", "m", "z"}, []string{"never there"}, 4, 0, 4)
	s.changeKeys([]string{"a", "b"}, []string{"m"}, 1, 1, 4)
	s.wantPartitionKeys(dimension, "\u00fc 1", "a", "z", "b")
	s.changeKeys([]string{"a", "m"}, []string{"a", "a"}, 2, 1, 5)
	s.wantPartitionKeys(host.DynamicName{Location: "here", Repository: "tutorial", Dimension: "custome"})
	s.wantPartitionKeys(host.DynamicName{Location: "here", Repository: "tutorial", Dimension: "customer2"})
	s.reopen()
	s.wantPartitionKeys(dimension, "\u00fc 1", "z", "b", "a", "m")
	s.changeKeys(nil, []string{"\u00fc 1", "z", "b", "a", "m"}, 0, 5, 0)
	s.wantPartitionKeys(dimension)
	s.changeKeys([]string{"z"}, nil, 1, 0, 1)
	s.wantPartitionKeys(dimension, "z")
}

func (x *exercise) partitionPages(t *testing.T) {
	s := x.new(t)
	var keys []string
	for i := range 30 {
		keys = append(keys, fmt.Sprintf("%c%d", 'a'+i%3, i))
	}
	s.changeKeys(keys, nil, 30, 0, 30)
	for prefix, want := range map[string]int{"": 30, "b": 10, "b1": 5, "x": 0} {
		var got []string
		for after := uint64(0); ; {
			page, err := s.PartitionKeys(s.ctx, dimension, prefix, after, 4)
			if err != nil || page.Total != 30 || len(page.Keys) > 4 {
				t.Fatalf("PartitionKeys = %+v, %v", page, err)
			}
			got = append(got, page.Keys...)
			if after = page.Next; after == 0 {
				break
			}
			s.changeKeys([]string{fmt.Sprint("while it is read ", after)}, nil, 1, 0, 31) // comes behind
			s.changeKeys(nil, []string{fmt.Sprint("while it is read ", after)}, 0, 1, 30)
		}
		all := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !strings.HasPrefix(key, prefix) })
		if wantSame(t, "PartitionKeys of "+prefix, got, all); len(all) != want {
			t.Errorf("%d keys begin with %q, want %d", len(all), prefix, want)
		}
	}
}

func (x *exercise) partitionsTooMany(t *testing.T) {
	s := x.new(t)
	keys := make([]string, host.MaxDynamicPartitions)
	for i := range keys {
		keys[i] = fmt.Sprintf("key %07d", i)
	}
	s.changeKeys(keys, nil, len(keys), 0, len(keys))
	err := s.tryKeys(s.ctx, host.PartitionKeysChange{Name: dimension, Add: []string{"a", "b"}, Remove: keys[:1]})
	if wantCode(t, "ChangePartitionKeys beyond the limit", err, host.Conflict); host.ReasonOf(err) != host.ReasonTooManyPartitions {
		t.Errorf("its reason is %s", host.ReasonOf(err))
	}
	s.changeKeys([]string{"a"}, keys[:1], 1, 1, len(keys))
	page, err := s.PartitionKeys(s.ctx, dimension, "", 0, len(keys)+1)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "all keys", page.Keys, append(keys[1:], "a"))
}

func (x *exercise) partitionConcurrent(t *testing.T) {
	s := x.new(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := s.tryKeys(s.ctx, host.PartitionKeysChange{Name: dimension, Add: []string{"same", fmt.Sprint(i)}}); err != nil {
				t.Errorf("ChangePartitionKeys: %v", err)
			}
		})
	}
	wg.Wait()
	page, err := s.PartitionKeys(s.ctx, dimension, "", 0, 100)
	if err != nil || page.Total != 9 || len(page.Keys) != 9 {
		t.Errorf("PartitionKeys = %+v, %v; want 9", page, err)
	}
}

func (x *exercise) partitionArguments(t *testing.T) {
	s := x.new(t)
	for _, key := range []string{"", "a|b", "\xff", " a", strings.Repeat("x", host.MaxPartitionKeyBytes+1)} {
		err := s.tryKeys(s.ctx, host.PartitionKeysChange{Name: dimension, Add: []string{"good", key}})
		wantCode(t, fmt.Sprintf("ChangePartitionKeys with key %.9q", key), err, host.Invalid)
		s.changeKeys(nil, []string{key}, 0, 0, 0) // there is none
	}
	err := s.tryKeys(s.ctx, host.PartitionKeysChange{Add: []string{"good"}})
	wantCode(t, "ChangePartitionKeys of no dimension", err, host.Invalid)
	s.wantPartitionKeys(dimension)
}
