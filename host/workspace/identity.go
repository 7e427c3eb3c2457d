package workspace

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
)

// keyPin is how an identity begins that is the SHA-256 of a public key.
const keyPin = "sha256:"

// identityError says that the server of a valid certificate is another one
// than the location is pinned to.
type identityError struct {
	// answered are all identities of the certificate: its key's, then its URIs.
	answered, wanted []string
}

func (e *identityError) Error() string {
	return fmt.Sprintf("the server is %s, not %s", strings.Join(e.answered, ", "), strings.Join(e.wanted, " or "))
}

// verifyIdentity checks a certificate, which leads to an authority that is
// trusted, against the identities of which one must fit.
func verifyIdentity(leaf *x509.Certificate, wanted []string) error {
	answered := identitiesOf(leaf)
	for _, w := range wanted {
		for _, a := range answered {
			if a == w || strings.HasPrefix(w, keyPin) && strings.EqualFold(a, w) {
				return nil
			}
		}
	}
	return &identityError{answered: answered, wanted: wanted}
}

// identitiesOf are what a certificate can be pinned by.
func identitiesOf(leaf *x509.Certificate) []string {
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	all := []string{keyPin + hex.EncodeToString(sum[:])}
	for _, u := range leaf.URIs {
		// One that is written as a key's would be that key's without anybody having it.
		if text := u.String(); !strings.HasPrefix(text, keyPin) {
			all = append(all, text)
		}
	}
	return all
}

// checkIdentity says what is wrong with the form of a pinned identity.
func checkIdentity(identity string) error {
	digits, isKey := strings.CutPrefix(identity, keyPin)
	switch _, err := hex.DecodeString(digits); {
	case isKey && len(digits) != 2*sha256.Size:
		return fmt.Errorf("sha256: wants %d hex digits behind it, and there are %d characters", 2*sha256.Size, len(digits))
	case isKey && err != nil:
		return fmt.Errorf("what is behind sha256: has characters that are no hex digits")
	case isKey:
		return nil
	case err == nil && len(digits) == 2*sha256.Size:
		return fmt.Errorf("write sha256: before the hex digits")
	}
	u, err := url.Parse(identity)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" || u.String() != identity {
		return fmt.Errorf("it is neither sha256: with the %d hex digits of a public key's SHA-256, nor a URI such as spiffe://example.com/etl", 2*sha256.Size)
	}
	return nil
}
