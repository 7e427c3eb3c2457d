package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
)

// pemPair is a certificate that signs itself, and its key.
func pemPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func readerOf(path string, fixed ...host.LocationConfig) *configReader {
	return &configReader{path: path, fixed: fixed, limit: defaultMaxInProgress, now: time.Now}
}

func TestConfigIsRead(t *testing.T) {
	dir := t.TempDir()
	cert, key := pemPair(t)
	write(t, dir, "token", "  a-secret\n")
	for name, text := range map[string]string{"ca.pem": cert, "host.pem": cert, "host.key": key} {
		write(t, dir, name, text)
	}
	pin := "sha256:" + strings.Repeat("0a", 32)
	path := write(t, dir, "penstock.yaml", `
# What this host shows.
locations:
  - name: etl
    address: code.example.com:4266
    token_file: token
    stale_launches: refuse
    wait_for_code: 24h
    tls:
      ca_file: ca.pem
      server_name: code
      cert_file: host.pem
      key_file: `+filepath.Join(dir, "host.key")+`
      identity: [`+pin+`, "spiffe://example.com/etl"]
  - {name: dev, address: "127.0.0.1:4266", allow_dev_versions: true, stale_launches: wait}
  - {name: other, address: "127.0.0.1:4267", insecure: true, tls: {identity: `+pin+`}}
queue:
  max_in_progress: 25
`)
	fixed := host.LocationConfig{Name: "flag", Address: "127.0.0.1:1"}
	got, err := readerOf(path, fixed).read()
	if err != nil {
		t.Fatal(err)
	}
	want := &configuration{MaxInProgress: 25, Locations: []host.LocationConfig{
		fixed,
		{
			Name: "etl", Address: "code.example.com:4266", Token: "a-secret", RefuseStaleLaunches: true, WaitForCode: 24 * time.Hour,
			TLS: &host.LocationTLS{CAPEM: []byte(cert), ServerName: "code", CertPEM: []byte(cert), KeyPEM: []byte(key), Identity: []string{pin, "spiffe://example.com/etl"}},
		},
		{Name: "dev", Address: "127.0.0.1:4266", AllowDevVersions: true},
		{Name: "other", Address: "127.0.0.1:4267", Insecure: true, TLS: &host.LocationTLS{Identity: []string{pin}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the configuration (-want +got):\n%s", diff)
	}

	r := readerOf(path)
	r.limit, r.limitGiven = 7, true
	if got, err := r.read(); err != nil || got.MaxInProgress != 7 {
		t.Errorf("with a flag the limit is %+v, %v", got, err)
	}
	for _, text := range []string{"", "# nothing\n\n", "{}", "locations:\nqueue:\n"} {
		got, err := readerOf(write(t, dir, "empty.yaml", text)).read()
		if diff := cmp.Diff(&configuration{MaxInProgress: defaultMaxInProgress}, got); err != nil || diff != "" {
			t.Errorf("read %q: %v\n%s", text, err, diff)
		}
	}
}

// Every mistake has its place, and no mistake is said twice.
func TestConfigValueErrors(t *testing.T) {
	dir := t.TempDir()
	cert, key := pemPair(t)
	_, otherKey := pemPair(t)
	for name, text := range map[string]string{
		"empty": " \n", "cert.pem": cert, "cert.key": key, "other.key": otherKey, "rubbish": "rubbish", "two words": "a b", "large": strings.Repeat("x", maxTokenFile+1),
	} {
		write(t, dir, name, text)
	}
	for _, c := range []struct {
		name, text string
		want       []string // each is the beginning of a line after the path
	}{
		{"Name", "locations:\n- name: a b\n  address: 127.0.0.1:1\n", []string{`2:9: location "a b": `}},
		{"NoName", "locations:\n- address: 127.0.0.1:1\n", []string{`2:3: location "": `}},
		{"Address", "locations:\n- {name: a, address: nowhere}\n", []string{`2:22: location "a": address "nowhere": write it as host:port`}},
		{"NoAddress", "locations:\n- {name: a}\n", []string{`2:3: location "a": address "": write it as host:port`}},
		{"Twice", "locations:\n- {name: a, address: '127.0.0.1:1'}\n- {name: a, address: '127.0.0.1:1'}\n", []string{`3:10: location "a": the name is used twice`}},
		{"TwiceWithFlag", "locations:\n- {name: flag, address: '127.0.0.1:1'}\n", []string{`2:10: location "flag": the name is used twice; the location at "127.0.0.1:2" has it, too`}},
		{"Files", "locations:\n- name: a\n  address: 127.0.0.1:1\n  token_file: gone\n  tls:\n    ca_file: gone.pem\n    cert_file: cert.pem\n    key_file: gone.key\n", []string{
			`4:15: location "a": token_file: `, `6:14: location "a": tls.ca_file: `, `8:15: location "a": tls.key_file: `,
		}},
		{"EmptyFiles", "locations:\n- {name: a, address: '127.0.0.1:1', token_file: empty, tls: {ca_file: empty}}\n", []string{
			`2:49: location "a": token_file: `, `2:71: location "a": tls.ca_file: `,
		}},
		{"Folder", "locations:\n- {name: a, address: '127.0.0.1:1', token_file: .}\n", []string{`2:49: location "a": token_file: `}},
		{"LargeToken", "locations:\n- {name: a, address: '127.0.0.1:1', token_file: large}\n", []string{`2:49: location "a": token_file: `}},
		{"BadToken", "locations:\n- {name: a, address: '127.0.0.1:1', token_file: two words}\n", []string{`2:49: location "a": its token may hold only`}},
		{"BadCA", "locations:\n- {name: a, address: '127.0.0.1:1', tls: {ca_file: rubbish}}\n", []string{`2:52: location "a": its certificate authorities hold no PEM`}},
		{"OtherKey", "locations:\n- {name: a, address: '127.0.0.1:1', tls: {cert_file: cert.pem, key_file: other.key}}\n", []string{`2:74: location "a": the certificate and its key cannot be used`}},
		{"HalfPair", "locations:\n- {name: a, address: '127.0.0.1:1', tls: {cert_file: cert.pem}}\n", []string{`2:54: location "a": a certificate needs its key`}},
		{"Identity", "locations:\n- name: a\n  address: 127.0.0.1:1\n  tls:\n    identity:\n    - sha256:00\n    - spiffe://x/y\n    - example.com\n", []string{
			`6:7: location "a": identity "sha256:00": sha256: wants 64 hex digits behind it, and there are 2`, `8:7: location "a": identity "example.com": it is neither`,
		}},
		{"IdentityText", "locations:\n- {name: a, address: '127.0.0.1:1', tls: {identity: nobody}}\n", []string{`2:53: location "a": identity "nobody"`}},
		{"IdentityMapping", "locations:\n- {name: a, address: '127.0.0.1:1', tls: {identity: {a: b}}}\n", []string{`2:53: location "a": tls.identity is a mapping`}},
		{"IdentityEmpty", "locations:\n- {name: a, address: '127.0.0.1:1', tls: {identity: []}}\n", []string{`2:53: location "a": tls.identity is an empty list`}},
		{"IdentityDeep", "locations:\n- {name: a, address: '127.0.0.1:1', tls: {identity: [[x]]}}\n", []string{`2:53: location "a": tls.identity is a list of something else`}},
		{"Stale", "locations:\n- {name: a, address: '127.0.0.1:1', stale_launches: sometimes}\n", []string{`2:53: location "a": "sometimes" is neither wait nor refuse`}},
		{"WaitWithoutUnit", "locations:\n- {name: a, address: '127.0.0.1:1', wait_for_code: 30}\n", []string{`2:52: location "a": "30" is not a duration`}},
		{"WaitZero", "locations:\n- {name: a, address: '127.0.0.1:1', wait_for_code: 0s}\n", []string{`2:52: location "a": 0s is no time to wait`}},
		{"WaitNegative", "locations:\n- {name: a, address: '127.0.0.1:1', wait_for_code: -1h}\n", []string{`2:52: location "a": -1h is no time to wait`}},
		{"Limit", "queue:\n  max_in_progress: -2\n", []string{`2:20: the most runs in progress cannot be -2`}},
		{"NoValue", "locations:\n- name: a\n  address: 127.0.0.1:1\n  tls:\n  token_file:\n", []string{`4:7: location "a": the field has no value`, `5:14: location "a": the field has no value`}},
		{"NoValueDeep", "locations:\n- {name: a, address: '127.0.0.1:1', tls: {ca_file: ~}}\n", []string{`2:52: location "a": the field has no value`}},
		{"EmptyText", "locations:\n- {name: a, address: '127.0.0.1:1', token_file: '', tls: {ca_file: \"\", server_name: ''}}\n", []string{
			`2:49: location "a": the field has no value`, `2:68: location "a": the field has no value`, `2:85: location "a": the field has no value`,
		}},
		{"EmptyAlias", "locations:\n- {name: &e '', address: '127.0.0.1:1', tls: {ca_file: *e}}\n", []string{`2:10: location "": `, `2:56: location "": the field has no value`}},
		{"Alias", "locations:\n- &a {name: a, address: '127.0.0.1:1', tls: &t {ca_file: rubbish}}\n- {name: b, address: '127.0.0.1:1', tls: *t}\n- {<<: *a, name: c}\n", []string{
			`2:58: location "a": its certificate`, `2:58: location "b": its certificate`, `2:58: location "c": its certificate`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, dir, "p.yaml", c.text)
			got, err := readerOf(path, host.LocationConfig{Name: "flag", Address: "127.0.0.1:2"}).read()
			var wrong *configError
			if !errors.As(err, &wrong) || got != nil {
				t.Fatalf("got %+v, %v, want a configError", got, err)
			}
			if len(wrong.lines) != len(c.want) {
				t.Fatalf("got\n%v\nwant %d problems", err, len(c.want))
			}
			for i, want := range c.want {
				if !strings.HasPrefix(wrong.lines[i], path+":"+want) {
					t.Errorf("problem %d is\n%s, want it to begin with\n%s:%s", i, wrong.lines[i], path, want)
				}
			}
		})
	}
	t.Run("FlagAlone", func(t *testing.T) {
		_, err := readerOf(write(t, dir, "p.yaml", ""), host.LocationConfig{Name: "a b", Address: "127.0.0.1:1"}).read()
		if err == nil || strings.Contains(err.Error(), "p.yaml") || !strings.Contains(err.Error(), `location "a b": `) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("NoFile", func(t *testing.T) {
		for _, path := range []string{filepath.Join(dir, "gone.yaml"), dir} {
			if _, err := readerOf(path).read(); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("read %s: %v", path, err)
			}
		}
	})
	t.Run("TooLarge", func(t *testing.T) {
		path := write(t, dir, "large.yaml", strings.Repeat("#", maxConfigFile+1))
		if _, err := readerOf(path).read(); err == nil || !strings.Contains(err.Error(), "larger than 4194304 bytes") {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add("locations:\n - {name: a, address: b}\nqueue: {max_in_progress: 1}\n")
	f.Add("locations:\n - &a {name: a, tls: {identity: [x, *a]}, wait_for_code: 1h}\n - {<<: *a}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readerOf(write(t, t.TempDir(), "p.yaml", text)).read()
		var wrong *configError
		if err != nil && (!errors.As(err, &wrong) || len(wrong.lines) == 0) || (c == nil) != (err != nil) {
			t.Errorf("read %q: %+v, %v", text, c, err)
		}
	})
}
