package workspace

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// checkConfigs reports everything that is wrong with the configured locations.
func checkConfigs(configs []host.LocationConfig) error {
	var problems []host.Problem
	names := map[string]bool{}
	for _, c := range configs {
		if names[c.Name] {
			problems = append(problems, problem(c.Name, "the name is used twice"))
		}
		names[c.Name] = true
		problems = append(problems, checkConfig(c)...)
	}
	return invalidConfig(problems)
}

func invalidConfig(problems []host.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &host.Error{
		Code:     host.Invalid,
		Reason:   "LOCATION_CONFIG",
		Message:  "the code locations are not configured correctly",
		Remedy:   "Correct the locations in the configuration file or in --location, and start the host again.",
		Problems: problems,
	}
}

func problem(location, format string, args ...any) host.Problem {
	return host.Problem{Field: "locations", Path: fmt.Sprintf("%.64q", location), Message: fmt.Sprintf(format, args...)}
}

// checkConfig reports everything that is wrong with one location.
func checkConfig(c host.LocationConfig) (problems []host.Problem) {
	add := func(format string, args ...any) {
		problems = append(problems, problem(c.Name, format, args...))
	}
	if err := tag.CheckLocationName(c.Name); err != nil {
		add("%v", err)
	}
	if err := checkAddress(c.Address); err != nil {
		add("address %.80q: %v", c.Address, err)
	}
	if c.TLS != nil && len(c.TLS.CAPEM) > 0 && !x509.NewCertPool().AppendCertsFromPEM(c.TLS.CAPEM) {
		add("its certificate authorities hold no PEM certificate")
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		add("its token may hold only printable ASCII without spaces")
	}
	return problems
}

func checkAddress(address string) error {
	name, port, err := net.SplitHostPort(address)
	if err != nil || name == "" || strings.ContainsAny(name, "/ \t") {
		return errors.New("write it as host:port, for example 127.0.0.1:4266")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("the port must be a number from 1 to 65535")
	}
	return nil
}

// mayDial says whether the configuration allows to dial at all: what leaves
// this machine is encrypted unless the operator said otherwise.
func mayDial(c host.LocationConfig) bool {
	return c.TLS != nil || c.Insecure || onThisMachine(c.Address)
}

func onThisMachine(address string) bool {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if name == "localhost" {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}
