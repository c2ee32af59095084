package secretshop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
)

// Marker stands on every page and is no secret: what finds secrets in pictures must find it.
const Marker = "marker7zebra"

// User is the account's name, which is no secret either.
const User = "ada"

// Secrets are what the application itself knows; what a person types it learns.
type Secrets struct {
	// Basic is the password of the page that HTTP authentication protects.
	Basic string
	// Session is the value of a cookie that scripts cannot read.
	Session string
	// Token is an access token in a JSON answer.
	Token string
}

// Point is a place in CSS pixels on a viewport of 1280 × 800.
type Point struct{ X, Y int }

// Where things are to be clicked, on the pages that have them.
var (
	UserField     = Point{640, 120}
	PasswordField = Point{640, 200}
	CardField     = Point{640, 280}
	CodeField     = Point{640, 360}
	SignIn        = Point{640, 440}
	Vault         = Point{640, 720}
)

// Login is what was typed into the form.
type Login struct{ User, Password, Card, Code string }

// Shop is the running application.
type Shop struct {
	*httptest.Server
	secrets Secrets
	key     []byte

	mu     sync.Mutex
	logins []Login
	seen   map[string]int
}

// Start runs the application until the test ends.
func Start(t testing.TB, secrets Secrets) *Shop {
	s := &Shop{secrets: secrets, key: []byte("a key that signs nothing of value"), seen: map[string]int{}}
	mux := http.NewServeMux()
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /{$}": s.form, "POST /login": s.login, "GET /home": s.home, "GET /vault": s.vault,
		"GET /api/me": s.me, "POST /upload": s.upload, "GET /socket": s.socket,
		"GET /brotli": s.brotli, "GET /gzip": s.gzip, "GET /escapes": s.escapes, "GET /entities": s.entities,
		"GET /done": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			handler(w, r)
			s.note(r.URL.Path)
		})
	}
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

func (s *Shop) note(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[path]++
}

// Seen counts the answered requests for a path; a socket counts when it is over.
func (s *Shop) Seen(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[path]
}

// Logins are what was typed so far.
func (s *Shop) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logins)
}

// token is a JSON web token that holds a secret among its claims.
func (s *Shop) token(claim string) string {
	payload, _ := json.Marshal(map[string]any{"sub": User, "note": claim, "exp": 4102444800}, json.Deterministic(true))
	enc := base64.RawURLEncoding
	body := enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc.EncodeToString(payload)
	mac := hmac.New(sha256.New, s.key)
	_, _ = mac.Write([]byte(body))
	return body + "." + enc.EncodeToString(mac.Sum(nil))
}

// Signature is the part of a login's token that makes it valid.
func (s *Shop) Signature(claim string) string {
	token := s.token(claim)
	return token[len(token)-43:]
}

func (s *Shop) vault(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	if !ok || user != User || password != s.secrets.Basic {
		w.Header().Set("WWW-Authenticate", `Basic realm="vault"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	write(w, "text/html; charset=utf-8", fmt.Sprintf(page, "Vault", fmt.Sprintf(
		`<div class=at style="top:120px">vault %s</div><div class=at style="top:200px">%s</div><div class=at style="top:280px">%s</div>`,
		Marker, password, r.Header.Get("Authorization"))))
}

// me takes the token in a header.
func (s *Shop) me(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		http.Error(w, "no token", http.StatusUnauthorized)
		return
	}
	body, _ := json.Marshal(map[string]any{"name": User, "access_token": s.secrets.Token, "via": r.Header.Get("Authorization")}, json.Deterministic(true))
	write(w, "application/json", string(body))
}
