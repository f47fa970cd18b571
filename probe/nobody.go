package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"syscall"
)

// unreachedError is an error before there was a connection.
type unreachedError struct{ err error }

func (e *unreachedError) Error() string { return e.err.Error() }
func (e *unreachedError) Unwrap() error { return e.err }

func unreached(err error) bool {
	var u *unreachedError
	return errors.As(err, &u)
}

// refused: the network said no, or nothing. An error of this machine, such as
// too many open files, is no proof of that.
func refused(err error) bool {
	for _, no := range []error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ECONNRESET} {
		if errors.Is(err, no) {
			return true
		}
	}
	return timedOut(err)
}

// nobody says why there was no answer, and the line that tells.
func nobody(err error) (detail string, excerpt []string) {
	if err == nil {
		return "There was no answer.", nil
	}
	if line := clean(err.Error()); line != "" {
		excerpt = []string{line}
	}
	return cause(err), excerpt
}

func cause(err error) string {
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var alert tls.AlertError
	switch {
	case errors.Is(err, errPath):
		return "This path cannot be sent."
	case errors.Is(err, context.Canceled):
		return "The check was interrupted."
	case errors.As(err, &dns) && dns.IsNotFound:
		return "The name does not exist in DNS, or not yet everywhere."
	case errors.As(err, &dns):
		return "The name could not be looked up in DNS."
	case errors.As(err, &authority):
		return "The certificate is not from a trusted authority."
	case errors.As(err, &name):
		return "The certificate is not for this name."
	case errors.As(err, &invalid):
		return "The certificate is not valid."
	case errors.As(err, &alert):
		return "No secure connection could be made; a new name has no certificate for some minutes."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "The connection was refused."
	case timedOut(err):
		return "There was no answer in time."
	}
	return "There was no answer."
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}
