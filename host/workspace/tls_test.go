package workspace

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// named is a peer with one job of that name, and a certificate.
func named(job string, config *tls.Config) hosttest.Behavior {
	b := hosttest.Current()
	b.Repositories = hosttest.Many(1)
	b.Repositories[0].Name = job
	b.TLSConfig = config
	return b
}

func serving(c issued) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c.tls}} }

// overTLS is a location at the peer that trusts the authority and is pinned.
func overTLS(name string, p *hosttest.Peer, ca *authority, identity ...string) host.LocationConfig {
	c := at(name, p)
	c.TLS = &host.LocationTLS{CAPEM: ca.pem, Identity: identity}
	return c
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	etl := ca.issue("spiffe://example.com/etl", "spiffe://example.com/other")
	p := hosttest.Start(t, named("etl", serving(etl)))
	stranger := ca.issue().pin
	for _, c := range []struct {
		name     string
		identity []string
		ok       bool
	}{
		{"Key", []string{etl.pin}, true},
		{"KeyInCapitals", []string{"sha256:" + strings.ToUpper(strings.TrimPrefix(etl.pin, "sha256:"))}, true},
		{"URI", []string{"spiffe://example.com/other"}, true},
		{"OneOfTwo", []string{stranger, etl.pin}, true},
		{"OtherKey", []string{stranger}, false},
		{"OtherURI", []string{"spiffe://example.com/ETL"}, false},
		{"PrefixOfURI", []string{"spiffe://example.com/et"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, Options{Locations: []host.LocationConfig{overTLS("etl", p, ca, c.identity...)}, ProbeInterval: time.Hour})
			l := await(t, w, "etl", func(l Location) bool { return l.State != host.LocationLoading })
			if c.ok {
				if l.State != host.LocationReady {
					t.Errorf("got %s %+v", l.State, l.Fault)
				}
				return
			}
			if l.Fault == nil || l.Fault.Code != FaultIdentity || l.State != host.LocationError || l.Server != nil {
				t.Fatalf("got %+v", l)
			}
			for _, want := range []string{etl.pin, "spiffe://example.com/etl", c.identity[0]} {
				if !strings.Contains(l.Fault.Message, want) {
					t.Errorf("%q is not in %q", want, l.Fault.Message)
				}
			}
			if !strings.Contains(l.Fault.Remedy, "tls.identity") {
				t.Errorf("the remedy is %q", l.Fault.Remedy)
			}
			if _, err := w.Conn("etl"); host.ReasonOf(err) != FaultIdentity {
				t.Errorf("a connection to it: %v", err)
			}
		})
	}
}

// Text in a certificate is what its authority let be written there, and proves no key.
func TestTextIsNoKey(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pinned := ca.issue().pin
	p := hosttest.Start(t, named("etl", serving(ca.issue(pinned))))
	w := open(t, Options{Locations: []host.LocationConfig{overTLS("etl", p, ca, pinned)}, ProbeInterval: time.Hour})
	l := awaitFault(t, w, "etl", FaultIdentity)
	if strings.Count(l.Fault.Message, pinned) != 1 {
		t.Errorf("the message shows the text as an identity: %q", l.Fault.Message)
	}
}

// An identity is asked for beside the authority, not instead of it.
func TestIdentityOfAnotherAuthority(t *testing.T) {
	t.Parallel()
	ca, forger := newAuthority(t), newAuthority(t)
	fake := forger.issue("spiffe://example.com/etl")
	p := hosttest.Start(t, named("etl", serving(fake)))
	w := open(t, Options{Locations: []host.LocationConfig{overTLS("etl", p, ca, "spiffe://example.com/etl", fake.pin)}, ProbeInterval: time.Hour})
	l := awaitFault(t, w, "etl", FaultTLS)
	if !strings.Contains(l.Fault.Message, "authority") {
		t.Errorf("got %+v", l.Fault)
	}
}

