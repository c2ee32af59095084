package stage

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// samples are messages of every op.
var samples = []string{
	`{"op":"ack","frame":7}`, `{"op":"drive"}`, `{"op":"release"}`, `{"op":"back"}`, `{"op":"forward"}`, `{"op":"reload"}`,
	`{"op":"openTab"}`, `{"op":"pause"}`, `{"op":"resume"}`, `{"op":"stop"}`,
	`{"op":"mouse","type":"down","x":1.5,"y":-2,"button":"left","buttons":1,"modifiers":15,"clickCount":2}`,
	`{"op":"wheel","x":0,"y":0,"dx":-10,"dy":99999,"modifiers":0}`,
	`{"op":"key","type":"down","key":"a","code":"KeyA","text":"a","modifiers":8,"repeat":true,"location":0,"keyCode":65}`,
	`{"op":"text","text":"päste"}`, `{"op":"compose","text":"に","selectionStart":1,"selectionEnd":1}`,
	`{"op":"touch","type":"move","points":[{"x":1,"y":2,"id":0},{"x":1,"y":2,"id":1}]}`, `{"op":"touch","type":"end","points":[]}`,
	`{"op":"navigate","url":"localhost:80"}`, `{"op":"showTab","page":"page2"}`, `{"op":"closeTab","page":"page"}`,
	`{"op":"choose","id":"q1","values":["a"]}`, `{"op":"choose","id":"q1","values":null}`,
	`{"op":"files","id":"q1","files":[{"name":"a b.txt","contentType":"text/plain","data":"aGk="}]}`, `{"op":"files","id":"q1","files":null}`,
	`{"op":"dialog","id":"q1","accept":true,"text":"x"}`, `{"op":"pick","mode":"assert"}`,
	`{"op":"assert","pickId":"p1","claim":"text","not":false,"expected":"a","name":"","match":"exact"}`,
	`{"op":"assert","claim":"url","expected":"/x"}`, `{"op":"viewport","width":390,"height":844}`,
}

func TestEveryOpIsDecoded(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range samples {
		_, err := decode([]byte(s))
		require.NoError(t, err, s)
		op, _, _ := strings.Cut(strings.TrimPrefix(s, `{"op":"`), `"`)
		seen[op] = true
	}
	for op := range commands {
		require.True(t, seen[op], "%s has no sample", op)
	}
}

