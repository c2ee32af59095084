package bucket

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"gocloud.dev/gcerrors"
)

// Code says what kind of an error it is.
type Code string

// The codes. Of them, only Unavailable may be gone at another try.
const (
	Invalid     Code = "invalid"
	NotAllowed  Code = "not_allowed"
	NotFound    Code = "not_found"
	Forbidden   Code = "forbidden"
	Unavailable Code = "unavailable"
)

// Error says in a sentence why a bucket or an object cannot be read.
type Error struct {
	Code    Code
	Message string
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// refused are the words of S3's stores for credentials that do not fit, for which gocloud has no code.
var refused = []string{"AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed", "PermanentRedirect"}

// explain makes an error of a store a sentence; the context's own error stays as it is.
func explain(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var said smithy.APIError
	isS3 := errors.As(err, &said)
	switch code := gcerrors.Code(err); {
	case code == gcerrors.NotFound:
		return &Error{NotFound, what + ": there is no such bucket, or no such object in it"}
	case isS3 && slices.Contains(refused, said.ErrorCode()):
		return &Error{Forbidden, what + ": the store refuses the server's credentials: " + said.ErrorCode()}
	case code == gcerrors.PermissionDenied || noCredentials(err):
		return &Error{Forbidden, what + ": the server's credentials do not open it; set them in its environment"}
	case code == gcerrors.InvalidArgument:
		return &Error{Invalid, what + ": " + firstLine(err)}
	}
	return &Error{Unavailable, what + ": " + firstLine(err)}
}

// noCredentials recognises what the drivers say when the process has none.
func noCredentials(err error) bool {
	text := err.Error()
	for _, s := range []string{"could not find default credentials", "failed to refresh cached credentials", "no EC2 IMDS role found", "AccountName is required"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// firstLine is the beginning of what a driver says; an answer's body may follow it.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if r := []rune(line); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return line
}
