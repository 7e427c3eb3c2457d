package livefile

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Pair is a certificate chain and its key, each in a PEM file. All methods may
// be called concurrently.
type Pair struct{ source *source[*tls.Certificate] }

// NewPair reads both files. The error names them.
func NewPair(certFile, keyFile string, o Options) (*Pair, error) {
	s, err := newSource(o, fmt.Sprintf("the certificate %s and its key %s", certFile, keyFile), func(contents [][]byte) (*tls.Certificate, error) {
		pair, err := tls.X509KeyPair(contents[0], contents[1])
		if err != nil {
			return nil, err
		}
		return &pair, nil
	}, certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return &Pair{s}, nil
}

// Certificate is the one to show now, for [tls.Config.GetCertificate]. It never fails.
func (p *Pair) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return p.source.current(), nil
}

// Authorities are certificates to trust, in a PEM file. All methods may be
// called concurrently.
type Authorities struct{ source *source[*x509.CertPool] }

// NewAuthorities reads the file. The error names it.
func NewAuthorities(path string, o Options) (*Authorities, error) {
	s, err := newSource(o, "the authorities "+path, func(contents [][]byte) (*x509.CertPool, error) {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(contents[0]) {
			return nil, errors.New("there is no PEM certificate in it")
		}
		return pool, nil
	}, path)
	if err != nil {
		return nil, err
	}
	return &Authorities{s}, nil
}

// Pool is the one to trust now. Do not change it.
func (a *Authorities) Pool() *x509.CertPool { return a.source.current() }
