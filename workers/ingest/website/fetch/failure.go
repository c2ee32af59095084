package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"tapedeck/proxy/egress"
)

// Code names what went wrong.
type Code string

// The codes of a Failure. A status that is no success is Status(n).
const (
	CodeDNS           Code = "dns"
	CodeDenied        Code = "egress_denied"   // a private address, or another that the policy forbids
	CodeConnect       Code = "connect"         // nothing listens, no route
	CodeProxy         Code = "proxy"           // the proxy refused or cannot be reached
	CodeTLS           Code = "tls"             // a certificate or handshake
	CodeTimeout       Code = "timeout"         // Config.Timeout
	CodeProtocol      Code = "protocol"        // no HTTP, or broken off
	CodeRobots        Code = "robots"          // robots.txt forbids it
	CodeRedirectLoop  Code = "redirect_loop"   // a redirect to where it came from
	CodeRedirectLimit Code = "redirect_limit"  // more than Request.MaxRedirects
	CodeRedirect      Code = "redirect_denied" // a redirect to where Request.Allow forbids, or to no URL
	CodeTooLarge      Code = "too_large"       // Config.MaxSize, before or after decompression
	CodeType          Code = "type"            // a content type that is not wanted, or content of another type
	CodeEncoding      Code = "encoding"        // a content encoding that is unknown or broken
	CodeCharset       Code = "charset"         // a character set that is not decoded
	CodeCancelled     Code = "cancelled"       // by the caller
)

// Status is the code of an answer that is neither a success nor a redirect.
func Status(n int) Code { return Code(fmt.Sprintf("status_%d", n)) }

// Failure is the error of everything in this package.
type Failure struct {
	Code    Code
	URL     string // where it happened: the last one of a chain of redirects
	Message string
	Status  int // of the answer, zero when there was none
	// RetryAfter is how long the server asked to be left alone, zero if it did not.
	RetryAfter time.Duration
	// Temporary says that the same request may succeed later.
	Temporary bool
	Err       error
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %s: %s", f.URL, f.Code, f.Message) }

func (f *Failure) Unwrap() error { return f.Err }

// CodeOf is the code of an error, or "" when it is no Failure.
func CodeOf(err error) Code {
	var f *Failure
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func failure(code Code, at, format string, args ...any) *Failure {
	return &Failure{Code: code, URL: at, Message: fmt.Sprintf(format, args...)}
}

// failureOf names an error of the way to an origin.
func failureOf(ctx context.Context, at string, err error) *Failure {
	var own *Failure
	if errors.As(err, &own) {
		return own
	}
	code, temporary := classify(ctx, err)
	return &Failure{Code: code, URL: at, Message: plain(err), Temporary: temporary, Err: err}
}

func classify(ctx context.Context, err error) (code Code, temporary bool) {
	var denied *egress.Denied
	var dns *net.DNSError
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		return CodeCancelled, false
	case errors.As(err, &denied):
		return CodeDenied, false
	case errors.As(err, &op) && (op.Op == "proxyconnect" || op.Op == "socks connect"), strings.Contains(err.Error(), "Proxy Authentication Required"):
		return CodeProxy, false
	case errors.As(err, &dns):
		return CodeDNS, dns.IsTemporary || dns.IsTimeout
	case isTLS(err):
		return CodeTLS, false
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout, true
	case errors.As(err, &op) && op.Op == "dial":
		return CodeConnect, true
	default:
		return CodeProtocol, true
	}
}

func isTLS(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &verify) || errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &authority) ||
		strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "gave HTTP response to HTTPS client")
}

// plain is an error without the method and URL that net/http puts before it: a Failure has them.
func plain(err error) string {
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err.Error()
	}
	return err.Error()
}
