package secretshop

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// page has a title and a body. Letters are large and dark for whoever reads pictures.
const page = `<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href="data:,"><title>%s</title>
<style>
body { margin: 0; background: #fff; color: #000; font: 34px/44px "DejaVu Sans", "Liberation Sans", sans-serif }
.at { position: absolute; left: 40px; white-space: nowrap }
input, button, a.big { position: absolute; left: 440px; width: 600px; height: 56px; box-sizing: border-box; font: inherit; padding: 0 8px }
label { position: absolute; left: 40px }
</style>%s</html>
`

func (s *Shop) form(w http.ResponseWriter, _ *http.Request) {
	var fields strings.Builder
	for i, f := range []struct{ label, name, more string }{
		{"User", "user", `autocomplete="username"`}, {"Password", "password", `type="password"`},
		{"Loyalty card", "card", ""}, {"Code", "code", `autocomplete="one-time-code" inputmode="numeric"`},
	} {
		top := 92 + 80*i
		fmt.Fprintf(&fields, `<label for=%s style="top:%dpx">%s</label><input id=%[1]s name=%[1]s style="top:%[2]dpx" %[4]s>`, f.name, top, f.label, f.more)
	}
	write(w, "text/html; charset=utf-8", fmt.Sprintf(page, "Shop",
		`<div class=at style="top:20px">shop `+Marker+`</div><form action="/login" method=post>`+fields.String()+
			`<button style="top:412px">Sign in</button></form>`))
}

func (s *Shop) login(w http.ResponseWriter, r *http.Request) {
	l := Login{r.FormValue("user"), r.FormValue("password"), r.FormValue("card"), r.FormValue("code")}
	s.mu.Lock()
	s.logins = append(s.logins, l)
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "identity", Value: s.token(l.Password), Path: "/"})
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: s.secrets.Session, Path: "/", HttpOnly: true})
	http.Redirect(w, r, "/home?"+url.Values{"q": {l.Password}, "c": {l.Card}, "n": {l.Code}}.Encode(), http.StatusSeeOther)
}

// home says everything again. Its own script waits for each answer, and asks for /done at the end.
func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	secret, card, code := r.FormValue("q"), r.FormValue("c"), r.FormValue("n")
	if len(secret) < 6 {
		http.Error(w, "no secret", http.StatusBadRequest)
		return
	}
	write(w, "text/html; charset=utf-8", fmt.Sprintf(page, "Welcome "+html.EscapeString(secret), fmt.Sprintf(`
<div class=at style="top:20px">home %s</div>
<div class=at style="top:80px">split <b>%s</b>%s<i>%s</i></div>
<div class=at style="top:140px">entities %s</div>
<div class=at style="top:200px" data-card="%[6]s">card %[6]s</div>
<div class=at style="top:260px">code %[7]s</div>
<div class=at style="top:320px" id=text></div>
<input id=again style="top:380px" aria-label=Again>
<iframe title=inner style="position:absolute;left:40px;top:460px;width:1100px;height:80px;border:0" src="/entities?q=%[8]s"></iframe>
<div class=at style="top:560px" id=toast role=status></div>
<a class=big href="/vault" style="top:692px">Vault</a>
<script>%[9]s</script>`,
		Marker, secret[:3], secret[3:len(secret)-2], secret[len(secret)-2:], entities(secret), html.EscapeString(card), html.EscapeString(code),
		url.QueryEscape(secret), script)))
}

// script is what the page does with what its own address says.
const script = `
const asked = new URLSearchParams(location.search)
const secret = asked.get("q"), card = asked.get("c"), code = asked.get("n")
const identity = document.cookie.split("; ").find((c) => c.startsWith("identity=")).slice(9)
localStorage.setItem("draft", JSON.stringify({ text: secret, card }))
sessionStorage.setItem("code", code)
console.log("signed in with", secret, { card, code })
console.log(JSON.stringify({ encoded: encodeURIComponent("<" + secret + ">"), base64: btoa("x" + secret), base64b: btoa("xy" + card) }))
document.querySelector("#text").textContent = "text " + secret
document.querySelector("#again").value = secret
const toast = document.querySelector("#toast")
toast.textContent = "toast " + secret
const socket = () => new Promise((done, failed) => {
  const ws = new WebSocket(location.origin.replace("http", "ws") + "/socket")
  ws.binaryType = "arraybuffer"
  let left = 2
  ws.onopen = () => { ws.send("text " + secret); ws.send(new TextEncoder().encode("bytes " + card)) }
  ws.onmessage = () => { if (--left == 0) ws.close() }
  ws.onclose = done
  ws.onerror = failed
})
const upload = () => {
  const form = new FormData()
  form.append("comment", "my card is " + card)
  form.append("password", secret)
  form.append("file", new Blob([JSON.stringify({ note: secret })], { type: "application/json" }), "note.json")
  return fetch("/upload", { method: "POST", body: form })
}
const all = async () => {
  const me = await (await fetch("/api/me", { headers: { Authorization: "Bearer " + identity } })).json()
  await fetch("/api/me?access_token=" + me.access_token, { headers: { "X-Auth-Token": me.access_token, Authorization: "Bearer " + identity } })
  const q = "?q=" + encodeURIComponent(secret) + "&c=" + card
  for (const path of ["/gzip", "/brotli", "/escapes"]) console.info(await (await fetch(path + q)).text())
  await upload()
  await socket()
  await fetch("/done")
}
all().catch((e) => console.error("home failed", e))
`

// entities writes each character as HTML may.
func entities(s string) string {
	var out strings.Builder
	for i, c := range s {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&out, "&#%d;", c)
		case 1:
			fmt.Fprintf(&out, "&#x%X;", c)
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}

func (s *Shop) entities(w http.ResponseWriter, r *http.Request) {
	write(w, "text/html; charset=utf-8", `<!doctype html><style>body { margin: 0; font: 34px "DejaVu Sans", sans-serif }</style>inner `+entities(r.FormValue("q")))
}
