package tagindex

import "fmt"

// DamageError tells of something stored that cannot be trusted. Nothing that depends on it is answered.
type DamageError struct {
	// Bucket and Key are where it is.
	Bucket string
	Key    []byte
	Err    error
}

func damaged(bucket, key []byte, cause error) error {
	return &DamageError{Bucket: string(bucket), Key: append([]byte(nil), key...), Err: cause}
}

// Error implements error.
func (e *DamageError) Error() string {
	return fmt.Sprintf("the index is damaged: record %x of bucket %s: %v", e.Key, e.Bucket, e.Err)
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }
