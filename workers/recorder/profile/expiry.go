package profile

import (
	"encoding/base64"
	"math"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// storage is the part of Playwright's storage state that says how long a login lasts.
type storage struct {
	Cookies []struct {
		Value    string  `json:"value"`
		Expires  float64 `json:"expires"` // seconds since 1970; -1 is until the browser ends
		HTTPOnly bool    `json:"httpOnly"`
	} `json:"cookies"`
	Origins []struct {
		LocalStorage []struct {
			Value string `json:"value"`
		} `json:"localStorage"`
	} `json:"origins"`
}

// Expiry is when the login in a storage state is expected to end: when the first of its HttpOnly cookies does, which
// are those that no script of the page can refresh (of all cookies when there is none of these), or the first JSON web
// token. Zero when nothing in it says so.
func Expiry(state []byte) time.Time {
	var s storage
	if json.Unmarshal(state, &s) != nil {
		return time.Time{}
	}
	var guarded, any, first time.Time
	for _, c := range s.Cookies {
		if c.Expires > 0 && c.Expires < math.MaxInt32*100 {
			at := time.Unix(int64(c.Expires), 0).UTC()
			any = earlier(any, at)
			if c.HTTPOnly {
				guarded = earlier(guarded, at)
			}
		}
		first = earlier(first, tokenExpiry(c.Value))
	}
	for _, o := range s.Origins {
		for _, entry := range o.LocalStorage {
			first = earlier(first, tokenExpiry(entry.Value))
		}
	}
	if guarded.IsZero() {
		guarded = any
	}
	return earlier(guarded, first)
}

// earlier treats zero as never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// tokenExpiry is the exp claim (RFC 7519, 4.1.4) of the first JSON web token in a text.
func tokenExpiry(text string) time.Time {
	_, rest, ok := strings.Cut(text, "eyJ")
	if !ok {
		return time.Time{}
	}
	parts := strings.SplitN(rest, ".", 3)
	if len(parts) < 3 {
		return time.Time{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims.Exp <= 0 || claims.Exp > math.MaxInt32*100 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Exp), 0).UTC()
}
