package twin

import (
	"net/http"
	"slices"
	"strings"

	"tapedeck/proxy"
)

// askedMethod is what a preflight asks for.
const askedMethod = "Access-Control-Request-Method"

func isPreflight(req *http.Request) bool {
	return req.Method == http.MethodOptions && req.Header.Get(askedMethod) != ""
}

// variants are those of the answers that were given to the same negotiation (RFC 9110, 12): one address answers as JSON or
// as a page, in this language or that, with this part or that. All of them when there is none.
func variants(asked http.Header, list []found) []found {
	same := slices.DeleteFunc(slices.Clone(list), func(f found) bool {
		return slices.ContainsFunc(varies(f.entry), func(name string) bool { return !sameHeader(asked, f.entry.Request.Header, name) })
	})
	if len(same) == 0 {
		return list
	}
	return same
}

// varies are the names of the header lines that an answer depends on. Others are the browser's, or hold what changes from
// run to run.
func varies(e proxy.Entry) []string {
	names := []string{"Accept", "Range"}
	if e.Response == nil {
		return names
	}
	for _, line := range e.Response.Header.Values("Vary") {
		for name := range strings.SplitSeq(line, ",") {
			switch name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name {
			case "", "*", "Accept-Encoding", "Authorization", "Cookie", "Origin", "Referer", "User-Agent":
			default:
				names = append(names, name)
			}
		}
	}
	return names
}

func sameHeader(asked http.Header, recorded proxy.Headers, name string) bool {
	return strings.Join(asked.Values(name), ",") == strings.Join(recorded.Values(name), ",")
}
