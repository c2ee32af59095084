// Package spa serves the built page from a file system: compressed once, with validators, and with a policy that lets
// no foreign script in.
package spa

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Site is a built page held in memory.
type Site struct {
	files map[string]*file
	index *file
}

type file struct {
	contentType string
	cache       string
	policy      string
	etag        string
	plain       []byte
	brotli      func() []byte
	gzip        func() []byte
}

// New reads the whole file system. It fails when there is no index.html.
func New(files fs.FS) (*Site, error) {
	s := &Site{files: map[string]*file{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || isPacked(name) {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		s.files["/"+name] = newFile(files, name, data)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	if s.index = s.files["/index.html"]; s.index == nil {
		return nil, fmt.Errorf("read the page: %w: index.html", fs.ErrNotExist)
	}
	s.index.policy = policy(s.index.plain)
	return s, nil
}

func newFile(files fs.FS, name string, data []byte) *file {
	sum := sha256.Sum256(data)
	f := &file{
		contentType: contentType(name),
		cache:       "no-cache",
		etag:        hex.EncodeToString(sum[:8]),
		plain:       data,
	}
	// The build puts a hash into the name of everything below assets/.
	if strings.HasPrefix(name, "assets/") {
		f.cache = "public, max-age=31536000, immutable"
	}
	if compressible(f.contentType) && len(data) >= minPacked {
		f.brotli = packed(files, name+".br", data, brotliBytes)
		f.gzip = packed(files, name+".gz", data, gzipBytes)
	}
	return f
}

// Serve answers GET and HEAD. A path without a file is a route of the page if its last segment has no extension: a
// script that is missing must be a 404 and not the page's HTML.
func (s *Site) Serve(c *fiber.Ctx) error {
	if m := c.Method(); m != fiber.MethodGet && m != fiber.MethodHead {
		return fiber.ErrMethodNotAllowed
	}
	f, ok := s.files[c.Path()]
	if !ok {
		if path.Ext(c.Path()) != "" {
			return fiber.ErrNotFound
		}
		f = s.index
	}
	return f.send(c)
}

func (f *file) send(c *fiber.Ctx) error {
	body, encoding := f.choose(c.Get(fiber.HeaderAcceptEncoding))
	etag := `"` + f.etag + encoding + `"`
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderCacheControl, f.cache)
	if f.brotli != nil {
		c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	}
	if f.policy != "" {
		c.Set(fiber.HeaderContentSecurityPolicy, f.policy)
	}
	if matches(c.Get(fiber.HeaderIfNoneMatch), etag) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	if encoding != "" {
		c.Set(fiber.HeaderContentEncoding, encoding)
	}
	c.Set(fiber.HeaderContentType, f.contentType)
	return c.Send(body)
}

func (f *file) choose(accept string) (body []byte, encoding string) {
	if f.brotli == nil {
		return f.plain, ""
	}
	switch best(accept) {
	case "br":
		return f.brotli(), "br"
	case "gzip":
		return f.gzip(), "gzip"
	default:
		return f.plain, ""
	}
}

func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

// contentTypes does not depend on the machine's mime database.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".json": "application/json", ".map": "application/json", ".svg": "image/svg+xml", ".png": "image/png",
	".ico": "image/x-icon", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json",
}

func contentType(name string) string {
	ext := path.Ext(name)
	if t, ok := contentTypes[ext]; ok {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}

var inlineScript = regexp.MustCompile(`(?s)<script(?:\s+type="module")?>(.*?)</script>`)

// policy allows the page's own files and, by their hashes, the scripts written into index.html. Styles may be inline:
// components position themselves with style attributes, and an injected style cannot call out.
func policy(index []byte) string {
	scripts := "'self'"
	for _, m := range inlineScript.FindAllSubmatch(index, -1) {
		sum := sha256.Sum256(m[1])
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'self'; script-src " + scripts + "; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}
