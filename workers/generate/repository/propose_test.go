package repository_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/generate/repository"
)

// site is a server's repository, and a person's copy of it.
type site struct {
	t            *testing.T
	remote, copy string
	config       repository.Config
}

func newSite(t *testing.T, files map[string]string) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{t: t, remote: filepath.Join(dir, "shop.git"), copy: filepath.Join(dir, "copy"), config: repository.Config{Allowed: repository.Allowed{dir}}}
	s.git(dir, "init", "--quiet", "--bare", "--initial-branch=main", s.remote)
	s.git(dir, "clone", "--quiet", s.remote, s.copy)
	s.git(s.copy, "checkout", "--quiet", "-B", "main")
	s.write("Begin", files)
	return s
}

func (s *site) git(dir string, args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.org"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(s.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// write commits files to the branch that the person is on, and pushes it.
func (s *site) write(title string, files map[string]string) {
	s.t.Helper()
	for name, text := range files {
		path := filepath.Join(s.copy, name)
		require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	}
	s.git(s.copy, "add", "-A")
	s.git(s.copy, "commit", "--quiet", "-m", title)
	s.git(s.copy, "push", "--quiet", "origin", "HEAD")
}

func (s *site) show(branch, name string) string {
	s.t.Helper()
	return s.git(s.remote, "show", branch+":"+name)
}

func (s *site) propose(r repository.Remote, files map[string]string) repository.Proposed {
	s.t.Helper()
	out, err := s.tryPropose(r, files)
	require.NoError(s.t, err)
	return out
}

func (s *site) tryPropose(r repository.Remote, files map[string]string) (repository.Proposed, error) {
	r.URL = s.remote
	p := repository.Proposal{Name: "buy-a-tape", Title: "Test buying a tape", Spec: "tests/buy.spec.ts", Files: map[string][]byte{}}
	for name, text := range files {
		p.Files[name] = []byte(text)
	}
	return s.config.Propose(s.t.Context(), r, p)
}

var project = map[string]string{
	"tests/buy.spec.ts": "one\ntwo\nthree\nfour\nfive\nsix\n", "tests/files/cover.txt": "cover\n", "playwright.config.ts": "export default {};\n", "README.md": "# Tests\n",
}

func with(files map[string]string, name, text string) map[string]string {
	out := map[string]string{name: text}
	for n, t := range files {
		if n != name {
			out[n] = t
		}
	}
	return out
}

func TestAProjectIsProposedAndPeoplesEditsStay(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"README.md": "# Shop\n", "src/shop.js": "shop\n"})
	first := s.propose(repository.Remote{}, project)
	require.Equal(t, "tapedeck/buy-a-tape", first.Branch)
	require.Equal(t, "tests/buy.spec.ts", first.Spec)
	require.Equal(t, []string{"README.md"}, first.Kept, "what people have written is left alone")
	require.Equal(t, "shop", s.show(first.Branch, "src/shop.js"))
	require.Equal(t, "# Shop", s.show(first.Branch, "README.md"))
	require.Equal(t, first.Commit, s.git(s.remote, "rev-parse", first.Branch))
	require.Equal(t, "Test buying a tape", s.git(s.remote, "log", "-1", "--format=%s", first.Branch))
	require.True(t, s.propose(repository.Remote{}, project).Unchanged, "the same once more")

	// A person edits the proposal; what is new is merged with that, on the same branch.
	s.git(s.copy, "fetch", "--quiet")
	s.git(s.copy, "checkout", "--quiet", first.Branch)
	s.write("Say it better", map[string]string{"tests/buy.spec.ts": "ONE\ntwo\nthree\nfour\nfive\nsix\n"})
	second := s.propose(repository.Remote{}, with(project, "tests/buy.spec.ts", "one\ntwo\nthree\nfour\nfive\nSIX\n"))
	require.Equal(t, []string{"tests/buy.spec.ts"}, second.Merged)
	require.Equal(t, "ONE\ntwo\nthree\nfour\nfive\nSIX", s.show(second.Branch, "tests/buy.spec.ts"))

	// It is taken in one commit, and edited again: what comes then begins at the branch that it was taken into.
	s.git(s.copy, "checkout", "--quiet", "main")
	s.git(s.copy, "fetch", "--quiet")
	s.git(s.copy, "merge", "--squash", "--quiet", "origin/"+second.Branch)
	s.write("Take the test", nil)
	third := s.propose(repository.Remote{}, with(project, "tests/buy.spec.ts", "one\ntwo\nTHREE\nfour\nfive\nSIX\n"))
	require.Equal(t, "ONE\ntwo\nTHREE\nfour\nfive\nSIX", s.show(third.Branch, "tests/buy.spec.ts"))
	require.Equal(t, s.git(s.remote, "rev-parse", "main"), s.git(s.remote, "rev-parse", third.Branch+"^"))

	// Both change the same line: people's stays, and it is said.
	s.git(s.copy, "fetch", "--quiet")
	s.git(s.copy, "merge", "--quiet", "origin/"+third.Branch)
	s.write("Once more", map[string]string{"tests/buy.spec.ts": "ONE\ntwo\nThree!\nfour\nfive\nSIX\n"})
	s.git(s.copy, "rm", "--quiet", "tests/files/cover.txt")
	s.write("Without the cover", nil)
	fourth := s.propose(repository.Remote{}, with(project, "tests/buy.spec.ts", "one\ntwo\nthird\nfour\nfive\nSIX\n"))
	require.Equal(t, []string{"README.md", "tests/buy.spec.ts", "tests/files/cover.txt"}, fourth.Kept)
	require.True(t, fourth.Unchanged)
}

