package har_test

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/har"
)

// devtools is a file as Chrome's developer tools write them.
//
//go:embed testdata/devtools.har
var devtools []byte

func TestAFileOfDevToolsIsRead(t *testing.T) {
	t.Parallel()
	entries, err := har.Read(bytes.NewReader(devtools), 0)
	require.NoError(t, err)
	var addresses []string
	for _, e := range entries {
		addresses = append(addresses, e.Request.Method+" "+e.Request.URL)
	}
	require.Equal(t, []string{"GET https://shop.test/", "GET https://shop.test/app.js", "POST https://shop.test/items", "GET wss://shop.test/live", "GET https://ads.test/track"}, addresses)
	page, script, form, socket, blocked := entries[0], entries[1], entries[2], entries[3], entries[4]
	require.Equal(t, "text/html; charset=utf-8", page.Response.Header.Get("Content-Type"), "text of a file is UTF-8")
	require.Empty(t, page.Response.Header.Get("Content-Encoding"))
	require.Empty(t, page.Request.Header.Get(":authority"))
	body, err := page.Response.Body.Bytes()
	require.NoError(t, err)
	require.Contains(t, string(body), "Crêpes")
	body, err = script.Response.Body.Bytes()
	require.NoError(t, err)
	require.Contains(t, string(body), `fetch("/items"`)
	body, err = form.Request.Body.Bytes()
	require.NoError(t, err)
	require.Equal(t, "name=pear", string(body))
	require.Equal(t, []string{"a=1", "b=2"}, form.Response.Header.Values("Set-Cookie"))
	require.True(t, socket.WebSocket())
	require.Equal(t, "\x00\x01\xff", string(socket.Messages[1].Data))
	require.Nil(t, blocked.Response)
	require.Equal(t, "net::ERR_BLOCKED_BY_CLIENT", blocked.Error.Message)
}

// fileOf is a HAR file of one entry with some members in the place of the usual ones.
func fileOf(entry string) string {
	return `{"log":{"version":"1.2","entries":[` + entry + `]}}`
}

func entryWith(members string) string {
	return fmt.Sprintf(`{"startedDateTime":"2026-03-04T05:06:07Z","time":1,"request":{"method":"GET","url":"https://a.test/","headers":[]},"response":{"status":200,"headers":[],"content":{"text":"x"}},"timings":{}%s}`, members)
}

