package host_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestDamage(t *testing.T) {
	if err := (host.Damage)(nil).AsError(); err != nil {
		t.Errorf("no damage is the error %v", err)
	}
	var d host.Damage
	for i := range 7 {
		d = append(d, &host.Error{Code: host.Internal, Reason: "STORE_DAMAGED", Message: fmt.Sprint("record ", i)})
	}
	err := fmt.Errorf("read: %w", d.AsError())
	if host.ReasonOf(err) != "STORE_DAMAGED" {
		t.Errorf("its reason is %q", host.ReasonOf(err))
	}
	if text := err.Error(); !strings.Contains(text, "record 4") || strings.Contains(text, "record 5") || !strings.Contains(text, "and 2 more") {
		t.Errorf("its text is %q", text)
	}
	if got, other := host.DamageIn(err); len(got) != 7 || other != nil {
		t.Errorf("DamageIn = %d records, %v", len(got), other)
	}
	broken := errors.New("the store is gone")
	if got, other := host.DamageIn(broken); got != nil || !errors.Is(other, broken) {
		t.Errorf("DamageIn of another error = %v, %v", got, other)
	}
}
