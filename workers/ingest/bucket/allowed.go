package bucket

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Allowed are the buckets that may be read, with their options. The zero value allows none.
type Allowed []*url.URL

// anyHost stands in an allowed address for every bucket of its scheme.
const anyHost = "*"

var schemes = []string{"s3", "gs", "azblob", "file"}

// ParseAllowed reads addresses such as s3://specs?region=eu-central-1, gs://handbook, azblob://docs and
// file:///srv/specs. Their options are those of gocloud.dev's drivers. s3://* allows every bucket that the process's
// credentials open.
func ParseAllowed(addresses []string) (Allowed, error) {
	var all Allowed
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil {
			return nil, fmt.Errorf("a bucket's address cannot be read: %w", err)
		}
		switch {
		case !slices.Contains(schemes, u.Scheme):
			return nil, fmt.Errorf("%q: want s3://, gs://, azblob:// or file:///", a)
		case u.User != nil:
			return nil, fmt.Errorf("%s://: credentials belong into the environment, not into a bucket's address", u.Scheme)
		case u.Scheme == "file" && (u.Host != "" || !path.IsAbs(u.Path) || path.Clean(u.Path) == "/"):
			return nil, fmt.Errorf("%q: want file:///folder, and not the whole disk", a)
		case u.Scheme != "file" && u.Host == "":
			return nil, fmt.Errorf("%q names no bucket", a)
		}
		u.Path = clean(u)
		all = append(all, u)
	}
	return all, nil
}

// clean is an address's path without dots: a folder's begins with a slash, that of an object does not.
func clean(u *url.URL) string {
	p := path.Clean("/" + u.Path)
	if u.Scheme == "file" {
		return p
	}
	return strings.TrimPrefix(p, "/")
}

// Place is a bucket, or a part of it: the objects whose keys begin with Prefix.
type Place struct {
	// URL is the bucket's address without its options.
	URL string
	// Prefix is empty or ends with a slash, unless the one that was given does not.
	Prefix string

	open url.URL // with the options
}

// String is the place's address.
func (p Place) String() string { return p.Address(p.Prefix) }

// Address is an object's address.
func (p Place) Address(key string) string { return strings.TrimSuffix(p.URL, "/") + "/" + key }

// Find is the place of an address such as s3://specs/shop/ and a prefix below it. It fails with an [*Error].
func (a Allowed) Find(address, prefix string) (Place, error) {
	u, err := url.Parse(address)
	if err != nil || !slices.Contains(schemes, u.Scheme) {
		return Place{}, &Error{Invalid, "want s3://bucket, gs://bucket, azblob://container or file:///folder"}
	}
	if u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return Place{}, &Error{Invalid, "a bucket's address has no options and no credentials: the server's settings hold them (INGEST_BUCKETS)"}
	}
	at := clean(u)
	for _, ok := range a {
		if rest, inside := within(ok, u, at); inside {
			return placeOf(*ok, u, rest, prefix), nil
		}
	}
	if len(a) == 0 {
		return Place{}, &Error{NotAllowed, "no bucket may be read: set INGEST_BUCKETS to those that may, such as s3://specs?region=eu-central-1 or file:///srv/specs"}
	}
	return Place{}, &Error{NotAllowed, u.Scheme + "://" + u.Host + u.Path + " may not be read: INGEST_BUCKETS does not name it"}
}

// within tells whether an address is an allowed one or below it, and where below.
func within(allowed, u *url.URL, at string) (rest string, ok bool) {
	if u.Scheme != allowed.Scheme || u.Host != allowed.Host && (allowed.Host != anyHost || u.Host == "") {
		return "", false
	}
	if at == allowed.Path || allowed.Path == "" {
		return strings.TrimPrefix(at, allowed.Path), true
	}
	rest, ok = strings.CutPrefix(at, allowed.Path+"/")
	return rest, ok
}

// placeOf opens what is allowed and no more of it than was asked for. A folder is opened where it is allowed, and
// anything else at its root, so that keys are the same whichever part is asked for.
func placeOf(allowed url.URL, u *url.URL, rest, prefix string) Place {
	allowed.Host = u.Host
	if allowed.Scheme != "file" {
		rest = strings.TrimSuffix(strings.TrimPrefix(allowed.Path+"/"+rest, "/"), "/")
		allowed.Path = ""
	}
	open := allowed
	allowed.RawQuery = ""
	return Place{URL: allowed.String(), Prefix: below(rest, prefix), open: open}
}

// below joins the folder of an address and a prefix, which stays in it.
func below(folder, prefix string) string {
	whole := path.Clean("/" + prefix)[1:]
	if whole != "" && strings.HasSuffix(prefix, "/") {
		whole += "/"
	}
	if folder = strings.Trim(folder, "/"); folder != "" {
		folder += "/"
	}
	return folder + whole
}
