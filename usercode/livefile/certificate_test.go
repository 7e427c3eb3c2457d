package livefile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// generate makes a certificate that signs itself, and its key.
func generate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}}
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

// notes are what a Pair or Authorities noted; "" is that new files came into use.
type notes struct{ all []string }

func (n *notes) options() Options {
	return Options{Now: time.Now, Note: func(err error) { n.all = append(n.all, text(err)) }}
}

// take answers whether the next notes contain the wanted texts, no less and no more.
func (n *notes) want(t *testing.T, want ...string) {
	t.Helper()
	if len(n.all) != len(want) {
		t.Fatalf("noted %q, want %q", n.all, want)
	}
	for i := range want {
		if !strings.Contains(n.all[i], want[i]) || want[i] == "" && n.all[i] != "" {
			t.Errorf("noted %q, want %q", n.all[i], want[i])
		}
	}
	n.all = nil
}

func TestPair(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "c.pem"), filepath.Join(dir, "c.key")
	cert1, key1 := generate(t)
	cert2, key2 := generate(t)
	n := &notes{}
	for _, wrong := range []struct{ cert, key, want string }{
		{"", "", "no such file"}, {cert1, "x", "c.key: tls: failed to find any PEM data in key input"}, {cert1, key2, "does not match"},
	} {
		if wrong.cert != "" {
			write(t, certFile, wrong.cert)
			write(t, keyFile, wrong.key)
		}
		if _, err := NewPair(certFile, keyFile, n.options()); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("got %v, want %q", err, wrong.want)
		}
	}
	write(t, keyFile, key1)
	p, err := NewPair(certFile, keyFile, n.options())
	if err != nil {
		t.Fatal(err)
	}
	shows := func(want string) {
		t.Helper()
		got, err := p.Certificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		if block, _ := pem.Decode([]byte(want)); !bytes.Equal(got.Certificate[0], block.Bytes) {
			t.Error("another certificate is in use")
		}
	}
	shows(cert1)
	n.want(t)
	write(t, certFile, cert2) // half of a renewal
	shows(cert1)
	shows(cert1)
	n.want(t, "does not match")
	write(t, keyFile, key2)
	shows(cert2)
	shows(cert2)
	n.want(t, "")
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	shows(cert2)
	write(t, certFile, "rubbish")
	shows(cert2)
	n.want(t, "no such file")
	write(t, keyFile, key2)
	shows(cert2)
	n.want(t, "find any PEM data")
	write(t, certFile, cert2)
	shows(cert2)
	n.want(t, "")
}

func TestAuthorities(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.pem")
	one, _ := generate(t)
	two, _ := generate(t)
	n := &notes{}
	write(t, path, "x")
	if _, err := NewAuthorities(path, n.options()); err == nil || !strings.Contains(err.Error(), "ca.pem: there is no PEM certificate") {
		t.Errorf("got %v", err)
	}
	write(t, path, one)
	a, err := NewAuthorities(path, n.options())
	if err != nil {
		t.Fatal(err)
	}
	pool := func(text string) *x509.CertPool {
		p := x509.NewCertPool()
		p.AppendCertsFromPEM([]byte(text))
		return p
	}
	if !a.Pool().Equal(pool(one)) {
		t.Error("not the authority of the file")
	}
	write(t, path, one+two)
	if !a.Pool().Equal(pool(one + two)) {
		t.Error("the second authority is not trusted")
	}
	write(t, path, "")
	if !a.Pool().Equal(pool(one + two)) {
		t.Error("an empty file was used")
	}
	n.want(t, "", "there is no PEM certificate in it")
}

func TestConcurrently(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "c.pem"), filepath.Join(dir, "c.key")
	cert, key := generate(t)
	write(t, certFile, cert)
	write(t, keyFile, key)
	p, err := NewPair(certFile, keyFile, Options{Now: time.Now, Note: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				if c, err := p.Certificate(nil); err != nil || c == nil {
					t.Errorf("got %v, %v", c, err)
				}
			}
		})
	}
	for range 20 {
		cert, key := generate(t)
		write(t, certFile, cert)
		write(t, keyFile, key)
	}
	group.Wait()
}
