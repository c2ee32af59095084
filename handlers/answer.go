package handlers

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofiber/fiber/v2"

	"tapedeck/handlers/problem"
)

func sendProblem(c *fiber.Ctx, p *problem.Problem) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if p.RetryAfter > 0 {
		seconds := int((p.RetryAfter + time.Second - 1) / time.Second)
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(seconds))
	}
	c.Status(p.Status).Response().Header.SetContentType("application/problem+json")
	return c.Send(body)
}

// The forms of an answer that streams.
const (
	formJSON   = fiber.MIMEApplicationJSON
	formNDJSON = "application/x-ndjson"
	formSSE    = "text/event-stream"
)

// form chooses by Accept, JSON when the client does not mind.
func form(c *fiber.Ctx) (string, error) {
	accept := c.Get(fiber.HeaderAccept)
	if accept == "" {
		return formJSON, nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case formNDJSON, "application/ndjson", "application/jsonl":
			return formNDJSON, nil
		case formSSE:
			return formSSE, nil
		case formJSON, "application/*", "*/*":
			return formJSON, nil
		}
	}
	return "", fiber.NewError(fiber.StatusNotAcceptable, "want application/json, application/x-ndjson or text/event-stream")
}

func etag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }

// ifMatch returns the version that a command wants; zero is any.
func ifMatch(c *fiber.Ctx) (uint64, error) {
	h := strings.TrimSpace(c.Get(fiber.HeaderIfMatch))
	if h == "" || h == "*" {
		return 0, nil
	}
	v, err := strconv.ParseUint(strings.Trim(h, `"`), 10, 64)
	if err != nil || v == 0 || h != etag(v) {
		return 0, problem.Field1("header/If-Match", `want one version in quotes, such as "3"`)
	}
	return v, nil
}

func noneMatch(c *fiber.Ctx, tag string) bool {
	for t := range strings.SplitSeq(c.Get(fiber.HeaderIfNoneMatch), ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
			return true
		}
	}
	return false
}
