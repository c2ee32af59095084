package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// site is an application to record, on a free loopback port.
type site struct {
	*http.Server
	url string
}

func openSite() (*site, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for path, body := range map[string]string{
		"GET /moving": movingPage, "GET /buttons": buttonsPage(), "GET /shop": addressPage,
		"POST /basket": basketPage(), "GET /summary": summaryPage, "POST /order": `<title>Thanks</title><h1>Thank you</h1><p>The order is on its way.`,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<!doctype html>"+body)
		})
	}
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = io.WriteString(w, "body{font:16px sans-serif;margin:40px}label{display:block;margin:8px}li{margin:4px}")
	})
	mux.HandleFunc("POST /api/add", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"item":%q,"prices":[%s1]}`, r.FormValue("item"), strings.Repeat("1,", 500))
	})
	s := &site{&http.Server{Handler: mux}, "http://" + l.Addr().String()}
	go func() { _ = s.Serve(l) }()
	return s, nil
}

// movingPage changes in every pixel at every frame of the screen.
const movingPage = `<title>Moving</title><body style="margin:0;font:20px sans-serif;color:#fff;overflow:hidden"><pre id=t style="margin:0"></pre><script>
document.getElementById("t").textContent = ("The quick brown fox jumps over the lazy dog. ".repeat(3) + "\n").repeat(40);
let n = 0;
(function step() {
	document.body.style.background = "linear-gradient(" + n + "deg, hsl(" + (n * 7 % 360) + " 90% 40%), hsl(" + ((n * 7 + 120) % 360) + " 90% 40%))";
	document.getElementById("t").style.transform = "translateY(" + -(n % 60) + "px)";
	n++;
	requestAnimationFrame(step);
})()</script>`

// The buttons of buttonsPage: a click makes one blue, the next red again.
const (
	buttonRows, buttonColumns = 3, 4
	buttonWidth, buttonHeight = 200, 100
	buttonGap                 = 60
)

// buttonAt is the middle of the n-th button.
func buttonAt(n int) (x, y int) {
	n %= buttonRows * buttonColumns
	return buttonGap + n%buttonColumns*(buttonWidth+buttonGap) + buttonWidth/2, buttonGap + n/buttonColumns*(buttonHeight+buttonGap) + buttonHeight/2
}

func buttonsPage() string {
	var page strings.Builder
	page.WriteString(`<title>Buttons</title><link rel=stylesheet href=/style.css><style>button{position:absolute;border:0;background:#f00;color:#fff;text-align:left;vertical-align:top}
button.on{background:#00f}</style>`)
	for n := range buttonRows * buttonColumns {
		x, y := buttonAt(n)
		fmt.Fprintf(&page, `<button style="left:%dpx;top:%dpx;width:%dpx;height:%dpx;padding-bottom:70px" onclick="this.classList.toggle('on')">Lamp %d</button>`,
			x-buttonWidth/2, y-buttonHeight/2, buttonWidth, buttonHeight, n+1)
	}
	page.WriteString(`<div style="position:absolute;top:540px">` + strings.Repeat("<p>Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod tempor incidunt ut labore.", 6) + `</div>`)
	return page.String()
}

const addressPage = `<title>Shop</title><link rel=stylesheet href=/style.css><h1>Where to?</h1><form action=/basket method=post>
<label>Name <input name=name></label><label>E-mail <input name=email type=email></label><label>Street <input name=street></label>
<label>Town <input name=town></label><label>Country <select name=country><option value=at>Austria<option value=ch>Switzerland<option value=de>Germany</select></label>
<label><input type=radio name=by value=post checked> Post</label><label><input type=radio name=by value=bike> Bicycle</label>
<label><input type=checkbox name=terms> I have read the terms</label><p id=hint></p><button>Continue</button></form>
<script>console.log("ready"); document.forms[0].addEventListener("change", (e) => { document.getElementById("hint").textContent = "Changed: " + e.target.name })</script>`

func basketPage() string {
	var items strings.Builder
	for i := range 30 {
		fmt.Fprintf(&items, `<li data-testid="item-%d">Item number %[1]d, in a colour that suits it <button>Add</button></li>`, i+1)
	}
	return `<title>Basket</title><link rel=stylesheet href=/style.css><h1>What?</h1><p>In the basket: <b id=count>0</b></p><a href=/summary>Summary</a><ul>` + items.String() + `</ul>
<script>let n = 0; document.querySelector("ul").addEventListener("click", async (e) => {
	const item = e.target.closest("li"); if (!item || e.target.tagName !== "BUTTON") return;
	await (await fetch("/api/add?item=" + item.dataset.testid, { method: "POST" })).json();
	document.getElementById("count").textContent = ++n; console.log("added", item.dataset.testid);
})</script>`
}

const summaryPage = `<title>Summary</title><link rel=stylesheet href=/style.css><h1>Summary</h1><form action=/order method=post>
<label>Note <textarea name=note></textarea></label><label>Voucher <input name=voucher></label><button>Order</button></form>`

// flow is what is done on the site, in the recording's own format. Plain Playwright reads the same list.
type flow struct {
	url   string
	steps []map[string]any
}

func (f flow) input() map[string]any {
	return map[string]any{"url": f.url, "name": "Order", "mode": "script", "steps": f.steps}
}

// flow orders five things: 24 steps, four pages.
func (s *site) flow() flow {
	f := flow{url: s.url + "/shop"}
	f.add(map[string]any{"type": "navigate", "url": f.url})
	for _, field := range [][2]string{{"name", "Ada Lovelace"}, {"email", "ada@example.com"}, {"street", "12 St James's Square"}, {"town", "London"}} {
		f.on("fill", "input[name="+field[0]+"]", map[string]any{"value": map[string]any{"text": field[1]}})
	}
	f.on("select", "select", map[string]any{"values": []any{map[string]any{"text": "ch"}}})
	f.on("check", "input[value=bike]", nil)
	f.on("check", "input[name=terms]", nil)
	f.on("assert", "#hint", claim("Changed: terms"))
	f.on("click", "form button", nil)
	f.on("assert", "h1", claim("What?"))
	for i := range 5 {
		f.on("click", fmt.Sprintf(`[data-testid="item-%d"] button`, i+1), nil)
		f.on("assert", "#count", claim(fmt.Sprint(i+1)))
	}
	f.on("click", "a", nil)
	f.on("fill", "textarea", map[string]any{"value": map[string]any{"text": "Ring twice."}})
	f.on("fill", "input[name=voucher]", map[string]any{"value": map[string]any{"text": "SPRING"}})
	f.on("click", "form button", nil)
	f.on("assert", "h1", claim("Thank you"))
	return f
}

func claim(text string) map[string]any {
	return map[string]any{"assertion": map[string]any{"claim": "text", "expected": text}}
}

func (f *flow) on(kind, selector string, more map[string]any) {
	step := map[string]any{"type": kind, "target": map[string]any{"candidates": []any{map[string]any{"by": "css", "selector": selector, "matches": 1}}}}
	for k, v := range more {
		step[k] = v
	}
	f.add(step)
}

func (f *flow) add(step map[string]any) {
	step["id"] = fmt.Sprintf("s%d", len(f.steps)+1)
	f.steps = append(f.steps, step)
}
