package mask_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/workers/recorder/mask"
)

const secret = `Hünter2!&"<x>`

func masker() *mask.Masker { return mask.New([]byte("a key that nobody keeps")) }

func TestAPlaceholderKeepsTheFormat(t *testing.T) {
	t.Parallel()
	m := masker()
	got := m.Declare(mask.Password, "password", "Hunter-2024")
	require.Regexp(t, `^[A-Z][a-z]{5}-[1-9]0[1-9]{2}$`, got)
	require.NotEqual(t, "Hunter-2024", got)
	require.Equal(t, got, m.Declare(mask.Password, "again", "Hunter-2024"), "the same value, the same placeholder")
	require.NotEqual(t, got, mask.New([]byte("another")).Declare(mask.Password, "p", "Hunter-2024"))
	require.Equal(t, "________", m.Declare(mask.Password, "p", "!!!!!!!!"))
	require.Empty(t, m.Declare(mask.Password, "p", ""))
}

// forms are the ways in which a value may stand in what is written.
func forms(s string) map[string]string {
	quoted, _ := jsontext.AppendQuote(nil, s)
	var unicode, html, mixed, percent strings.Builder
	for i, r := range s {
		fmt.Fprintf(&html, "&#%d;", r)
		fmt.Fprintf(&unicode, `\u%04X`, r)
		if i%2 == 0 {
			fmt.Fprintf(&mixed, `\u%04x`, r)
		} else {
			mixed.WriteRune(r)
		}
	}
	for _, b := range []byte(s) {
		fmt.Fprintf(&percent, "%%%02x", b)
	}
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
	return map[string]string{
		"raw": s, "query": url.QueryEscape(s), "path": url.PathEscape(s), "percent": percent.String(),
		"twice percent": url.QueryEscape(url.QueryEscape(s)), "json": string(quoted[1 : len(quoted)-1]), "unicode": unicode.String(),
		"mixed": mixed.String(), "entities": html.String(), "html": escaped, "double html": strings.ReplaceAll(escaped, "&", "&amp;"),
		"base64": base64.StdEncoding.EncodeToString([]byte(s)), "base64 url": base64.RawURLEncoding.EncodeToString([]byte(s)),
		"base64 at 1":     base64.StdEncoding.EncodeToString([]byte("u:" + s + ":rest")),
		"base64 in a URL": "https://x/" + base64.RawURLEncoding.EncodeToString([]byte(`{"p":"`+s+`"}`)) + "/y",
		"base64 twice":    base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s)))),
	}
}

func TestASecretIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	for name, text := range forms(secret) {
		for _, around := range []string{"%s", "before %s after", `{"a":"%s"}`, "x=%s&y"} {
			m := masker()
			m.Declare(mask.Password, "p", secret)
			in := fmt.Sprintf(around, text)
			out := m.Text(in)
			require.NotContains(t, out, text, "%s in %s", name, around)
			require.NotEmpty(t, m.Report()[mask.Password], name)
			require.Equal(t, out, m.Text(out), "%s: masking again changes nothing", name)
		}
	}
}

func TestASecretIsFoundAcrossTags(t *testing.T) {
	t.Parallel()
	m := masker()
	m.Declare(mask.Password, "p", "canary-7531-abc")
	page := `<p>canary-<b class="x">75<!-- c -->31</b>-a<i>bc</i></p>`
	out := string(m.Body("text/html; charset=utf-8", []byte(page)))
	require.Regexp(t, `^<p>[a-z]{6}-<b class="x">\d\d<!-- c -->\d\d</b>-[a-z]<i>[a-z]{2}</i></p>$`, out)
	require.NotEqual(t, page, out)
}

func TestShortSecretsAreMaskedWhereTheyStand(t *testing.T) {
	t.Parallel()
	m := masker()
	out := string(m.Body("application/json", []byte(`{ "pin": "1234", "year": "1234" , "otp":4321}`)))
	require.Regexp(t, `^\{ "pin": "\d{4}", "year": "1234" , "otp":\d{4}\}$`, out)
	require.NotContains(t, out, `"pin": "1234"`)
	require.Equal(t, []string{"otp", "pin"}, m.Short())
}

func TestPlacesOfSecrets(t *testing.T) {
	t.Parallel()
	m := masker()
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("ada:open-sesame-1"))
	got := m.Header("Authorization", basic)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got, "Basic "))
	require.NoError(t, err)
	require.Regexp(t, `^ada:[a-z]{4}-[a-z]{6}-[1-9]$`, string(raw))
	require.NotContains(t, m.Text("echo open-sesame-1"), "open-sesame-1", "what was learned is found elsewhere")

	require.Regexp(t, `^Bearer [a-z]{3}_`, m.Header("authorization", "Bearer abc_DEF123456"))
	set := m.Header("Set-Cookie", "sid=a1b2c3d4e5f6g7; Path=/; HttpOnly; SameSite=Lax")
	require.Regexp(t, `^sid=[a-z1-9]{14}; Path=/; HttpOnly; SameSite=Lax$`, set)
	value := strings.TrimPrefix(strings.Split(set, ";")[0], "sid=")
	require.Equal(t, "theme="+strings.Split(m.Header("Cookie", "theme=dark"), "=")[1], m.Header("Cookie", "theme=dark"))
	require.Contains(t, m.Header("Cookie", "a=b; sid=a1b2c3d4e5f6g7"), "sid="+value, "the same in both directions")
	require.Equal(t, "a dark theme", m.Text("a dark theme"), "a word is no secret")

	u := m.URL("https://ada:pass-word-9@host:8443/p%20a?token=ABCdef123456&q=a+b&state=open#access_token=ZZ99zz88YY77")
	require.Regexp(t, `^https://ada:[a-z]{4}-[a-z]{4}-[1-9]@host:8443/p%20a\?token=[A-Z]{3}[a-z]{3}[1-9]{6}&q=a\+b&state=open#access_token=[A-Z]{2}[1-9]{2}`, u)
	require.NotContains(t, u, "ABCdef123456")

	form := string(m.Body("application/x-www-form-urlencoded", []byte("user=ada&password=letmein77")))
	require.Regexp(t, `^user=ada&password=[a-z]{7}[1-9]{2}$`, form)
	require.NotContains(t, form, "letmein77")
}

