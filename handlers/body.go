package handlers

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/handlers/problem"
)

// limitBody reads the body of every route but those that take a stream, which bound it themselves.
func (s *Server) limitBody(c *fiber.Ctx) error {
	stream := c.Context().RequestBodyStream()
	if stream == nil || c.Path() == documentsPath || c.Path() == verifyPath || c.Path() == pipelinesPath && isForm(c) {
		return c.Next()
	}
	raw, err := io.ReadAll(io.LimitReader(stream, int64(s.cfg.BodyLimit)+1))
	if err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "the body ended too early")
	}
	if len(raw) > s.cfg.BodyLimit {
		return fiber.ErrRequestEntityTooLarge
	}
	_ = c.Request().CloseBodyStream()
	c.Request().SetBodyRaw(raw)
	return c.Next()
}

const documentsPath = "/api/ingest/documents"

// maxDepth bounds how deep a body may nest: what is stored is read, folded and shown again by many.
const maxDepth = 64

// rawBody is the request's JSON. It is fiber's memory, gone after the handler.
func rawBody(c *fiber.Ctx) ([]byte, error) {
	kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), fiber.MIMEApplicationJSON) {
		return nil, fiber.NewError(fiber.StatusUnsupportedMediaType, "want application/json")
	}
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return nil, fiber.NewError(fiber.StatusUnsupportedMediaType, "want a body that is not compressed")
	}
	raw := c.Request().Body()
	if tooDeep(raw) {
		return nil, problem.Field1("", "the JSON nests too deep")
	}
	return raw, nil
}

// optionalBody decodes a body if there is one.
func optionalBody(c *fiber.Ctx, v any) error {
	if len(c.Request().Body()) == 0 {
		return nil
	}
	return readBody(c, v)
}

func readBody(c *fiber.Ctx, v any) error {
	raw, err := rawBody(c)
	if err != nil {
		return err
	}
	return decode(raw, v, "")
}

// decode is strict: no unknown, repeated or mistyped member, no bytes that are not UTF-8. prefix is where raw stands in
// the body.
func decode(raw []byte, v any, prefix string) error {
	err := json.Unmarshal(raw, v, json.RejectUnknownMembers(true))
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return problem.Field1(prefix+string(semantic.JSONPointer), "unknown member")
	case errors.As(err, &syntactic):
		return problem.Field1(prefix+string(syntactic.JSONPointer), "not valid JSON: "+reason(syntactic.Err))
	case errors.As(err, &semantic):
		return problem.Field1(prefix+string(semantic.JSONPointer), wrongType(semantic))
	}
	return problem.Field1(prefix, "not valid JSON")
}

func reason(err error) string {
	if err == nil {
		return "it ends too early"
	}
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}

func wrongType(err *json.SemanticError) string {
	if err.Err != nil {
		return strings.TrimPrefix(err.Err.Error(), "json: ")
	}
	return "wrong type"
}

// tooDeep counts brackets outside of strings, before anything is parsed.
func tooDeep(raw []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case inString && b == '\\':
			i++
		case b == '"':
			inString = !inString
		case inString:
		case b == '{' || b == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return false
}

func isArray(raw []byte) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '['
}
