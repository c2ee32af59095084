package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tapedeck/handlers/problem"
)

// door asks for the token, when there is one: programs show it as a bearer token, the page's person types it once and
// gets a cookie that stands for it. A server without a token lets everybody in, and is on loopback.
type door struct {
	token  string
	cookie string // what the cookie holds: not the token, but good as long as it is
}

const (
	doorCookie   = "tapedeck_token"
	cookieLasts  = 30 * 24 * time.Hour
	bearerPrefix = "Bearer "
)

func newDoor(token string) *door {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("tapedeck/cookie"))
	return &door{token: token, cookie: base64.RawURLEncoding.EncodeToString(mac.Sum(nil))}
}

func (d *door) check(c *fiber.Ctx) error {
	if d.token == "" || open(c.Path()) || d.opens(c) {
		return c.Next()
	}
	c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="tapedeck"`)
	return problem.New(problem.Unauthorized, "this server asks for its token: sign in on the page, or send Authorization: Bearer TOKEN")
}

// open says what needs no token: the page, which holds no data, the way in, and the sign of life.
func open(path string) bool {
	return path == "/healthz" || path == "/api/login" ||
		!strings.HasPrefix(path, "/api/") && path != "/api" && path != "/metrics" && path != "/readyz"
}

func (d *door) opens(c *fiber.Ctx) bool {
	if bearer, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), bearerPrefix); ok {
		return same(bearer, d.token)
	}
	return same(c.Cookies(doorCookie), d.cookie)
}

func same(given, want string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want)) // of one length, whatever was given
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (s *Server) mountDoor() {
	s.post("/api/login", s.login)
	s.post("/api/logout", s.logout)
}

// login exchanges the token for a cookie that scripts cannot read and other sites' pages do not send.
func (s *Server) login(c *fiber.Ctx) error {
	var b struct {
		Token string `json:"token"`
	}
	if err := readBody(c, &b); err != nil {
		return err
	}
	if s.door.token != "" && !same(b.Token, s.door.token) {
		return problem.New(problem.Unauthorized, "that is not this server's token")
	}
	s.setCookie(c, s.door.cookie, time.Now().Add(cookieLasts))
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) logout(c *fiber.Ctx) error {
	s.setCookie(c, "", time.Unix(1, 0))
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) setCookie(c *fiber.Ctx, value string, expires time.Time) {
	c.Cookie(&fiber.Cookie{
		Name: doorCookie, Value: value, Path: "/", Expires: expires, HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode,
		Secure: c.Protocol() == "https",
	})
}
