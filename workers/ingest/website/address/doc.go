// Package address says which URL a page of a site has and whether a crawl should
// go there: canonical forms (RFC 3986 6.2.2), scope, and traps that have no end.
package address

// Reason says why an address is not visited. "" means that it is.
type Reason string

// The reasons for which an address is not visited.
const (
	BadURL        Reason = "bad_url"        // no URL at all
	BadScheme     Reason = "scheme"         // neither http nor https
	Credentials   Reason = "credentials"    // a user name or password in the URL
	OutOfScope    Reason = "out_of_scope"   // another site, or outside the path prefix
	Excluded      Reason = "excluded"       // an exclude pattern names it
	NotIncluded   Reason = "not_included"   // there are include patterns and none names it
	TooLong       Reason = "too_long"       // more characters than Limits.Length
	DeepPath      Reason = "deep_path"      // more segments than Limits.Depth
	RepeatedPath  Reason = "repeated_path"  // a segment or a sequence of them that repeats: links relative to the wrong base
	LongQuery     Reason = "long_query"     // more parameters than Limits.Parameters: queries that grow with each link
	Calendar      Reason = "calendar"       // more dates of one pattern than Limits.Calendar
	PatternBudget Reason = "pattern_budget" // more of one pattern than Limits.Query or Limits.Pattern
)

// Error is the error for a reference that leads to no page.
type Error struct {
	Ref    string
	Reason Reason
	Detail string
}

func (e *Error) Error() string { return "address " + shorten(e.Ref) + ": " + e.Detail }

func shorten(s string) string {
	if len(s) > 120 {
		s = s[:120] + "…"
	}
	return s
}
