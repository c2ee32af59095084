package shop_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"tapedeck/demo/shop"
)

// world is one shop that a test's visitors go to.
type world struct {
	t    *testing.T
	shop *shop.Shop
	url  string
}

func setup(t *testing.T) *world {
	s := shop.New(shop.Config{Now: func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }})
	srv := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); srv.Close() })
	return &world{t: t, shop: s, url: srv.URL}
}

// visitor is a browser without pictures and scripts; it follows no redirects.
type visitor struct {
	t    *testing.T
	url  string
	http *http.Client
}

func (w *world) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	return &visitor{w.t, w.url, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// customer has signed in with the account that every shop has.
func (w *world) customer() *visitor {
	v := w.visitor()
	v.form("/sign-in", "email", shop.Customer, "password", shop.CustomerPassword).leads("/account")
	return v
}

type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

func (v *visitor) do(method, path, contentType, body string, headers ...string) answer {
	v.t.Helper()
	req, err := http.NewRequest(method, v.url+path, strings.NewReader(body))
	require.NoError(v.t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := v.http.Do(req)
	require.NoError(v.t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	require.NoError(v.t, resp.Body.Close())
	return answer{v.t, resp.StatusCode, resp.Header, string(raw)}
}

func (v *visitor) get(path string) answer { v.t.Helper(); return v.do("GET", path, "", "") }

// form sends names and values in turn.
func (v *visitor) form(path string, values ...string) answer {
	v.t.Helper()
	sent := url.Values{}
	for i := 0; i < len(values); i += 2 {
		sent.Set(values[i], values[i+1])
	}
	return v.do("POST", path, "application/x-www-form-urlencoded", sent.Encode())
}

func (v *visitor) json(method, path, body string) answer {
	v.t.Helper()
	return v.do(method, path, "application/json", body)
}

func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, a.body)
	return a
}

func (a answer) leads(to string) answer {
	a.t.Helper()
	require.Equal(a.t, to, a.is(http.StatusSeeOther).header.Get("Location"))
	return a
}

// says wants texts among what a person reads on the page.
func (a answer) says(texts ...string) answer {
	a.t.Helper()
	read := a.text()
	for _, text := range texts {
		require.Contains(a.t, read, text)
	}
	return a
}

func (a answer) lacks(texts ...string) answer {
	a.t.Helper()
	read := a.text()
	for _, text := range texts {
		require.NotContains(a.t, read, text)
	}
	return a
}

// text is a page without its tags.
func (a answer) text() string {
	var out []string
	z := html.NewTokenizer(strings.NewReader(a.body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
		case html.TextToken:
			out = append(out, string(z.Text()))
		}
	}
}

func (a answer) into(v any) {
	a.t.Helper()
	require.NoError(a.t, json.Unmarshal([]byte(a.body), v, json.MatchCaseInsensitiveNames(true)), a.body)
}

// refused wants a sentence for a script.
func (a answer) refused(status int, field, text string) {
	a.t.Helper()
	var got struct{ Error, Field string }
	a.is(status).into(&got)
	require.Contains(a.t, got.Error, text)
	require.Equal(a.t, field, got.Field)
}

// basket is a cart as scripts are told it.
type basket struct {
	Count                                                 int
	Voucher, Subtotal, Discount, Delivery, Total, Message string
	Lines                                                 []struct {
		Key, Title, Slug, Price, Total string
		Quantity                       int
	}
}

func (a answer) cart() (b basket) {
	a.t.Helper()
	require.Less(a.t, a.status, 300, a.body)
	a.into(&b)
	return b
}

func (v *visitor) add(product string, quantity int) basket {
	v.t.Helper()
	raw, err := json.Marshal(map[string]any{"product": product, "quantity": quantity})
	require.NoError(v.t, err)
	return v.json("POST", "/api/cart", string(raw)).is(http.StatusCreated).cart()
}

// order is a checkout that is right, with changes.
func (v *visitor) order(changes ...string) answer {
	v.t.Helper()
	sent := append([]string{
		"name", "Ada Lindgren", "street", "Path 1", "postcode", "10115", "city", "Berlin", "country", "Germany", "delivery", "standard", "terms", "yes",
	}, changes...)
	return v.form("/checkout", sent...)
}

func long(n int) string { return string(bytes.Repeat([]byte("a"), n)) }
