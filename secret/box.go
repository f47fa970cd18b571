package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// ErrWrongKey: the bytes were sealed with another key than this box's.
var ErrWrongKey = errors.New("sealed with another key")

// Box seals bytes for the disk and opens them again. It is safe for concurrent
// use. It protects a database, a backup or a disk image that got out without
// the key file beside it; it does not protect from who can read the key file.
type Box struct {
	key *age.X25519Identity
}

// Seal encrypts. Sealing the same bytes twice gives different results.
func (b *Box) Seal(plain []byte) ([]byte, error) {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, b.key.Recipient())
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return sealed.Bytes(), nil
}

// Open gives what Seal was given. Bytes that were changed since are refused;
// bytes of another key give ErrWrongKey.
func (b *Box) Open(sealed []byte) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), b.key)
	var noMatch *age.NoIdentityMatchError
	if errors.As(err, &noMatch) {
		return nil, fmt.Errorf("opening what was sealed: %w", ErrWrongKey)
	}
	if err != nil {
		return nil, fmt.Errorf("opening what was sealed: %w", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("opening what was sealed: %w", err)
	}
	return plain, nil
}
