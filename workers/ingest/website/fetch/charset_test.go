package fetch_test

import (
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/website/fetch"
)

var charsets = []struct{ header, body, text, name string }{
	{"text/html", "<p>ascii", "<p>ascii", "windows-1252"},
	{"text/html; charset=utf-8", "<p>ä", "<p>ä", "utf-8"},
	{"text/html; charset=utf-8", "\ufeff<p>ä", "<p>ä", "utf-8"},
	{"text/html", "<p>ä", "<p>ä", "utf-8"},
	{"text/html; charset=iso-8859-1", "<p>\xe4\x80", "<p>ä€", "windows-1252"},
	{"text/html; charset=iso-8859-1", "<p>ä", "<p>ä", "utf-8"},
	{"text/html; charset=utf-8", "<p>\xe4 \xf6", "<p>ä ö", "windows-1252"},
	{"text/html; charset=utf-8", "<p>ä ö ü \xff", "<p>ä ö ü \ufffd", "utf-8"},
	{"text/html", "<meta charset=shift_jis><p>\x93\xfa\x96{", "<meta charset=shift_jis><p>日本", "shift_jis"},
	{"text/html; charset=gb2312", "\xd6\xd0\xce\xc4", "中文", "gbk"},
	{"text/html; charset=nonsense", "<meta charset=koi8-r>\xd0\xd2", "<meta charset=koi8-r>пр", "koi8-r"},
	{"text/html", "\xff\xfe<\x00p\x00\xe4\x00", "<pä", "utf-16le"},
	{"text/html; charset=utf-16be", "\x00<\x00p\x00\xe4", "<pä", "utf-16be"},
	{"text/html", "<\x00p\x00>\x00\xe4\x00", "<p>ä", "utf-16le"},
	{"text/html", "", "", "windows-1252"},
}

func response(header, body string) *fetch.Response {
	return &fetch.Response{Header: http.Header{"Content-Type": {header}}, Body: []byte(body)}
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	for _, c := range charsets {
		text, name, err := response(c.header, c.body).Text()
		require.NoError(t, err)
		require.Equal(t, c.text, text, "%q %q", c.header, c.body)
		require.Equal(t, c.name, name, "%q %q", c.header, c.body)
	}
	r := response("text/html; charset=iso-2022-kr", "\x1b$)C")
	r.URL = parse(t, "https://a.example/")
	_, _, err := r.Text()
	require.Equal(t, fetch.CodeCharset, fetch.CodeOf(err))
}

func FuzzText(f *testing.F) {
	for _, c := range charsets {
		f.Add(c.header, []byte(c.body))
	}
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		r := response(header, string(body))
		r.URL = parse(t, "https://a.example/")
		if text, _, err := r.Text(); err == nil {
			require.True(t, utf8.ValidString(text))
		}
	})
}
