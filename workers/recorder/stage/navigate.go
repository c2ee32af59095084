package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/playwright-community/playwright-go"
)

var (
	schemeOnly = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
	hostPort   = regexp.MustCompile(`^[^/?#:@\s]+:[0-9]+([/?#]|$)`)
	// scripted are schemes that no host is named after, whatever stands behind the colon.
	scripted = regexp.MustCompile(`^(javascript|data|file|blob|about|chrome|view-source):`)
)

// address is what a person typed as a URL that may be opened. What a page must not be sent to by an address bar
// (javascript:, file:, chrome: and whatever is not the web) is refused.
func address(typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	lower := strings.ToLower(typed)
	switch {
	case typed == "":
		return "", errors.New("no address was given")
	case lower == "about:blank":
		return lower, nil
	case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"):
	case scripted.MatchString(lower), schemeOnly.MatchString(typed) && !hostPort.MatchString(typed):
		return "", fmt.Errorf("addresses that begin with %.20q cannot be opened: http and https can", schemeOnly.FindString(lower))
	default:
		typed = withScheme(typed)
	}
	u, err := url.Parse(typed)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(u.Host, " \t\\") {
		return "", errors.New("that is not an address")
	}
	return typed, nil
}

// withScheme adds https://, or http:// for this very machine, where nobody has a certificate.
func withScheme(typed string) string {
	u, err := url.Parse("http://" + typed)
	if err != nil {
		return "https://" + typed
	}
	host := strings.ToLower(u.Hostname())
	ip := net.ParseIP(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback() {
		return "http://" + typed
	}
	return "https://" + typed
}

func (s *Stage) visit(typed string) error {
	to, err := address(typed)
	if err != nil {
		return err
	}
	return s.goTo(Navigation{URL: to})
}

func (s *Stage) history(way string) error { return s.goTo(Navigation{History: way}) }

// goTo takes the shown page somewhere, after the input that came before it. It does not hold up the input after it.
func (s *Stage) goTo(to Navigation) error {
	p, err := s.shown()
	if err != nil {
		return err
	}
	return p.input.do(func() {
		s.spawn(func() {
			err := s.cfg.Navigate(s.ctx, p.pw, to)
			if err != nil && s.ctx.Err() == nil && !p.isGone() && !superseded(err) {
				s.Notice("error", "The page could not be opened: "+reason(err))
			}
			p.isStale()
		})
	})
}

// superseded says that a navigation did not fail: another took its place, or it was a download.
func superseded(err error) bool {
	text := err.Error()
	return strings.Contains(text, "interrupted by another navigation") || strings.Contains(text, "net::ERR_ABORTED")
}

// navigate is what a stage does when nobody else takes pages somewhere.
func navigate(_ context.Context, page playwright.Page, to Navigation) error {
	var err error
	commit := playwright.WaitUntilStateCommit
	switch to.History {
	case "back":
		_, err = page.GoBack(playwright.PageGoBackOptions{WaitUntil: commit})
	case "forward":
		_, err = page.GoForward(playwright.PageGoForwardOptions{WaitUntil: commit})
	case "reload":
		_, err = page.Reload(playwright.PageReloadOptions{WaitUntil: commit})
	default:
		_, err = page.Goto(to.URL, playwright.PageGotoOptions{WaitUntil: commit})
	}
	return err
}
