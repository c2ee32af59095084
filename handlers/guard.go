package handlers

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"tapedeck/handlers/problem"
)

// Until there is auth, what protects a server on loopback is that only pages it serves itself may talk to it. A foreign
// page can reach it in two ways: with its own Origin, or under a name that it rebinds to 127.0.0.1. guard refuses both.
type guard struct {
	hosts   map[string]bool
	origins map[string]bool
}

func newGuard(hosts, origins []string) *guard {
	g := &guard{hosts: map[string]bool{"localhost": true}, origins: map[string]bool{}}
	for _, h := range hosts {
		g.hosts[strings.ToLower(h)] = true
	}
	for _, o := range origins {
		g.origins[strings.ToLower(strings.TrimSuffix(o, "/"))] = true
	}
	return g
}

// ownHosts is the name that the server listens on: whoever set it means to reach the server by it.
func ownHosts(addr string) []string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return nil
	}
	return []string{host}
}

func (g *guard) check(c *fiber.Ctx) error {
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	host := string(c.Request().Host())
	if !g.allowsHost(host) {
		return problem.New(problem.Forbidden, "this server does not answer to this Host; allow it with ALLOWED_HOSTS",
			problem.Field{Path: "header/Host", Message: "not allowed"})
	}
	origin := c.Get(fiber.HeaderOrigin)
	switch {
	case origin == "":
		// A page cannot leave Origin out of a request that changes something, but old browsers could.
		if c.Get("Sec-Fetch-Site") == "cross-site" && c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
			return foreignOrigin()
		}
	case sameOrigin(origin, host):
	case g.origins[strings.ToLower(origin)]:
		c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
		c.Set(fiber.HeaderAccessControlExposeHeaders, "ETag, Location, Retry-After, Idempotent-Replay, X-Request-Id")
		c.Vary(fiber.HeaderOrigin)
		if c.Method() == fiber.MethodOptions {
			return preflight(c)
		}
	default:
		return foreignOrigin()
	}
	return c.Next()
}

func foreignOrigin() error {
	return problem.New(problem.Forbidden, "pages of this origin may not use this server; allow it with ALLOWED_ORIGINS",
		problem.Field{Path: "header/Origin", Message: "not allowed"})
}

func preflight(c *fiber.Ctx) error {
	c.Set(fiber.HeaderAccessControlAllowMethods, "GET, HEAD, POST, PUT, DELETE")
	c.Set(fiber.HeaderAccessControlAllowHeaders, "Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Range")
	c.Set(fiber.HeaderAccessControlMaxAge, "600")
	return c.SendStatus(fiber.StatusNoContent)
}

// allowsHost lets any IP address pass: a rebound name is a name.
func (g *guard) allowsHost(hostport string) bool {
	host := strings.ToLower(hostport)
	if h, port, err := net.SplitHostPort(host); err == nil {
		if strings.Trim(port, "0123456789") != "" {
			return false
		}
		host = h
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return g.hosts[host] || strings.HasSuffix(host, ".localhost")
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, host)
}

const headerRequestID = "X-Request-Id"

type requestIDKey struct{}

// identify gives each request an id: the client's own if it is a harmless one.
func identify(c *fiber.Ctx) error {
	requestID(c)
	return c.Next()
}

// requestID also gives one to a request that fasthttp refused before any middleware saw it.
func requestID(c *fiber.Ctx) string {
	if id, ok := c.Locals(requestIDKey{}).(string); ok {
		return id
	}
	id := c.Get(headerRequestID)
	if harmless(id) {
		id = strings.Clone(id)
	} else {
		id = uuid.NewString()
	}
	c.Locals(requestIDKey{}, id)
	c.Set(headerRequestID, id)
	return id
}

func harmless(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		b := id[i]
		if !('a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-' || b == '_' || b == '.') {
			return false
		}
	}
	return true
}
