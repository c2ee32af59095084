package proxy

import (
	"net/http"
	"strings"
)

// noise lists where a Chromium goes on its own account. Such requests are
// refused and not recorded, unless a page made them.
var noise = []struct{ host, path, reason string }{
	{".gvt1.com", "", "component and extension downloads"},
	{".gvt2.com", "", "network error reports"},
	{"update.googleapis.com", "", "component updates"},
	{"safebrowsing.googleapis.com", "", "lists of dangerous sites"},
	{"safebrowsing.google.com", "", "lists of dangerous sites"},
	{"safebrowsinghttpgateway.googleapis.com", "", "lists of dangerous sites"},
	{"sb-ssl.google.com", "", "checks of downloads"},
	{"optimizationguide-pa.googleapis.com", "", "page hints"},
	{"content-autofill.googleapis.com", "", "form field classification"},
	{"passwordsleakcheck-pa.googleapis.com", "", "password checks"},
	{"chromesyncpasswords-pa.googleapis.com", "", "password sync"},
	{"chromereporting-pa.googleapis.com", "", "browser reports"},
	{"chromefeedcontentsuggestions-pa.googleapis.com", "", "new tab page"},
	{"dl.google.com", "/release2/", "component downloads"},
	{"clients1.google.com", "", "suggestions, updates"},
	{"clients2.google.com", "", "extension updates, network time"},
	{"clients3.google.com", "", "captive portal check"},
	{"clients4.google.com", "", "sync, metrics"},
	{"clientservices.googleapis.com", "", "field trials"},
	{"accounts.google.com", "/ListAccounts", "browser sign-in"},
	{"android.clients.google.com", "", "push messaging registration"},
	{"mtalk.google.com", "", "push messaging"},
	{"www.google.com", "/async/", "new tab page"},
	{"www.gstatic.com", "/generate_204", "captive portal check"},
	{"connectivitycheck.gstatic.com", "", "captive portal check"},
	{"translate.googleapis.com", "", "page translation"},
	{"translate-pa.googleapis.com", "", "page translation"},
	{"t0.gstatic.com", "/faviconV2", "icons of the new tab page"},
	{"aiplatform.googleapis.com", "", "browser features"},
	{"nearbysharing-pa.googleapis.com", "", "nearby devices"},
	{"tools.google.com", "/service/update2", "updates"},
}

// isNoise says whether the browser itself, and no page, makes a request.
func isNoise(host string, r *http.Request) bool {
	if fromPage(r) {
		return false
	}
	host = strings.ToLower(host)
	for _, n := range noise {
		on := host == n.host || strings.HasPrefix(n.host, ".") && strings.HasSuffix(host, n.host)
		if on && strings.HasPrefix(r.URL.Path, n.path) {
			return true
		}
	}
	return false
}

// fromPage holds for what a document, a worker or a person's navigation causes:
// the browser tells its own requests by saying nothing of where they come from.
func fromPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "" && site != "none" ||
		r.Header.Get("Sec-Fetch-Mode") == "navigate" ||
		r.Header.Get("Upgrade-Insecure-Requests") != "" ||
		r.Header.Get("Origin") != "" ||
		r.Header.Get("Referer") != ""
}
