package workspace

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// maxLocations is the most code locations of a host.
const maxLocations = 1000

// CheckConfigs reports everything that is wrong with configured locations as an
// Invalid error. The field of a problem is the place in the list, such as
// "locations[2].address" with [LocationField] before the dot, its path the name.
func CheckConfigs(configs []host.LocationConfig) error {
	var problems []host.Problem
	if len(configs) > maxLocations {
		problems = append(problems, host.Problem{
			Field: LocationField(maxLocations), Message: fmt.Sprintf("there are %d code locations; a host has at most %d", len(configs), maxLocations),
		})
	}
	first := map[string]int{}
	for i, c := range configs {
		c := configCheck{config: c, index: i}
		if at, twice := first[c.config.Name]; twice {
			c.addf("name", "the name is used twice; the location at %.64q has it, too", configs[at].Address)
		} else {
			first[c.config.Name] = i
		}
		c.run()
		problems = append(problems, c.problems...)
	}
	if len(problems) == 0 {
		return nil
	}
	return &host.Error{
		Code:     host.Invalid,
		Reason:   "LOCATION_CONFIG",
		Message:  "the code locations are not configured correctly",
		Remedy:   "Correct the locations in the configuration file or in --location.",
		Problems: problems,
	}
}

// LocationField is how a problem names the location at an index, from 0.
func LocationField(index int) string { return fmt.Sprintf("locations[%d]", index) }

// configCheck collects what is wrong with one location.
type configCheck struct {
	config   host.LocationConfig
	index    int
	problems []host.Problem
}

func (c *configCheck) addf(field, format string, args ...any) {
	c.problems = append(c.problems, host.Problem{
		Field: LocationField(c.index) + "." + field, Path: fmt.Sprintf("%.64q", c.config.Name), Message: fmt.Sprintf(format, args...),
	})
}

func (c *configCheck) run() {
	if err := tag.CheckLocationName(c.config.Name); err != nil {
		c.addf("name", "%v", err)
	}
	if err := checkAddress(c.config.Address); err != nil {
		c.addf("address", "address %.80q: %v", c.config.Address, err)
	}
	if c.config.TLS != nil {
		c.runTLS(c.config.TLS)
	}
	if strings.ContainsFunc(c.config.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		c.addf("token_file", "its token may hold only printable ASCII without spaces")
	}
	if c.config.WaitForCode < 0 {
		c.addf("wait_for_code", "a time to wait cannot be %s; 0 means for ever", c.config.WaitForCode)
	}
}

func (c *configCheck) runTLS(t *host.LocationTLS) {
	if len(t.CAPEM) > 0 && !x509.NewCertPool().AppendCertsFromPEM(t.CAPEM) {
		c.addf("tls.ca_file", "its certificate authorities hold no PEM certificate")
	}
	switch {
	case len(t.CertPEM) == 0 && len(t.KeyPEM) == 0:
	case len(t.KeyPEM) == 0:
		c.addf("tls.cert_file", "a certificate needs its key: give tls.key_file, too")
	case len(t.CertPEM) == 0:
		c.addf("tls.key_file", "a key needs its certificate: give tls.cert_file, too")
	default:
		if _, err := tls.X509KeyPair(t.CertPEM, t.KeyPEM); err != nil {
			c.addf(pairField(err), "the certificate and its key cannot be used: %s", strings.TrimPrefix(err.Error(), "tls: "))
		}
	}
	for i, identity := range t.Identity {
		if err := checkIdentity(identity); err != nil {
			c.addf(fmt.Sprintf("tls.identity[%d]", i), "identity %.100q: %v", identity, err)
		}
	}
}

// pairField is the field that an error of tls.X509KeyPair is about.
func pairField(err error) string {
	if text := err.Error(); strings.Contains(text, "key") && !strings.Contains(text, "certificate input") {
		return "tls.key_file"
	}
	return "tls.cert_file"
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