// Two servers swap their addresses: neither location takes the other's jobs,
// and nothing can be started at the wrong one.
func TestSwappedServers(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	etl, ml := ca.issue("spiffe://example.com/etl"), ca.issue("spiffe://example.com/ml")
	one, two := hosttest.Start(t, named("etl", serving(etl))), hosttest.Start(t, named("ml", serving(ml)))
	w := open(t, Options{Locations: []host.LocationConfig{overTLS("etl", one, ca, etl.pin), overTLS("ml", two, ca, "spiffe://example.com/ml")}})
	repositories := func() (all []string) {
		for _, j := range w.Jobs() {
			all = append(all, j.Name.Location+"/"+j.Name.Repository)
		}
		return all
	}
	want := []string{"etl/etl", "ml/ml"}
	awaitState(t, w, "etl", host.LocationReady)
	awaitState(t, w, "ml", host.LocationReady)
	if diff := cmp.Diff(want, repositories()); diff != "" {
		t.Fatal(diff)
	}

	become(t, one, named("ml", serving(ml)))
	become(t, two, named("etl", serving(etl)))
	for _, name := range []string{"etl", "ml"} {
		l := awaitFault(t, w, name, FaultIdentity)
		if l.State != host.LocationStale {
			t.Errorf("%s is %s", name, l.State)
		}
		if _, err := w.Conn(name); host.ReasonOf(err) != FaultIdentity {
			t.Errorf("a connection for a launch at %s: %v", name, err)
		}
	}
	if diff := cmp.Diff(want, repositories()); diff != "" {
		t.Error(diff)
	}
	for _, p := range []*hosttest.Peer{one, two} {
		if r := p.Recorded(); len(r.Starts) > 0 {
			t.Errorf("%d starts reached a server", len(r.Starts))
		}
	}

	configure(t, w, overTLS("etl", two, ca, etl.pin), overTLS("ml", one, ca, ml.pin)) // the operator follows
	awaitState(t, w, "etl", host.LocationReady)
	awaitState(t, w, "ml", host.LocationReady)
	if diff := cmp.Diff(want, repositories()); diff != "" {
		t.Error(diff)
	}
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ca, others := newAuthority(t), newAuthority(t)
	server, mine, stranger := ca.issue(), ca.issue(), others.issue()
	for _, version := range []struct {
		name string
		max  uint16
	}{{"TLS12", tls.VersionTLS12}, {"TLS13", tls.VersionTLS13}} {
		for _, c := range []struct {
			name            string
			demand          tls.ClientAuthType
			show            *issued
			code, says      string
			remedy, alsoNot string
		}{
			{"Shown", tls.RequireAndVerifyClientCert, &mine, "", "", "", ""},
			{"NotAskedFor", tls.NoClientCert, &mine, "", "", "", ""},
			{"NoneButOptional", tls.VerifyClientCertIfGiven, nil, "", "", "", ""},
			{"None", tls.RequireAndVerifyClientCert, nil, FaultClientCertificate, "asks for a certificate of this host", "tls.cert_file", "accept"},
			{"OfAnotherAuthority", tls.RequireAndVerifyClientCert, &stranger, FaultTLS, "does not accept the certificate that this host shows", "--client-ca", "none to show"},
		} {
			t.Run(version.name+c.name, func(t *testing.T) {
				t.Parallel()
				config := serving(server)
				config.MaxVersion, config.ClientAuth, config.ClientCAs = version.max, c.demand, ca.pool()
				l := overTLS("etl", hosttest.Start(t, named("etl", config)), ca)
				if c.show != nil {
					l.TLS.CertPEM, l.TLS.KeyPEM = c.show.certPEM, c.show.keyPEM
				}
				w := open(t, Options{Locations: []host.LocationConfig{l}, ProbeInterval: time.Hour})
				got := await(t, w, "etl", func(l Location) bool { return l.State != host.LocationLoading })
				if c.code == "" {
					if got.State != host.LocationReady {
						t.Errorf("got %s %+v", got.State, got.Fault)
					}
					return
				}
				f := got.Fault
				if f == nil || f.Code != c.code || !strings.Contains(f.Message, c.says) || !strings.Contains(f.Remedy, c.remedy) || strings.Contains(f.Message, c.alsoNot) {
					t.Errorf("got %s %+v", got.State, f)
				}
			})
		}
	}
}

