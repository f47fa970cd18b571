package sim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync/atomic"
)

// ids issues every random-looking value of a Cloud: it hashes a seed with a
// counter, so that the same seed and the same calls give the same ids, and a
// restored state goes on without repeating one.
type ids struct {
	seed   atomic.Uint64
	issued atomic.Uint64
}

func randomSeed() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:]) | 1
}

func (i *ids) next() [32]byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], i.seed.Load())
	binary.BigEndian.PutUint64(b[8:], i.issued.Add(1))
	return sha256.Sum256(b[:])
}

// tag is the id of accounts, zones, records and tokens: 32 hex digits.
func (i *ids) tag() string {
	sum := i.next()
	return hex.EncodeToString(sum[:16])
}

// aud is the audience of an Access application: 64 hex digits.
func (i *ids) aud() string {
	sum := i.next()
	return hex.EncodeToString(sum[:])
}

// uuid is the id of tunnels, connections, applications and policies.
func (i *ids) uuid() string {
	b := i.next()
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// ray is the cf-ray of one request: 16 hex digits and the data centre.
func (i *ids) ray() string {
	sum := i.next()
	return hex.EncodeToString(sum[:8]) + "-LIS"
}

// secret is 32 bytes, base64, as a tunnel secret is shown.
func (i *ids) secret() string {
	sum := i.next()
	return base64.StdEncoding.EncodeToString(sum[:])
}

// token is an API token in the shape used since 2026: a prefix that tells its
// kind, 40 characters and a checksum.
func (i *ids) token(prefix string) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	a, b := i.next(), i.next()
	body := make([]byte, 40)
	for n := range body {
		body[n] = letters[int(append(a[:], b[:]...)[n])%len(letters)]
	}
	check := sha256.Sum256(body)
	return prefix + string(body) + hex.EncodeToString(check[:4])
}
