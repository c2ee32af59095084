package secret

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"tapedeck/domain/job"
)

// MaxHeaders bounds how many headers may be set.
const MaxHeaders = 100

// inHeader is a secret inside the value of a header.
var inHeader = regexp.MustCompile(`\$\{secret:([^}]*)\}`)

// sensitive headers must not be written into the log.
var sensitive = []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Auth-Token"}

// reserved headers belong to the connection.
var reserved = []string{"Host", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Te", "Trailer", "Keep-Alive", "Proxy-Connection"}

// CheckHeaders says what is wrong with headers whose secret parts are ${secret:NAME}: lines that are none, headers that
// belong to the connection, values that would be written down in clear, and names that are not in refs or have no
// reference. The faults' paths are PATH.HEADER, in the order of the headers' names.
func CheckHeaders(path string, headers map[string]string, refs []Ref) []job.Fault {
	var faults []job.Fault
	if len(headers) > MaxHeaders {
		faults = append(faults, job.Fault{Path: path, Message: fmt.Sprintf("at most %d", MaxHeaders)})
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		want := func(ok bool, format string, args ...any) {
			if !ok {
				faults = append(faults, job.Fault{Path: path + "." + name, Message: fmt.Sprintf(format, args...)})
			}
		}
		want(httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(value), "is no header line")
		want(!isOf(reserved, name), "belongs to the connection")
		want(!isOf(sensitive, name) || inHeader.MatchString(value),
			"would be written down: hold the secret part as ${secret:NAME} and name it in secrets")
		for _, m := range inHeader.FindAllStringSubmatch(value, -1) {
			want(slices.ContainsFunc(refs, func(r Ref) bool { return r.Name == m[1] && r.Ref != "" }),
				"secret %q is not in secrets, or has no ref", m[1])
		}
	}
	return faults
}

func isOf(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// Expand puts the values of secrets into the places of a header's value that name them.
func Expand(value string, valueOf func(name string) string) string {
	return inHeader.ReplaceAllStringFunc(value, func(place string) string {
		return valueOf(inHeader.FindStringSubmatch(place)[1])
	})
}
