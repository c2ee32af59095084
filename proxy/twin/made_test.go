package twin_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/twin"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func draw(alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[rand.IntN(len(alphabet))])
	}
	return b.String()
}

// makers are the ways in which pages make values.
var makers = map[string]func() string{
	"uuid":        uuid.NewString,
	"hex":         func() string { return strconv.FormatInt(rand.Int64N(1<<52)|1<<51, 16) },
	"nanoid":      func() string { return draw(base62+"_-", 21) },
	"base36":      func() string { return "0" + draw(base62[:10]+base62[36:], 11) + "7x" },
	"now":         func() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) },
	"iso":         func() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z") },
	"base36 time": func() string { return strconv.FormatInt(time.Now().UnixMilli(), 36) },
	"time and id": func() string {
		return strconv.FormatInt(time.Now().UnixMilli(), 36) + "-" + draw(base62[:10]+base62[36:], 11)
	},
	"fraction": func() string { return fmt.Sprintf("0.%d", 1e16+rand.Int64N(8e16)) },
	"ulid":     func() string { return "01K" + draw("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23) },
}

// notes keep what is sent under its id and give it back.
func notes() http.Handler {
	kept := map[string]string{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			kept["last"] = string(body)
		}
		_, _ = fmt.Fprintf(w, `{"last":%q,"path":%q,"query":%q}`, kept["last"], r.URL.Path, r.URL.RawQuery)
	})
}

func TestValuesThatThePageMakesTakeThisRunsPlace(t *testing.T) {
	t.Parallel()
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			visit := func(id string) func(*visitor) {
				return func(v *visitor) {
					status, answer := v.post("/notes", `{"id":"`+id+`","tags":[{"of":"x-`+id+`"}],"text":"milk"}`)
					require.Equal(t, http.StatusOK, status, answer)
					require.Contains(t, answer, id, "the answer holds this run's")
					require.Contains(t, v.get("/notes"), id, "and later ones")
					require.Contains(t, v.get("/notes/"+id+"/history"), id)
					require.Contains(t, v.get("/notes?of="+url.QueryEscape(id)), id)
					resp, answer := v.do(http.MethodPost, "/form", "note="+url.QueryEscape(id)+"&text=milk", "Content-Type", "application/x-www-form-urlencoded")
					require.Equal(t, http.StatusOK, resp.StatusCode, answer)
					kind, form := parts(t, "note", id)
					resp, answer = v.do(http.MethodPost, "/upload", form, "Content-Type", kind)
					require.Equal(t, http.StatusOK, resp.StatusCode, answer)
				}
			}
			recorded := make()
			s := film(t, notes(), proxy.Limits{}, visit(recorded))
			again := make()
			for again == recorded {
				again = make()
			}
			faithful(t, s.again(t, visit(again), "milk"))
			require.NotEmpty(t, s.again(t, func(v *visitor) {
				v.post("/notes", `{"id":"`+again+`","tags":[{"of":"x-`+makers["uuid"]()+`"}],"text":"milk"}`)
			}).Drift[0].Differences, "two values that were the same have to be the same")
		})
	}
}

// parts is a multipart form with one field and one file; its boundary is another one each time.
func parts(t *testing.T, name, value string) (kind, body string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	require.NoError(t, w.WriteField(name, value))
	part, err := w.CreateFormFile("file", "a.bin")
	require.NoError(t, err)
	_, err = part.Write([]byte{0, 1, 2, 255})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return w.FormDataContentType(), out.String()
}

func TestAYearLaterTimesStillMatch(t *testing.T) {
	t.Parallel()
	body := func(at time.Time) string {
		return fmt.Sprintf(`{"at":%d,"iso":%q,"s":%d}`, at.UnixMilli(), at.UTC().Format("2006-01-02T15:04:05.000Z"), at.Unix())
	}
	s := film(t, notes(), proxy.Limits{}, func(v *visitor) { v.post("/notes", body(time.Now())) })
	later := func() time.Time { return time.Now().AddDate(1, 0, 0) }
	for name, c := range map[string]struct {
		at   time.Time
		want []string
	}{
		"by the machine's clock": {later(), []string{}},
		"by the page's clock":    {time.Now(), []string{}},
		"at another time":        {later().AddDate(0, -5, 0), []string{twin.Altered, twin.Missing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := s.take(t, s.tape(t), twin.RunOptions{Now: later}, func(v *visitor) { v.post("/notes", body(c.at)) })
			require.Equal(t, c.want, kinds(report))
		})
	}
}

