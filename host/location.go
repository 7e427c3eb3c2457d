package host

import "time"

// LocationConfig is one code location as configured.
type LocationConfig struct {
	// Name is unique in the workspace.
	Name string
	// Address is "host:port" of a user-code server.
	Address string
	// AllowDevVersions shows gated features of servers that report a development version.
	AllowDevVersions bool
	// TLS says how to dial; nil means without TLS.
	TLS *LocationTLS
	// Token is the secret shared with the server; empty means none. Never log it.
	Token string
	// Insecure allows an address off this machine without TLS; everything,
	// the token too, then crosses the network in the clear.
	Insecure bool
	// RefuseStaleLaunches refuses launches while the location does not answer; otherwise their runs wait for it.
	RefuseStaleLaunches bool
	// WaitForCode is how long a run may be WAITING_FOR_CODE before it fails; 0 means for ever.
	WaitForCode time.Duration
}

// LocationTLS is how to dial a location with TLS.
type LocationTLS struct {
	// CAPEM are the certificates that the server's must lead to; empty means the system's.
	CAPEM []byte
	// ServerName is the name that the certificate must have; empty means the host of the address.
	ServerName string
	// CertPEM and KeyPEM are the certificate that this host shows, and its key; empty means none.
	CertPEM, KeyPEM []byte
	// Identity pins who may answer: "sha256:HEX" of the certificate's public key (its SubjectPublicKeyInfo), or a URI that
	// the certificate must name, such as a SPIFFE id. One of them must fit; empty accepts any certificate that CAPEM and
	// ServerName accept.
	Identity []string
}

// LocationState is what is known of a location.
type LocationState string

// The states of a location.
const (
	// LocationLoading means that the first load is under way.
	LocationLoading LocationState = "LOADING"
	// LocationReady means that it answers.
	LocationReady LocationState = "READY"
	// LocationStale means that it does not answer; the last definitions are in use.
	LocationStale LocationState = "STALE"
	// LocationUnavailable means that it does not answer and nothing is known.
	LocationUnavailable LocationState = "UNAVAILABLE"
	// LocationIncompatible means a newer major protocol, or one older than 0.14.0.
	LocationIncompatible LocationState = "INCOMPATIBLE"
	// LocationError means that it was reached, but the exchange failed or its definitions cannot be used.
	LocationError LocationState = "ERROR"
)

// LocationFault is an error of a location that people see.
type LocationFault struct {
	// Code in capitals, for example LOCATION_UNREACHABLE.
	Code string
	// Message says what happened, Remedy what to do.
	Message, Remedy string
	// Since is when it began.
	Since time.Time
}