func TestBadMessagesAreRefused(t *testing.T) {
	t.Parallel()
	for msg, says := range map[string]string{
		``: "not a JSON object", `[]`: "not a JSON object", `{"op":"sing"}`: "unknown op", `{}`: "unknown op",
		`{"op":"back","now":true}`: "back", `{"op":"back"} {}`: "not a JSON object", `{"op":"back","op":"back"}`: "not a JSON object",
		`{"op":"mouse","type":"down"}`:                                                "x and y are needed",
		`{"op":"mouse","type":"down","x":1e999,"y":1}`:                                "mouse",
		`{"op":"mouse","type":"down","x":NaN,"y":1}`:                                  "not a JSON object",
		`{"op":"mouse","type":"down","x":-100001,"y":1}`:                              "beyond",
		`{"op":"mouse","type":"hover","x":1,"y":1}`:                                   "type",
		`{"op":"mouse","type":"up","x":1,"y":1,"button":"back"}`:                      "button",
		`{"op":"mouse","type":"up","x":1,"y":1,"modifiers":16}`:                       "modifiers",
		`{"op":"mouse","type":"up","x":1,"y":1,"clickCount":-1}`:                      "clickCount",
		`{"op":"wheel","x":1,"y":1,"dx":1e6,"dy":0}`:                                  "beyond",
		`{"op":"key","type":"down"}`:                                                  "key or code",
		`{"op":"key","type":"down","key":"a","location":4}`:                           "location",
		`{"op":"ack","frame":-1}`:                                                     "ack",
		`{"op":"ack","frame":4294967296}`:                                             "ack",
		`{"op":"compose","text":"a","selectionStart":2,"selectionEnd":0}`:             "selectionStart",
		`{"op":"touch","type":"start","points":[]}`:                                   "points",
		`{"op":"touch","type":"start","points":[{"x":1,"y":1},{"x":2,"y":2}]}`:        "same id",
		`{"op":"files","id":"a","files":[{"name":"a/b","data":""}]}`:                  "no folder",
		`{"op":"files","id":"a","files":[{"name":"a\u0000","data":""}]}`:              "no folder",
		`{"op":"files","id":"a","files":[{"name":"..","data":""}]}`:                   "name",
		`{"op":"files","id":"a","files":[{"name":"a","data":"%"}]}`:                   "files",
		`{"op":"pick","mode":"all"}`:                                                  "mode",
		`{"op":"assert","claim":"text","expected":"a"}`:                               "target",
		`{"op":"assert","pickId":"p1","claim":"count","expected":"many"}`:             "number",
		`{"op":"assert","pickId":"p1","claim":"shiny"}`:                               "claim",
		`{"op":"viewport","width":0,"height":1}`:                                      "width",
		`{"op":"viewport","width":100000,"height":100}`:                               "width",
		"{\"op\":\"text\",\"text\":\"\xff\"}":                                         "not a JSON object",
		`{"op":"text","text":"` + strings.Repeat("a", MaxPlain) + `"}`:                "more than",
		`{"op":"files","id":"` + strings.Repeat("a", 70) + `","files":null}`:          "id",
		`{"op":"choose","id":"a","values":["a"` + strings.Repeat(`,""`, 10000) + `]}`: "values",
	} {
		_, err := decode([]byte(msg))
		require.ErrorContains(t, err, says, "%.100s", msg)
	}
}

func TestUploadsAreBounded(t *testing.T) {
	t.Parallel()
	file := func(n int) uploadFile { return uploadFile{Name: "a", Data: make([]byte, n)} }
	require.NoError(t, (&files{Files: []uploadFile{file(10 << 20), file(10 << 20)}}).check())
	require.ErrorContains(t, (&files{Files: []uploadFile{file(10 << 20), file(10<<20 + 1)}}).check(), "more than 20971520")
	require.ErrorContains(t, (&files{Files: slices.Repeat([]uploadFile{file(1)}, 101)}).check(), "at most 100")
	large := `{"op":"files","id":"a","files":[{"name":"a","contentType":"","data":"` + strings.Repeat("AAAA", 1<<18) + `"}]}`
	require.Greater(t, len(large), MaxPlain)
	_, err := decode([]byte(large))
	require.NoError(t, err, "a message with files may be larger than others")
	_, err = decode(bytes.Repeat([]byte(" "), MaxMessage+1))
	require.ErrorContains(t, err, "more than")
}