func TestWhatTheServerSaidHasToBeTheSame(t *testing.T) {
	t.Parallel()
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := make()
			site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/page":
					_, _ = fmt.Fprintf(w, `<input name=token value=%q>`, token)
				case "/header":
					w.Header().Set("X-Token", token)
				case "/cookie":
					http.SetCookie(w, &http.Cookie{Name: "token", Value: token})
				}
			})
			for _, from := range []string{"/page", "/header", "/cookie"} {
				s := film(t, site, proxy.Limits{}, func(v *visitor) {
					v.get(from)
					v.post("/save", `{"token":"`+token+`"}`)
				})
				faithful(t, s.again(t, func(v *visitor) { v.post("/save", `{"token":"`+token+`"}`) }))
				other := make()
				for other == token {
					other = make()
				}
				report := s.again(t, func(v *visitor) { v.post("/save", `{"token":"`+other+`"}`) })
				require.Equal(t, []string{twin.Altered, twin.Missing}, kinds(report), from)
			}
		})
	}
}

func TestWhatWasTypedHasToBeTheSame(t *testing.T) {
	t.Parallel()
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, c := range map[string]struct{ typed, recorded, sent string }{
		"a random word":        {"k3Jd82hQpX0z", `{"v":"k3Jd82hQpX0z"}`, `{"v":"m1Kx93bWqT7y"}`},
		"a uuid":               {"2f1c7a52-7f0e-4f0c-9a3e-0d5b3c1e9f10", `"2f1c7a52-7f0e-4f0c-9a3e-0d5b3c1e9f10"`, `"3f1c7a52-7f0e-4f0c-9a3e-0d5b3c1e9f10"`},
		"in capitals":          {"k3jd82hqpx0z", `["K3JD82HQPX0Z"]`, `["M1KX93BWQT7Y"]`},
		"a number within":      {"0170 1234567", `{"phone":"+491701234567"}`, `{"phone":"+491709999999"}`},
		"without its blanks":   {"DE89 3704 0044 0532 0130 00", `{"iban":"DE89370400440532013000"}`, `{"iban":"DE89370400440532013001"}`},
		"within a longer text": {"order k3Jd82hQpX0z now", `"k3Jd82hQpX0z"`, `"m1Kx93bWqT7y"`},
		"as base64":            {"ada:correct-horse", `{"auth":"` + b64("ada:correct-horse") + `"}`, `{"auth":"` + b64("ada:another-horse") + `"}`},
		"within base64":        {"correct-horse", `{"auth":"` + b64("ada:correct-horse") + `"}`, `{"auth":"` + b64("eva:correct-horse") + `"}`},
		"as its SHA-256":       {"correct-horse", `{"h":"e4d1cd6f0c4c2d1e4a0f5c4d1e4a0f5c"}`, `{"h":"f4d1cd6f0c4c2d1e4a0f5c4d1e4a0f5d"}`},
		"a day":                {"", `{"day":"2026-11-27T00:00:00.000Z"}`, `{"day":"2026-11-28T00:00:00.000Z"}`},
		"a colour":             {"", `{"c":"#ff8800"}`, `{"c":"#0088ff"}`},
		"a position":           {"", `{"lat":52.123456789,"lon":13.4}`, `{"lat":52.987654321,"lon":13.4}`},
		"a third":              {"", `{"share":0.3333333333333333}`, `{"share":0.6666666666666666}`},
		"a name with a number": {"", `{"model":"iPhone15"}`, `{"model":"iPhone16"}`},
		"a written day":        {"", `{"day":"27Nov2026"}`, `{"day":"28Nov2026"}`},
		"an amount":            {"", `{"cents":12345678}`, `{"cents":22345678}`},
		"a made-up slug":       {"", `{"slug":"big-Blue-Tape-2026"}`, `{"slug":"big-Grey-Tape-2026"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "as its SHA-256" {
				c.recorded = `{"h":"` + digest(c.typed) + `"}`
				c.sent = `{"h":"` + digest("another-horse") + `"}`
			}
			s := film(t, notes(), proxy.Limits{}, func(v *visitor) { v.post("/notes", c.recorded) })
			faithful(t, s.again(t, func(v *visitor) { v.post("/notes", c.recorded) }, c.typed))
			report := s.again(t, func(v *visitor) { v.post("/notes", c.sent) }, "something else", c.typed)
			require.Equal(t, []string{twin.Altered, twin.Missing}, kinds(report))
		})
	}
}

func TestADayThatWasChosenHasToBeTheSame(t *testing.T) {
	t.Parallel()
	midnight := time.Now().UTC().Truncate(24 * time.Hour)
	for _, write := range []func(time.Time) string{
		func(d time.Time) string { return strconv.FormatInt(d.UnixMilli(), 10) },
		func(d time.Time) string { return strconv.FormatInt(d.Unix(), 10) },
		func(d time.Time) string { return `"` + d.Format("2006-01-02T15:04:05.000Z") + `"` },
		func(d time.Time) string { return `"` + d.Format("2006-01-02T15:04") + `"` },
		func(d time.Time) string { return `"` + d.Format("2006-01-02") + `"` },
	} {
		s := film(t, notes(), proxy.Limits{}, func(v *visitor) { v.post("/notes", `{"due":`+write(midnight)+`}`) })
		for _, other := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
			report := s.again(t, func(v *visitor) { v.post("/notes", `{"due":`+write(midnight.Add(other))+`}`) })
			require.Equal(t, []string{twin.Altered, twin.Missing}, kinds(report), write(midnight))
		}
	}
}

func TestReadsMayKeepTheirAnswersFromACache(t *testing.T) {
	t.Parallel()
	ask := func(v *visitor, fresh string) string { return v.get("/list?page=2" + fresh) }
	for name, c := range map[string][3]string{
		"a time":           {"&_=1795794449678", "&_=" + strconv.FormatInt(time.Now().UnixMilli(), 10), "&_=" + strconv.FormatInt(time.Now().UnixMilli()+5, 10)},
		"a short word":     {"&t=Q8ThxjJ", "&t=Q8TiS1j", "&t=Q8TiS5a"},
		"another name":     {"&x=0.8273645182736451", "&x=0.1029384756102938", "&x=0.5647382910564738"},
		"none was before":  {"", "&_=" + strconv.FormatInt(time.Now().UnixMilli(), 10), ""},
		"a long random id": {"&req=k3Jd82hQpX0zW", "&req=m1Kx93bWqT7yV", "&req=p5Rv61nZgC4uB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := film(t, http.NotFoundHandler(), proxy.Limits{}, func(v *visitor) { ask(v, c[0]) })
			faithful(t, s.again(t, func(v *visitor) {
				ask(v, c[1])
				ask(v, c[2])
			}))
		})
	}
	s := film(t, notes(), proxy.Limits{}, func(v *visitor) {
		v.get("/list?page=2&t=14:30&color=ff8800&model=Room4")
		v.get("/list?t=Hamburg&r=20261127")
	})
	report := s.again(t, func(v *visitor) {
		v.get("/list?page=3&t=14:30&color=ff8800&model=Room4")
		v.get("/list?page=2&t=15:30&color=ff8800&model=Room4")
		v.get("/list?page=2&t=14:30&color=00ff88&model=Room4")
		v.get("/list?page=2&t=14:30&color=ff8800&model=Room5")
		v.get("/list?t=Bremen&r=20261127")
		v.get("/list?t=Hamburg&r=20261128")
	})
	require.Len(t, report.Drift, 6)
}

func digest(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

func TestAWordThatLooksSpokenByChanceIsVouchedFor(t *testing.T) {
	t.Parallel()
	body := func(word string) map[string]any { return map[string]any{"nonce": word} }
	tape := tapeOf(t, body("de3033u568o"))
	require.Empty(t, sends(t, tape, body("ygrpvs3zy3")))
	for _, chosen := range []string{"PostgreSQL16", "Galaxy24Ultra", "20261224T180000Z"} {
		require.NotEmpty(t, sends(t, tape, body(chosen)), chosen)
		require.NotEmpty(t, sends(t, tapeOf(t, body(chosen)), body("iPhone15Promax")), chosen)
	}
	require.NotEmpty(t, sends(t, tapeOf(t, body("de3033u568o"), "de3033u568o"), body("ygrpvs3zy3")), "it was typed")
}