// The host's certificate is replaced by configuring the location anew.
func TestClientCertificateRotation(t *testing.T) {
	t.Parallel()
	ca, next := newAuthority(t), newAuthority(t)
	config := serving(ca.issue())
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool()
	p := hosttest.Start(t, named("etl", config))
	l := overTLS("etl", p, ca)
	show := func(c issued) { l.TLS = &host.LocationTLS{CAPEM: l.TLS.CAPEM, CertPEM: c.certPEM, KeyPEM: c.keyPEM} }
	show(ca.issue())
	w := open(t, Options{Locations: []host.LocationConfig{l}})
	awaitState(t, w, "etl", host.LocationReady)

	rotated := serving(ca.issue())
	rotated.ClientAuth, rotated.ClientCAs = tls.RequireAndVerifyClientCert, next.pool()
	become(t, p, named("etl", rotated))
	awaitFault(t, w, "etl", FaultTLS)
	show(next.issue())
	configure(t, w, l)
	awaitState(t, w, "etl", host.LocationReady)
}

func TestInvalidTLSConfig(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	one, two := ca.issue(), ca.issue()
	for _, c := range []struct {
		name        string
		tls         host.LocationTLS
		field, says string
	}{
		{"CA", host.LocationTLS{CAPEM: []byte("x")}, "tls.ca_file", "no PEM certificate"},
		{"CertAlone", host.LocationTLS{CertPEM: one.certPEM}, "tls.cert_file", "needs its key"},
		{"KeyAlone", host.LocationTLS{KeyPEM: one.keyPEM}, "tls.key_file", "needs its certificate"},
		{"CertGarbage", host.LocationTLS{CertPEM: []byte("x"), KeyPEM: one.keyPEM}, "tls.cert_file", "find any PEM"},
		{"KeyGarbage", host.LocationTLS{CertPEM: one.certPEM, KeyPEM: []byte("x")}, "tls.key_file", "find any PEM"},
		{"OtherKey", host.LocationTLS{CertPEM: one.certPEM, KeyPEM: two.keyPEM}, "tls.key_file", "does not match"},
		{"Switched", host.LocationTLS{CertPEM: one.keyPEM, KeyPEM: one.certPEM}, "tls.cert_file", "switched"},
		{"ShortPin", host.LocationTLS{Identity: []string{"sha256:abcd"}}, "tls.identity[0]", "64 hex digits behind it, and there are 4"},
		{"NoHex", host.LocationTLS{Identity: []string{one.pin, "sha256:" + strings.Repeat("x", 64)}}, "tls.identity[1]", "no hex digits"},
		{"NoPrefix", host.LocationTLS{Identity: []string{strings.Repeat("ab", 32)}}, "tls.identity[0]", "sha256: before"},
		{"NoURI", host.LocationTLS{Identity: []string{"example.com"}}, "tls.identity[0]", "nor a URI such as"},
		{"Empty", host.LocationTLS{Identity: []string{""}}, "tls.identity[0]", "nor a URI such as"},
		{"Space", host.LocationTLS{Identity: []string{"spiffe://a b"}}, "tls.identity[0]", "nor a URI such as"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := CheckConfigs([]host.LocationConfig{{Name: "etl", Address: "127.0.0.1:1", TLS: &c.tls}})
			var e *host.Error
			if !errors.As(err, &e) || len(e.Problems) != 1 {
				t.Fatalf("got %v", err)
			}
			if p := e.Problems[0]; p.Field != "locations[0]."+c.field || !strings.Contains(p.Message, c.says) {
				t.Errorf("got %v", p)
			}
		})
	}
	good := host.LocationTLS{CAPEM: ca.pem, CertPEM: one.certPEM, KeyPEM: one.keyPEM, Identity: []string{one.pin, "spiffe://example.com/etl", "urn:example:etl"}}
	if err := CheckConfigs([]host.LocationConfig{{Name: "etl", Address: "127.0.0.1:1", TLS: &good}}); err != nil {
		t.Error(err)
	}
}
