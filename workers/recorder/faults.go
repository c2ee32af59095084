package recorder

import (
	"errors"
	"fmt"
	"strings"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/job"
	"tapedeck/workers"
	"tapedeck/workers/recorder/browser"
)

// Codes of a recording's failure, beside those of the proxy (dns, connect, tls,
// egress_denied, timeout, upstream_proxy, protocol).
const (
	CodeMissing  = "browser_missing" // driver or browser are not installed
	CodeLost     = "browser_lost"    // the browser died: tried again
	CodeCrashed  = "page_crashed"    // the page's renderer died
	CodeURL      = "bad_url"         // the browser does not take the address
	CodeNavigate = "navigation"      // the page could not be loaded, for another reason
	CodeStep     = "step_failed"     // a step of a script could not be done
	CodeLimit    = "time_limit"      // a script took longer than it may
	CodeProfile  = "profile"         // the login profile cannot be used
	CodeFrom     = "from"            // the recording to begin with is not there
)

// explain makes the job's error of what went wrong with the browser. Errors of
// its own kind stay as they are.
func explain(err error) error {
	var own *workers.Error
	switch {
	case err == nil, errors.As(err, &own):
		return err
	case errors.Is(err, browser.ErrMissing):
		return workers.Permanent(CodeMissing, err)
	case errors.Is(err, browser.ErrLost), errors.Is(err, playwright.ErrTargetClosed):
		return &workers.Error{Code: CodeLost, Err: err}
	}
	return err
}

// navigationFault words why the browser did not come to an address.
func navigationFault(err error) error {
	text := firstLine(err)
	code := CodeNavigate
	for sign, c := range map[string]string{
		"ERR_NAME_NOT_RESOLVED": "dns", "ERR_CONNECTION_REFUSED": "connect", "ERR_CERT_": "tls", "ERR_SSL_": "tls",
		"ERR_UNSAFE_PORT": "egress_denied", "invalid URL": CodeURL, "ERR_INVALID_URL": CodeURL, "Timeout": "timeout",
	} {
		if strings.Contains(text, sign) {
			code = c
		}
	}
	return workers.Permanent(code, fmt.Errorf("the page could not be loaded: %s", text))
}

// firstLine is what a driver's error says, without its call log.
func firstLine(err error) string {
	text := err.Error()
	for _, prefix := range []string{"playwright: ", "timeout: ", "Error: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

func asInvalid(err error, target **job.InvalidError) bool { return errors.As(err, target) }
