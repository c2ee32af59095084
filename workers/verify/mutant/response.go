package mutant

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/proxy"
	"tapedeck/proxy/twin"
)

// held is how long a delayed answer takes: longer than an assertion waits in these runs.
const held = 4 * time.Second

// maxLeaves bounds the values of one answer that are changed, each a place of its own.
const maxLeaves = 40

// Responses are the faults that a server could have: for each recorded answer that carries data.
func Responses(recording string, entries []proxy.Entry) []Site {
	var out []Site
	latest := map[string]proxy.Entry{}
	for _, e := range entries {
		if e.Response == nil || e.WebSocket() {
			continue
		}
		body, err := plain(e)
		if err != nil {
			continue
		}
		key := e.Request.Method + " " + e.Request.URL
		out = append(out, ofAnswer(recording, e, body, latest[key])...)
		latest[key] = e
	}
	return out
}

func plain(e proxy.Entry) ([]byte, error) {
	if e.Response.Body == nil {
		return nil, nil
	}
	return e.Response.Body.Bytes()
}

// ofAnswer are the faults of one answer; before is the one that the same request had earlier.
func ofAnswer(recording string, e proxy.Entry, body []byte, before proxy.Entry) []Site {
	where := fmt.Sprintf("%s %s (exchange %d)", e.Request.Method, e.Request.URL, e.ID)
	at := func(operator, what string, change func(*twin.Answer)) Site {
		return named(recording, "response."+operator, where, what, func(o *twin.RunOptions, applied func()) {
			altering(o, func(_ *http.Request, a *twin.Answer) {
				if a.Entry.ID == e.ID {
					applied()
					change(a)
				}
			})
		})
	}
	kind := e.Response.Header.Get("Content-Type")
	data := strings.Contains(kind, "json")
	document := strings.Contains(kind, "text/html") && e.Dest() != "empty"
	write := e.Request.Method != http.MethodGet && e.Request.Method != http.MethodHead && e.Request.Method != http.MethodOptions
	if !data && !document && !write {
		return nil
	}
	out := []Site{
		at("status", "answers 500", func(a *twin.Answer) { a.Status, a.Body = http.StatusInternalServerError, nil }),
		at("delay", "answers 4 s later", func(a *twin.Answer) { a.Delay = held }),
	}
	if e.Response.Status >= 400 && e.Response.Status < 500 && write {
		out = append(out, at("no_validation", "accepts what it had refused", func(a *twin.Answer) { a.Status, a.Body = http.StatusOK, []byte("{}") }))
	}
	if len(body) > 0 {
		out = append(out, at("empty", "answers without a body", func(a *twin.Answer) { a.Body = nil }))
	}
	if document || write {
		out = append(out, at("redirect", "leads elsewhere", func(a *twin.Answer) {
			a.Status, a.Body = http.StatusFound, nil
			a.Header.Set("Location", "/tapedeck-elsewhere")
		}))
	}
	if old, err := earlier(before); err == nil && old != nil && !bytes.Equal(old, body) {
		out = append(out, at("stale", "answers what it had answered before", func(a *twin.Answer) {
			a.Status, a.Body = before.Response.Status, old
		}))
	}
	if data {
		out = append(out, ofJSON(body, at)...)
	}
	return out
}

func earlier(e proxy.Entry) ([]byte, error) {
	if e.Response == nil {
		return nil, nil
	}
	return plain(e)
}

// ofJSON changes lists and values.
func ofJSON(body []byte, at func(operator, what string, change func(*twin.Answer)) Site) []Site {
	var out []Site
	var root any
	if json.Unmarshal(body, &root) != nil {
		return nil
	}
	replace := func(operator, what string, path []string, change func(any) any) {
		changed, err := json.Marshal(changeAt(root, path, change), json.Deterministic(true))
		if err != nil || bytes.Equal(changed, body) {
			return
		}
		out = append(out, at(operator, what, func(a *twin.Answer) { a.Body = changed }))
	}
	leaves := 0
	walk(root, nil, func(path []string, v any) {
		name := strings.Join(path, ".")
		switch v := v.(type) {
		case []any:
			if len(v) > 0 {
				replace("drop_item", "leaves out the last item of "+orAll(name), path, func(any) any { return v[:len(v)-1] })
			}
			if len(v) > 1 {
				back := slices.Clone(v)
				slices.Reverse(back)
				replace("reorder", "turns the order of "+orAll(name)+" round", path, func(any) any { return back })
			}
		case map[string]any:
		default:
			if leaves++; leaves > maxLeaves {
				return
			}
			replace("leaf", fmt.Sprintf("says something else in %s", orAll(name)), path, other)
		}
	})
	return out
}

func orAll(name string) string {
	if name == "" {
		return "the answer"
	}
	return name
}

// other is a value of the same type that says something else.
func other(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return "changed"
		}
		return "changed " + v
	case float64:
		return v + 1
	case bool:
		return !v
	default:
		return "changed"
	}
}

func walk(v any, path []string, visit func([]string, any)) {
	visit(path, v)
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			walk(item, append(slices.Clip(path), strconv.Itoa(i)), visit)
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			walk(v[name], append(slices.Clip(path), name), visit)
		}
	}
}

// changeAt copies a value with one place in it changed.
func changeAt(v any, path []string, change func(any) any) any {
	if len(path) == 0 {
		return change(v)
	}
	switch v := v.(type) {
	case []any:
		i, _ := strconv.Atoi(path[0])
		out := slices.Clone(v)
		out[i] = changeAt(v[i], path[1:], change)
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			out[name] = value
		}
		out[path[0]] = changeAt(v[path[0]], path[1:], change)
		return out
	default:
		return v
	}
}
