package launch

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/penstock-run/penstock/host"
)

// AdvertisedAddress is the address at which workers reach the host, as
// "http://host:port", or https with TLS. flag is what the operator said:
// host:port or such a URL; without it, it is the address that the host is bound
// to. An unspecified one such as 0.0.0.0 means "here" on another machine, so it
// is accepted only when all locations are on this one. Anything else is Invalid.
func AdvertisedAddress(bound net.Addr, flag string, tls bool, locations []host.LocationConfig) (string, error) {
	scheme := "http"
	if tls {
		scheme = "https"
	}
	if flag != "" {
		address, err := advertisedFlag(flag, scheme)
		if err != nil {
			return "", advertiseError(fmt.Sprintf("--advertise %.200q cannot be used: %v", flag, err))
		}
		return address, nil
	}
	name, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return "", advertiseError(fmt.Sprintf("the host listens on %.200q, which is not an address that workers can dial", bound))
	}
	ip := net.ParseIP(name)
	if ip == nil || !ip.IsUnspecified() {
		return scheme + "://" + net.JoinHostPort(name, port), nil
	}
	var elsewhere []string
	for _, l := range locations {
		if !onLoopback(l.Address) {
			elsewhere = append(elsewhere, l.Name)
		}
	}
	if len(elsewhere) > 0 {
		return "", advertiseError(fmt.Sprintf("the host listens on %s, which does not say where workers of %s reach it", bound, listed(elsewhere)))
	}
	if ip.To4() != nil {
		return scheme + "://" + net.JoinHostPort("127.0.0.1", port), nil
	}
	return scheme + "://" + net.JoinHostPort("::1", port), nil
}

func advertiseError(message string) error {
	return &host.Error{
		Code:    host.Invalid,
		Reason:  "ADVERTISE",
		Message: message,
		Remedy:  "Start with --advertise HOST:PORT, an address of this host that the machines of the code locations can dial.",
	}
}

// advertisedFlag reads host:port or a URL that is nothing but scheme, host and port.
func advertisedFlag(flag, scheme string) (string, error) {
	rest := flag
	if before, after, ok := strings.Cut(flag, "://"); ok {
		if before != "http" && before != "https" {
			return "", errors.New("its scheme is neither http nor https")
		}
		scheme, rest = before, strings.TrimSuffix(after, "/")
		if u, err := url.Parse(scheme + "://" + rest); err != nil || u.Host != rest {
			return "", errors.New("write it as http://host:port or https://host:port, and nothing behind it")
		}
	}
	name, port, err := net.SplitHostPort(rest)
	if err != nil || name == "" || strings.ContainsAny(name, "/@?# \t") {
		return "", errors.New("write it as host:port")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("its port is not a number from 1 to 65535")
	}
	if ip := net.ParseIP(name); ip != nil && ip.IsUnspecified() {
		return "", fmt.Errorf("%s is no address that somebody can dial", name)
	}
	return scheme + "://" + net.JoinHostPort(name, port), nil
}

// onLoopback reports whether an address stays on this machine.
func onLoopback(address string) bool {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}