func TestARepositorysOwnLayoutIsKept(t *testing.T) {
	t.Parallel()
	config := "export default { testDir: \"./e2e\" };\n"
	s := newSite(t, map[string]string{"web/playwright.config.ts": "export default {\n  testDir: \"./e2e\",\n};\n", "web/package.json": "{}\n", "package.json": "{}\n"})
	got := s.propose(repository.Remote{Folder: "web", Branch: "main"}, project)
	require.Equal(t, "web/e2e/buy.spec.ts", got.Spec)
	require.Empty(t, got.Kept)
	require.Equal(t, "cover", s.show(got.Branch, "web/e2e/files/cover.txt"))
	require.NotContains(t, s.git(s.remote, "ls-tree", "-r", "--name-only", got.Branch), "README")
	require.NotEqual(t, config, s.show(got.Branch, "web/playwright.config.ts"))
	require.True(t, s.propose(repository.Remote{Folder: "web"}, project).Unchanged)
}

func TestWhatMayNotBeIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"a.txt": "a\n"})
	for name, r := range map[string]repository.Remote{
		"no branch \"none\"": {Branch: "none"}, "no name of a branch": {Branch: "--upload-pack=evil"}, "is no folder": {Folder: "../up"}, "no folder in": {Folder: ".git/hooks"},
	} {
		_, err := s.tryPropose(r, project)
		require.ErrorIs(t, err, repository.ErrRefused, name)
		require.ErrorContains(t, err, name)
	}
	for url, why := range map[string]string{
		"https://example.org/a.git": "not one of GIT_HOSTS", "ext::sh -c evil": "https://HOST/PATH", "ssh://git@example.org/a": "https://HOST/PATH", "file:///etc": "https://HOST/PATH",
		"https://ada:hunter2@git.test/a": "holds no user", "/etc/passwd": "GIT_HOSTS", "-u": "https://HOST/PATH", filepath.Dir(s.remote) + "/../../x": "GIT_HOSTS",
	} {
		_, err := repository.Config{Allowed: repository.Allowed{"git.test", filepath.Dir(s.remote)}}.Propose(t.Context(), repository.Remote{URL: url}, repository.Proposal{Name: "x"})
		require.ErrorIs(t, err, repository.ErrRefused, url)
		require.ErrorContains(t, err, why, url)
		require.NotContains(t, err.Error(), "hunter2")
	}
	// A link where a file is to be is not followed, and a branch that is protected stays as it is.
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(s.copy, "README.md")))
	s.write("Link", nil)
	_, err := s.tryPropose(repository.Remote{}, project)
	require.ErrorContains(t, err, "README.md is no plain file")
	hook := filepath.Join(s.remote, "hooks", "pre-receive")
	require.NoError(t, os.MkdirAll(filepath.Dir(hook), 0o755))
	require.NoError(t, os.WriteFile(hook, []byte("#!/bin/sh\necho protected branch >&2\nexit 1\n"), 0o700))
	_, err = s.tryPropose(repository.Remote{Folder: "e2e"}, project)
	require.ErrorIs(t, err, repository.ErrRefused)
	require.ErrorContains(t, err, "protected branch")
	require.NotContains(t, s.git(s.remote, "branch"), "tapedeck")
	empty := filepath.Join(filepath.Dir(s.remote), "empty.git")
	s.git(filepath.Dir(s.remote), "init", "--quiet", "--bare", empty)
	_, err = s.config.Propose(t.Context(), repository.Remote{URL: empty}, repository.Proposal{Name: "x"})
	require.ErrorContains(t, err, "it needs a first commit")
	_, err = s.config.Propose(t.Context(), repository.Remote{URL: filepath.Join(filepath.Dir(s.remote), "gone.git")}, repository.Proposal{Name: "x"})
	require.ErrorIs(t, err, repository.ErrRefused)
}

// TestPageObjectsGoWithTheirTest: they lie beside it where people have a configuration, and each is merged by itself.
func TestPageObjectsGoWithTheirTest(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"playwright.config.ts": "export default {\n  testDir: \"./e2e\",\n};\n"})
	const home = "tests/pages/buy/home-page.ts"
	files := with(with(project, home, "one\ntwo\nthree\nfour\nfive\nsix\n"), "tests/buy.fixtures.ts", "home\n")
	first := s.propose(repository.Remote{}, files)
	require.Equal(t, "home", s.show(first.Branch, "e2e/buy.fixtures.ts"))
	s.git(s.copy, "fetch", "--quiet")
	s.git(s.copy, "checkout", "--quiet", first.Branch)
	s.write("Say it better", map[string]string{"e2e/pages/buy/home-page.ts": "ONE\ntwo\nthree\nfour\nfive\nsix\n"})
	second := s.propose(repository.Remote{}, with(with(files, home, "one\ntwo\nthree\nfour\nfive\nSIX\n"), "tests/buy.fixtures.ts", "home and cart\n"))
	require.Equal(t, []string{"e2e/pages/buy/home-page.ts"}, second.Merged)
	require.Empty(t, second.Kept)
	require.Equal(t, "ONE\ntwo\nthree\nfour\nfive\nSIX", s.show(second.Branch, "e2e/pages/buy/home-page.ts"))
	require.Equal(t, "home and cart", s.show(second.Branch, "e2e/buy.fixtures.ts"))
}
