package repository

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ErrRefused is wrapped by errors that trying again does not change: what was asked for, or what the repository's server
// said to it.
var ErrRefused = errors.New("the tests cannot be proposed to the repository")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// Remote is a repository.
type Remote struct {
	// URL is https://HOST/PATH, or the absolute path of a repository on this machine. It holds no password.
	URL string
	// Branch is what the tests are proposed to. Defaults to the repository's own.
	Branch string
	// Folder is where in it they belong, with slashes. Defaults to its root.
	Folder string
	// User and Token are for the server. Default to none; without User, Token's user is "git".
	User, Token string
}

// Allowed are the places that may be reached: host names, and absolute folders with repositories below them. Nothing else is.
type Allowed []string

var branchName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$`)

// check says whether a remote may be used.
func (a Allowed) check(r Remote) error {
	if r.Branch != "" && (!branchName.MatchString(r.Branch) || strings.Contains(r.Branch, "..") || strings.Contains(r.Branch, "//") || strings.HasSuffix(r.Branch, "/") || strings.HasSuffix(r.Branch, ".lock")) {
		return refuse("%q is no name of a branch", r.Branch)
	}
	if r.Folder != "" && (path.IsAbs(r.Folder) || path.Clean(r.Folder) != r.Folder || strings.HasPrefix(r.Folder, "..") || slices.Contains(strings.Split(r.Folder, "/"), ".git") || strings.ContainsAny(r.Folder, "\\\x00\n")) {
		return refuse("%q is no folder in a repository", r.Folder)
	}
	if filepath.IsAbs(r.URL) {
		for _, dir := range a {
			if rel, err := filepath.Rel(dir, filepath.Clean(r.URL)); filepath.IsAbs(dir) && err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
				return nil
			}
		}
		return refuse("%s is not below a folder of GIT_HOSTS", r.URL)
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Opaque != "" {
		return refuse("the address of a repository is https://HOST/PATH")
	}
	if u.User != nil {
		return refuse("an address holds no user: name a secret instead")
	}
	if !slices.ContainsFunc(a, func(host string) bool { return strings.EqualFold(host, u.Host) }) {
		return refuse("%s is not one of GIT_HOSTS", u.Host)
	}
	return nil
}
