package handlers_test

import (
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
)

// BenchmarkSubmit is the whole way of a submission but for the network: routing, checks, decision, append to the
// memory log, answer.
func BenchmarkSubmit(b *testing.B) {
	bundle := setup(b)
	handle := bundle.server.Handler()
	const body = `{"kind":"any.thing","input":{"text":"hello"},"labels":{"team":"qa"}}`
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var ctx fasthttp.RequestCtx
		for pb.Next() {
			ctx.Request.Reset()
			ctx.Response.Reset()
			ctx.Request.Header.SetMethod(fiber.MethodPost)
			ctx.Request.SetRequestURI("/api/jobs")
			ctx.Request.Header.SetHost("127.0.0.1:8000")
			ctx.Request.Header.SetContentType("application/json")
			ctx.Request.SetBodyString(body)
			handle(&ctx)
			if ctx.Response.StatusCode() != fiber.StatusAccepted {
				require.Failf(b, "refused", "%s", ctx.Response.Body())
			}
		}
	})
}
