package e2e

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/internal/proctest"
	"tapedeck/internal/tapedecktest"
)

type demoInfo struct {
	Demo *struct {
		URL string `json:"url"`
	} `json:"demo"`
}

// page is what is at an address.
func page(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return string(body)
}

// The demo shop stands beside the server that was asked for it, says where, and ends with it.
func TestTheDemoShopIsServedWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	plain := tapedecktest.Start(t, "serve")
	var info demoInfo
	require.NoError(t, plain.Client().Get(ctx, "/api/info", nil, &info))
	require.Nil(t, info.Demo)
	require.NotContains(t, plain.Log(), "demo shop")

	server := tapedecktest.Start(t, "serve", "DEMO=1", "RECORDER_ALLOW_LOOPBACK=0")
	require.NoError(t, server.Client().Get(ctx, "/api/info", nil, &info))
	require.NotNil(t, info.Demo)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, info.Demo.URL)
	require.Contains(t, server.Log(), info.Demo.URL)
	require.Contains(t, server.Log(), "RECORDER_ALLOW_LOOPBACK=1 lets them")
	require.Contains(t, page(ctx, t, info.Demo.URL), "Fernway")

	// Its port is taken: that is said with what to do, and nothing else begins.
	_, stderr, code := tapedecktest.Run(ctx, t, []string{
		"DATA_DIR=" + t.TempDir(), "API_PORT=0", "DEMO=1", "DEMO_PORT=" + info.Demo.URL[strings.LastIndex(info.Demo.URL, ":")+1:],
	}, "serve")
	require.NotZero(t, code)
	require.Contains(t, stderr, "DEMO_PORT sets it, DEMO=0 does without")

	require.NoError(t, server.Stop())
	_, err := http.Get(info.Demo.URL)
	require.Error(t, err)
}

var firstURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func TestTheDemoShopIsServedAlone(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	p, err := proctest.Start(exec.Command(tapedecktest.Binary(t), "demo"), func(line string) bool { return strings.Contains(line, "Sign in as") })
	require.NoError(t, err)
	require.Contains(t, page(ctx, t, firstURL.FindString(p.Log())), "Fernway")
	require.NoError(t, p.Stop())
	_, stderr, code := tapedecktest.Run(ctx, t, nil, "demo", "--port", "70000")
	require.NotZero(t, code)
	require.Contains(t, stderr, "70000 is no port")
}
