package automation_test

import (
	"slices"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
)

func TestFeed(t *testing.T) {
	var f automation.Feed
	a, b := host.AutomationName{Name: "a"}, host.AutomationName{Name: "b"}
	f.Publish(a)
	s := f.Subscribe()
	f.Publish(b)
	f.Publish(a)
	f.Publish(b)
	<-s.Ready()
	if got := s.Take(); !slices.Equal(got, []host.AutomationName{b, a}) {
		t.Errorf("Take = %v", got)
	}
	if got := s.Take(); len(got) > 0 {
		t.Errorf("Take again = %v", got)
	}
	s.Close()
	s.Close()
	f.Publish(a)
	if got := s.Take(); len(got) > 0 {
		t.Errorf("after Close Take = %v", got)
	}
}
