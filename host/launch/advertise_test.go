package launch

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestAdvertisedAddress(t *testing.T) {
	here := []host.LocationConfig{{Name: "a", Address: "127.0.0.1:4266"}, {Name: "b", Address: "localhost:4267"}, {Name: "c", Address: "[::1]:4268"}}
	elsewhere := append(slices.Clone(here), host.LocationConfig{Name: "far", Address: "10.0.0.7:4266"})
	for _, test := range []struct {
		name, bound, flag string
		tls               bool
		locations         []host.LocationConfig
		want              string
	}{
		{"Bound", "127.0.0.1:3000", "", false, elsewhere, "http://127.0.0.1:3000"},
		{"BoundTLS", "10.0.0.1:3000", "", true, elsewhere, "https://10.0.0.1:3000"},
		{"BoundIPv6", "[fd00::1]:3000", "", false, elsewhere, "http://[fd00::1]:3000"},
		{"Unspecified", "0.0.0.0:3000", "", false, here, "http://127.0.0.1:3000"},
		{"UnspecifiedIPv6", "[::]:3000", "", true, here, "https://[::1]:3000"},
		{"UnspecifiedWithoutLocations", "0.0.0.0:3000", "", false, nil, "http://127.0.0.1:3000"},
		{"Flag", "0.0.0.0:3000", "host.example.com:80", false, elsewhere, "http://host.example.com:80"},
		{"FlagTLS", "0.0.0.0:3000", "host.example.com:443", true, elsewhere, "https://host.example.com:443"},
		{"FlagURL", "0.0.0.0:3000", "https://host.example.com:443/", false, elsewhere, "https://host.example.com:443"},
		{"FlagIPv6", "0.0.0.0:3000", "[fd00::1]:3000", false, elsewhere, "http://[fd00::1]:3000"},
		{"ErrUnspecified", "0.0.0.0:3000", "", false, elsewhere, "error: workers of far"},
		{"ErrUnspecifiedIPv6", "[::]:3000", "", false, elsewhere, "error: workers of far"},
		{"ErrFlagUnspecified", "0.0.0.0:3000", "0.0.0.0:3000", false, here, "error: no address that somebody can dial"},
		{"ErrFlagWithoutPort", "0.0.0.0:3000", "example.com", false, here, "error: write it as host:port"},
		{"ErrFlagWithoutHost", "0.0.0.0:3000", ":3000", false, here, "error: write it as host:port"},
		{"ErrFlagPort", "0.0.0.0:3000", "example.com:0", false, here, "error: 1 to 65535"},
		{"ErrFlagPortTooLarge", "0.0.0.0:3000", "example.com:65536", false, here, "error: 1 to 65535"},
		{"ErrFlagPath", "0.0.0.0:3000", "http://example.com:80/x", false, here, "error: nothing behind it"},
		{"ErrFlagUser", "0.0.0.0:3000", "http://me@example.com:80", false, here, "error: nothing behind it"},
		{"ErrFlagQuery", "0.0.0.0:3000", "http://example.com:80?x=y", false, here, "error: nothing behind it"},
		{"ErrFlagScheme", "0.0.0.0:3000", "ftp://example.com:21", false, here, "error: neither http nor https"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bound, err := net.ResolveTCPAddr("tcp", test.bound)
			if err != nil {
				t.Fatal(err)
			}
			got, err := AdvertisedAddress(bound, test.flag, test.tls, test.locations)
			if wrong, isErr := strings.CutPrefix(test.want, "error: "); isErr {
				if host.CodeOf(err) != host.Invalid || !strings.Contains(err.Error(), wrong) {
					t.Errorf("got %q, %v, want an error with %q", got, err, wrong)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}