// hostile are files that want to do harm, or are broken, with what is said of them; "" stands for those that can be read.
var hostile = map[string][2]string{
	"nothing":                {``, "read HAR"},
	"no object":              {`[]`, "no object"},
	"no log":                 {`{"a":1}`, `there is no "log"`},
	"no list":                {`{"log":{"entries":{}}}`, "no list"},
	"cut":                    {fileOf(entryWith(""))[:200], "entry 1"},
	"cut between":            {`{"log":{"entries":[` + entryWith("") + `,`, "entry 2"},
	"deep":                   {fileOf(entryWith(`,"x":` + strings.Repeat("[", 1_000_000))), "entry 1"},
	"deep before":            {`{"a":` + strings.Repeat(`{"a":`, 1_000_000), "read HAR"},
	"deep id":                {fileOf(entryWith(`,"_id":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000))), ""},
	"no time":                {fileOf(strings.Replace(entryWith(""), "2026-03-04T05:06:07Z", "yesterday", 1)), "startedDateTime"},
	"no base64":              {fileOf(strings.Replace(entryWith(""), `"text":"x"`, `"text":"é","encoding":"base64"`, 1)), "base64"},
	"no method":              {fileOf(strings.Replace(entryWith(""), "GET", "", 1)), "no method"},
	"no address":             {fileOf(strings.Replace(entryWith(""), "https://a.test/", "/etc/passwd", 1)), "no absolute http"},
	"another scheme":         {fileOf(strings.Replace(entryWith(""), "https:", "ftp:", 1)), "no absolute http"},
	"a status beyond":        {fileOf(strings.Replace(entryWith(""), `"status":200`, `"status":99999`, 1)), "no status"},
	"times before the start": {fileOf(strings.Replace(entryWith(`,"_id":-5`), `"time":1`, `"time":-1e300`, 1)), ""},
	"endless times":          {fileOf(strings.Replace(entryWith(`,"_eventStreamMessages":[{"time":1e300},{"time":-1e300}]`), `"time":1`, `"time":1e300`, 1)), ""},
	"sizes beyond":           {fileOf(strings.Replace(entryWith(""), `"text":"x"`, `"size":1e300,"text":""`, 1)), ""},
	"a size of a message":    {fileOf(entryWith(`,"_webSocketMessages":[{"type":"send","time":1,"opcode":1,"data":"x","size":9223372036854775807}]`)), ""},
	"the same id":            {fileOf(entryWith(`,"_id":9223372036854775807`) + "," + entryWith(`,"_id":9223372036854775807`)), ""},
	"lines in a header":      {fileOf(strings.Replace(entryWith(""), `"headers":[]`, `"headers":[{"name":"a\r\nb: c","value":"d"},{"name":"e","value":"f\r\nSet-Cookie: g\u0000"}]`, 1)), ""},
}

func TestHostileFilesDoNoHarm(t *testing.T) {
	t.Parallel()
	for name, c := range hostile {
		entries, err := har.Read(strings.NewReader(c[0]), 1<<20)
		if c[1] != "" {
			require.ErrorContains(t, err, c[1], name)
			continue
		}
		require.NoError(t, err, name)
		requireSound(t, entries)
	}
	_, err := har.Read(strings.NewReader(fileOf(entryWith("")+","+strings.Replace(entryWith(""), `"text":"x"`, `"text":"`+strings.Repeat("x", 2000)+`"`, 1))), 1000)
	require.ErrorIs(t, err, har.ErrTooLarge)
}

// requireSound says what holds of all that is read.
func requireSound(t *testing.T, entries []proxy.Entry) {
	t.Helper()
	seen := map[int64]bool{}
	for _, e := range entries {
		require.Positive(t, e.ID)
		require.False(t, seen[e.ID], "an id is there twice")
		seen[e.ID] = true
		require.GreaterOrEqual(t, e.Timings.Total, time.Duration(0))
		require.NotEmpty(t, e.Request.Method)
		for _, h := range e.Request.Header {
			require.NotContains(t, h.Name+h.Value, "\n")
		}
		for _, m := range e.Messages {
			require.GreaterOrEqual(t, m.Size, int64(len(m.Data)))
		}
	}
}

// FuzzRead: what is read is sound, and is the same when it is written and read again.
func FuzzRead(f *testing.F) {
	f.Add(devtools)
	var ours bytes.Buffer
	require.NoError(f, har.Write(&ours, []proxy.Entry{
		answer("text/html", "", []byte("<p>x")), answer("image/png", "", []byte{0, 1, 255}), {ID: 7, Started: began, Request: proxy.Request{Method: "GET", URL: "https://a.test/x"}, Error: &proxy.Failure{Code: proxy.CodeCancelled}},
	}, har.Options{}))
	f.Add(ours.Bytes())
	for _, c := range hostile {
		if len(c[0]) < 1<<14 {
			f.Add([]byte(c[0]))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, err := har.Read(bytes.NewReader(raw), 1<<20)
		if err != nil {
			require.ErrorContains(t, err, "read HAR")
			return
		}
		requireSound(t, entries)
		var written bytes.Buffer
		require.NoError(t, har.Write(&written, entries, har.Options{}))
		again, err := har.Read(bytes.NewReader(written.Bytes()), 0)
		require.NoError(t, err, written.String())
		require.Len(t, again, len(entries))
		for i, e := range entries {
			require.Equal(t, e.ID, again[i].ID)
			require.Equal(t, e.Request.URL, again[i].Request.URL)
			require.Equal(t, e.Response == nil, again[i].Response == nil)
			require.Len(t, again[i].Messages, len(e.Messages))
		}
	})
}