func TestFaultsDoNotRepeatWhatWasTyped(t *testing.T) {
	t.Parallel()
	for _, msg := range []string{
		`{"op":"text","text":"hunter2","hunter2":1}`, `{"op":"key","type":"down","key":"a","text":["hunter2"]}`,
		`{"op":"mouse","type":"hunter2","x":1,"y":2}`, `{"op":"text","text":"hunter2"`,
	} {
		_, err := decode([]byte(msg))
		require.Error(t, err)
		require.NotContains(t, strings.ReplaceAll(err.Error(), "/hunter2", ""), "hunter2", msg)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{"op":"mouse","type":"down","x":1e308,"y":-1e308}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decode(data)
		require.Equal(t, err == nil, c != nil)
		if m, ok := c.(*mouse); ok {
			require.NoError(t, within(maxPlace, *m.X, *m.Y))
		}
		if k, ok := c.(*key); ok {
			k.params()
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add(EncodeFrame(Header{Page: 1, Frame: 2, Width: 3, Height: 4, Millis: 5}, []byte("jpeg")))
	f.Add([]byte{1, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, picture, err := DecodeFrame(data)
		if err == nil {
			require.Equal(t, data, EncodeFrame(h, picture))
		}
	})
}

func TestFrameHeaderIsAsDocumented(t *testing.T) {
	t.Parallel()
	got := EncodeFrame(Header{Page: 0x0102, Frame: 0x03040506, Width: 0x0708, Height: 0x090a, Millis: 0x0b0c0d0e}, []byte{0xff})
	require.Equal(t, []byte{1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff}, got)
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"example.com": "https://example.com", " example.com/a?b#c ": "https://example.com/a?b#c",
		"http://example.com": "http://example.com", "HTTPS://x": "HTTPS://x", "about:blank": "about:blank",
		"localhost": "http://localhost", "localhost:8080/x": "http://localhost:8080/x", "app.localhost": "http://app.localhost",
		"127.0.0.1:5000": "http://127.0.0.1:5000", "[::1]:80/a": "http://[::1]:80/a", "10.0.0.1": "https://10.0.0.1",
		"server:8443/a": "https://server:8443/a", "example.com/?u=http://x": "https://example.com/?u=http://x",
	} {
		got, err := address(typed)
		require.NoError(t, err, typed)
		require.Equal(t, want, got)
	}
	for _, typed := range []string{
		"", "  ", "javascript:alert(1)", "JavaScript:alert(1)", " javascript:1", "file:///etc/passwd", "chrome://crash", "data:text/html,x",
		"view-source:http://x", "about:config", "ftp://x", "http://", "https:///x", "two words", "java\nscript:1", "http://a b/", "user:pw@host", "blob:http://x",
	} {
		got, err := address(typed)
		require.Error(t, err, "%q became %q", typed, got)
	}
}

func TestKeysAreToldAsTheBrowserWantsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key  key
		want map[string]any
	}{
		{key{Type: "down", Key: "a", Code: "KeyA", Text: "a"}, map[string]any{"type": "keyDown", "text": "a", "windowsVirtualKeyCode": 65}},
		{key{Type: "up", Key: "a", Code: "KeyA", Text: "a"}, map[string]any{"type": "keyUp", "text": nil}},
		{key{Type: "down", Key: "a", Code: "KeyA", Text: "a", Modifiers: ctrl}, map[string]any{"type": "rawKeyDown", "text": nil, "commands": nil}},
		{key{Type: "down", Key: "a", Code: "KeyA", Modifiers: meta}, map[string]any{"type": "rawKeyDown", "commands": []string{"selectAll"}}},
		{key{Type: "down", Key: "@", Code: "KeyQ", Text: "@", Modifiers: ctrl | alt}, map[string]any{"type": "keyDown", "text": "@"}},
		{key{Type: "down", Key: "Enter", Code: "NumpadEnter", Location: 3}, map[string]any{"text": "\r", "isKeypad": true, "windowsVirtualKeyCode": 13, "location": nil}},
		{key{Type: "down", Key: "Shift", Code: "ShiftRight", Location: 2}, map[string]any{"type": "rawKeyDown", "location": 2, "windowsVirtualKeyCode": 16}},
		{key{Type: "down", Key: "ö", Code: "Semicolon", Text: "ö"}, map[string]any{"text": "ö", "windowsVirtualKeyCode": 186}},
		{key{Type: "down", Key: "7", Code: "Numpad7", Text: "7", Location: 3}, map[string]any{"windowsVirtualKeyCode": 103}},
		{key{Type: "down", Key: "F5", Code: "F5", KeyCode: 116}, map[string]any{"type": "rawKeyDown", "windowsVirtualKeyCode": 116}},
		{key{Type: "down", Key: "Dead", Code: "BracketLeft"}, map[string]any{"type": "rawKeyDown", "text": nil}},
	} {
		got := c.key.params()
		for name, want := range c.want {
			require.Equal(t, want, got[name], "%s of %+v", name, c.key)
		}
	}
}

func TestConfigNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Quality: 101, KeepFPS: 40})
	for _, name := range []string{"Context", "SessionID", "Quality", "KeepFPS"} {
		require.ErrorContains(t, err, name)
	}
}
