// Package naming names what is generated, the same in each language: tests, uploaded files, addresses.
package naming

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"tapedeck/domain/recording"
)

// Title is a name on one line; Playwright takes "@word" in it for a tag.
func Title(name string) string {
	words := strings.Join(strings.FieldsFunc(strings.ReplaceAll(name, "@", "at "), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if words == "" {
		return "Recording"
	}
	return words
}

// Slug is a name for files: a–z, 0–9 and "-", at most 60 of them.
func Slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	s := strings.Join(words, "-")
	if s = strings.Trim(s[:min(len(s), 60)], "-"); s == "" {
		return "recording"
	}
	return s
}

// File is a file's name without what a file system or a reader would stumble over; its extension stays.
func File(name string) string {
	base := path.Base(strings.ReplaceAll(name, "\\", "/"))
	ext := Slug(strings.TrimPrefix(path.Ext(base), "."))
	stem := Slug(strings.TrimSuffix(base, path.Ext(base)))
	if path.Ext(base) == "" {
		return stem
	}
	return stem + "." + ext
}

// Upload gives an uploaded file a name among those that have one by now, and keeps it there; false for a file whose bytes
// were not kept.
func Upload(files map[string]recording.File, file recording.File) (string, bool) {
	if file.Artifact == "" {
		return "", false
	}
	name := File(file.Name)
	for n := 2; ; n++ {
		if old, taken := files[name]; !taken || old.Artifact == file.Artifact {
			break
		}
		name = strconv.Itoa(n) + "-" + File(file.Name)
	}
	files[name] = file
	return name, true
}

// Read reads the bytes of an uploaded file with open, at most so many.
func Read(open func(artifact string) (io.ReadCloser, error), most int64, file recording.File) ([]byte, error) {
	if open == nil {
		return nil, errors.New("it cannot be opened here")
	}
	r, err := open(file.Artifact)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("it is larger than %d bytes", most)
	}
	return data, err
}

// Unlike gives a name a number when it is taken.
func Unlike(name string, taken func(string) bool) string {
	out := name
	for n := 2; taken(out); n++ {
		out = name + " (" + strconv.Itoa(n) + ")"
	}
	return out
}

// Origin is the scheme and host of an address; "" for what has none.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Address is an address without the origin where that is its own.
func Address(origin, address string) string {
	u, err := url.Parse(address)
	if err != nil || origin == "" || u.Scheme+"://"+u.Host != origin {
		return address
	}
	u.Scheme, u.Host, u.User = "", "", nil
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// Pictured says whether it matters where in an element is clicked: on what is drawn.
func Pictured(t *recording.Target) bool {
	return t != nil && t.Element != nil && slices.Contains([]string{"canvas", "svg", "rect", "path", "g", "img", "video", "object", "embed", "map", "area"}, t.Element.Tag)
}
