package sitemap

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBombIsNotInflated: what is beyond the limit is neither read nor kept.
func TestBombIsNotInflated(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, err := io.WriteString(z, "<urlset><url><loc>https://a.example/1</loc></url>"+strings.Repeat(" ", limit)+"<url><loc>https://a.example/2</loc></url></urlset>")
	require.NoError(t, err)
	require.NoError(t, z.Close())
	f, err := parse(&bomb, limit)
	require.NoError(t, err)
	require.Equal(t, []Entry{{Loc: "https://a.example/1"}}, f.Pages)
	require.Contains(t, f.Notes, "larger than 1 MiB: the rest was not read")
}