func TestAFormKeepsItsParts(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	require.NoError(t, w.WriteField("user", "ada"))
	require.NoError(t, w.WriteField("password", "canary-in-form"))
	part, err := w.CreateFormFile("file", "a.txt")
	require.NoError(t, err)
	_, err = part.Write([]byte("it says canary-in-form too"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	m := masker()
	out := m.Body(w.FormDataContentType(), body.Bytes())
	require.NotContains(t, string(out), "canary-in-form")
	form, err := multipart.NewReader(bytes.NewReader(out), w.Boundary()).ReadForm(1 << 20)
	require.NoError(t, err)
	require.Equal(t, "ada", form.Value["user"][0])
	require.Len(t, form.Value["password"][0], len("canary-in-form"))
}

func TestATokenKeepsItsClaims(t *testing.T) {
	t.Parallel()
	m := masker()
	m.Declare(mask.Declared, "card", "canary-in-claim")
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`))
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"ada","card":"canary-in-claim","exp":1900000000,"session_token":"abc12345"}`))
	token := header + "." + claims + ".c2lnbmF0dXJlLWJ5dGVz"
	for _, out := range []string{m.Text("t=" + token + ";"), string(m.Body("application/json", []byte(`{"access_token":"`+token+`"}`))), m.Header("Authorization", "Bearer "+token)} {
		require.NotContains(t, out, "c2lnbmF0dXJlLWJ5dGVz")
		require.NotContains(t, out, claims)
		parts := strings.Split(out, ".")
		require.Len(t, parts, 3)
		raw, err := base64.RawURLEncoding.DecodeString(parts[1])
		require.NoError(t, err)
		var got map[string]any
		require.NoError(t, json.Unmarshal(raw, &got))
		require.Equal(t, "ada", got["sub"])
		require.EqualValues(t, 1900000000, got["exp"])
		require.NotEqual(t, "canary-in-claim", got["card"])
		require.NotEqual(t, "abc12345", got["session_token"])
		require.Contains(t, parts[2], "dead-")
	}
}

func TestWhatIsNotSecretStays(t *testing.T) {
	t.Parallel()
	m := masker()
	m.Declare(mask.Password, "p", "correct horse")
	for _, s := range []string{"", "plain", `{"a":[1,2,{"b":null}]}`, "%zz \\u12 &#; &bogus; <a", "eyJx.eyJy.zzzzzzzz", strings.Repeat("A", 1000)} {
		require.Equal(t, s, m.Text(s))
		require.Equal(t, s, string(m.Body("application/json", []byte(s))))
		require.Equal(t, s, string(m.Body("text/html", []byte(s))))
		require.Equal(t, s, string(m.Body("multipart/form-data; boundary=x", []byte(s))))
	}
}

// Whatever stands around a secret, it does not come through, and JSON stays JSON.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[a-zA-Z]{2}([a-zA-Z0-9äß"\\&<%+ ]|%25|\\\\|&amp;){6,12}`).Draw(t, "secret")
		m := masker()
		m.Declare(mask.Password, "p", value)
		doc, err := json.Marshal(map[string]string{rapid.String().Draw(t, "name"): rapid.String().Draw(t, "a") + value + rapid.String().Draw(t, "b")},
			jsontext.AllowInvalidUTF8(true))
		require.NoError(t, err)
		out := m.Body("application/json", doc)
		require.True(t, jsontext.Value(out).IsValid(), "%s", out)
		var back map[string]string
		require.NoError(t, json.Unmarshal(out, &back))
		for _, v := range back {
			require.NotContains(t, v, value)
		}
		for name, form := range forms(value) {
			require.NotContains(t, m.Text("x="+form+"&y"), form, name)
		}
	})
}

// What looks escaped again and again is not tried in all of its ways one after the other.
func TestAnEscapeOfEscapesIsReadOnce(t *testing.T) {
	t.Parallel()
	m := masker()
	m.Declare(mask.Password, "p", strings.Repeat(`\\`, 200)+"end")
	text := strings.Repeat(`\\`, 1200)
	require.Equal(t, text, m.Text(text))
}

func FuzzMasker(f *testing.F) {
	for name, form := range forms(secret) {
		f.Add("application/json", `{"token":"`+form+`"}`)
		f.Add("text/html", "<p>"+name+form)
		f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n"+form+"\r\n--b--")
	}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		m := masker()
		m.Declare(mask.Password, "p", secret)
		require.NotContains(t, string(m.Body(contentType, []byte(body))), secret)
		require.NotContains(t, m.URL(body), secret)
		require.NotContains(t, m.Header(contentType, body), secret)
		require.NotContains(t, m.Text(body), secret)
	})
}
