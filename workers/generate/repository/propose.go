package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config says what may be reached.
type Config struct {
	Allowed Allowed
	// Limit bounds one proposal. Defaults to 5 minutes.
	Limit time.Duration
}

// Proposal is what is to be proposed.
type Proposal struct {
	// Name is the same each time that these files are made anew: of a–z, 0–9 and "-". The branch is tapedeck/NAME.
	Name string
	// Title is the commit's.
	Title string
	// Files are by their path below the remote's folder.
	Files map[string][]byte
	// Spec is the test among them: where the repository has a configuration of Playwright Test, it goes where that looks
	// for tests, with the files beside it.
	Spec string
	// Whole says that such a configuration says nothing of these files: all go where they belong. Defaults to false.
	Whole bool
}

// Proposed is what was pushed.
type Proposed struct {
	// Branch was pushed, Commit is its head.
	Branch, Commit string
	// Spec is where the test is.
	Spec string
	// URL is where people find the branch; "" where that is not known.
	URL string
	// Kept are files that people have written or changed, and that were left as they are. Merged are those in which their
	// edits and what is new now stand together.
	Kept, Merged []string
	// Unchanged says that there was nothing to push.
	Unchanged bool
}

// Propose pushes the branch. What was generated before is remembered on the branch tapedeck-generated/NAME: each file is
// merged of what was generated then, what people have made of it, and what is generated now. Where both changed the same
// lines, people's version stays. Errors wrap ErrRefused where trying again does not help.
func (c Config) Propose(ctx context.Context, r Remote, p Proposal) (Proposed, error) {
	var out Proposed
	if err := c.Allowed.check(r); err != nil {
		return out, err
	}
	if c.Limit <= 0 {
		c.Limit = 5 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Limit, refuse("it took longer than %v", c.Limit))
	defer cancel()
	dir, err := os.MkdirTemp("", "tapedeck-git-")
	if err != nil {
		return out, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	g, err := newGit(ctx, dir, r)
	if err != nil {
		return out, err
	}
	w := &work{git: g, remote: r, proposal: p}
	if err := w.fetch(ctx); err != nil {
		return out, refused(err)
	}
	return w.propose(ctx)
}

// refused says that what git could not do it will not be able to do the next time: its servers answer at once, and what
// cannot be reached now is told apart.
func refused(err error) error {
	var f *failure
	if errors.As(err, &f) && !regexp.MustCompile(`(?i)could not resolve host|timed out|connection (refused|reset)|early EOF|RPC failed|returned error: 5\d\d`).MatchString(f.said) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// work is one proposal.
type work struct {
	git      *git
	remote   Remote
	proposal Proposal
	// base is the head of the branch that is proposed to, head that of an earlier proposal that is still open, generated
	// what was generated for it; "" where there is none.
	base, head, generated string
	// over says that the earlier proposal was taken: its branch may begin anew.
	over bool
}

// history is how many commits are looked through for an earlier proposal that was taken.
const history = "500"

func (w *work) branch() string { return "tapedeck/" + w.proposal.Name }
func (w *work) memory() string { return "tapedeck-generated/" + w.proposal.Name }

// fetch brings the heads, without what came before them, and without files until they are read.
func (w *work) fetch(ctx context.Context) error {
	listed, err := w.git.run(ctx, nil, "ls-remote", "--symref", "--", w.remote.URL, "HEAD", "refs/heads/*")
	if err != nil {
		return err
	}
	heads := map[string]bool{}
	branch := w.remote.Branch
	for line := range strings.SplitSeq(string(listed), "\n") {
		if to, ok := strings.CutPrefix(line, "ref: refs/heads/"); ok && branch == "" {
			branch, _, _ = strings.Cut(to, "\t")
		}
		if _, name, ok := strings.Cut(line, "\trefs/heads/"); ok {
			heads[name] = true
		}
	}
	switch {
	case len(heads) == 0:
		return refuse("the repository is empty: it needs a first commit")
	case branch == "" || !heads[branch]:
		return refuse("the repository has no branch %q", branch)
	}
	wanted := map[string]*string{branch: &w.base, w.branch(): &w.head, w.memory(): &w.generated}
	if _, err := w.git.run(ctx, nil, "remote", "add", "origin", w.remote.URL); err != nil {
		return err
	}
	depth := "1"
	if heads[w.branch()] {
		depth = history
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !heads[name] {
			continue
		}
		local := "refs/fetched/" + name
		if _, err := w.git.run(ctx, nil, "fetch", "--quiet", "--no-tags", "--depth="+depth, "--filter=blob:none", "origin", "+refs/heads/"+name+":"+local); err != nil {
			return err
		}
		if *wanted[name], err = w.git.line(ctx, nil, "rev-parse", "--verify", local+"^{commit}"); err != nil {
			return err
		}
	}
	return w.taken(ctx)
}

// taken finds out whether the earlier proposal is part of the branch by now: as it was, or in one commit with its test.
func (w *work) taken(ctx context.Context) error {
	if w.head == "" {
		return nil
	}
	_, err := w.git.run(ctx, nil, "merge-base", "--is-ancestor", w.head, w.base)
	if err == nil {
		w.over = true
		return nil
	}
	_, spec, err := w.place(ctx, w.head)
	if err != nil {
		return err
	}
	before, _, err := w.read(ctx, w.head, spec)
	if err != nil {
		return err
	}
	now, there, err := w.read(ctx, w.base, spec)
	w.over = there && bytes.Equal(before, now)
	return err
}

// propose makes the commits and pushes them.
func (w *work) propose(ctx context.Context) (Proposed, error) {
	from := w.base
	if w.head != "" && !w.over {
		from = w.head
	}
	out := Proposed{Branch: w.branch(), Commit: from, URL: w.address()}
	files, spec, err := w.place(ctx, from)
	if err != nil {
		return out, refused(err)
	}
	out.Spec = spec
	merged := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		was, wasThere, err := w.read(ctx, w.generated, name)
		if err != nil {
			return out, refused(err)
		}
		theirs, there, err := w.read(ctx, from, name)
		if err != nil {
			return out, refused(err)
		}
		now := files[name]
		switch {
		case !there && wasThere: // people have taken it away
			out.Kept = append(out.Kept, name)
		case there && bytes.Equal(theirs, now):
		case !there, wasThere && bytes.Equal(theirs, was):
			merged[name] = now
		case !wasThere || bytes.Equal(was, now): // theirs, or theirs alone is changed
			out.Kept = append(out.Kept, name)
		default:
			both, clean, err := w.merge(ctx, theirs, was, now)
			if err != nil {
				return out, err
			}
			if !clean {
				out.Kept = append(out.Kept, name)
				continue
			}
			out.Merged = append(out.Merged, name)
			merged[name] = both
		}
	}
	if len(merged) == 0 {
		out.Unchanged = true
		return out, nil
	}
	if out.Commit, err = w.commit(ctx, from, merged); err != nil {
		return out, refused(err)
	}
	maps.DeleteFunc(files, func(name string, _ []byte) bool { return slices.Contains(out.Kept, name) })
	memory, err := w.commit(ctx, w.generated, files)
	if err != nil {
		return out, refused(err)
	}
	push := []string{"push", "--quiet", "--atomic"}
	if w.over {
		push = append(push, "--force-with-lease=refs/heads/"+w.branch()+":"+w.head)
	}
	_, err = w.git.run(ctx, nil, append(push, "origin", out.Commit+":refs/heads/"+w.branch(), memory+":refs/heads/"+w.memory())...)
	return out, refused(err)
}

// place says where the files go. A repository that has a configuration of Playwright Test gets the test and what belongs to
// it only, where that configuration looks.
func (w *work) place(ctx context.Context, from string) (map[string][]byte, string, error) {
	files := map[string][]byte{}
	config, err := w.config(ctx, from)
	if err != nil {
		return nil, "", err
	}
	if w.proposal.Whole {
		config = ""
	}
	if config == "" {
		for name, data := range w.proposal.Files {
			files[path.Join(w.remote.Folder, name)] = data
		}
		return files, path.Join(w.remote.Folder, w.proposal.Spec), nil
	}
	text, _, err := w.read(ctx, from, config)
	if err != nil {
		return nil, "", err
	}
	tests := path.Dir(w.proposal.Spec)
	to := path.Join(path.Dir(config), testDir(string(text), tests))
	for name, data := range w.proposal.Files {
		if rest, ok := strings.CutPrefix(name, tests+"/"); ok {
			files[path.Join(to, rest)] = data
		}
	}
	return files, path.Join(to, path.Base(w.proposal.Spec)), nil
}

// config is the configuration of Playwright Test that people have written in the folder; "" for none.
func (w *work) config(ctx context.Context, from string) (string, error) {
	for _, ext := range []string{"ts", "js", "mts", "mjs", "cts", "cjs"} {
		name := path.Join(w.remote.Folder, "playwright.config."+ext)
		_, there, err := w.read(ctx, from, name)
		if err != nil {
			return "", err
		}
		if _, ours, err := w.read(ctx, w.generated, name); err != nil || there && !ours {
			return name, err
		}
	}
	return "", nil
}

var aTestDir = regexp.MustCompile("(?m)^\\s*testDir:\\s*[\"'`]([^\"'`\\\\]+)[\"'`]")

// testDir is where a configuration looks for tests, without what leads out of its folder.
func testDir(config, standard string) string {
	m := aTestDir.FindStringSubmatch(config)
	if m == nil {
		return standard
	}
	dir := path.Clean(m[1])
	if path.IsAbs(dir) || dir == ".." || strings.HasPrefix(dir, "../") {
		return standard
	}
	return dir
}

// read is a file of a commit; false where there is none. One that is no plain file is refused.
func (w *work) read(ctx context.Context, commit, name string) ([]byte, bool, error) {
	if commit == "" {
		return nil, false, nil
	}
	entry, err := w.git.line(ctx, nil, "ls-tree", commit, "--", name)
	if err != nil || entry == "" {
		return nil, false, err
	}
	fields := strings.Fields(entry)
	if len(fields) < 3 || fields[1] != "blob" || !strings.HasPrefix(fields[0], "100") {
		return nil, false, refuse("%s is no plain file there", name)
	}
	data, err := w.git.run(ctx, nil, "cat-file", "blob", fields[2])
	return data, err == nil, err
}

// merge merges three versions of a file; false when both changed the same lines.
func (w *work) merge(ctx context.Context, theirs, was, now []byte) ([]byte, bool, error) {
	var names []string
	for i, data := range [][]byte{theirs, was, now} {
		name := filepath.Join(w.git.dir, fmt.Sprintf("merge-%d", i))
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return nil, false, err
		}
		names = append(names, name)
	}
	out, err := w.git.run(ctx, nil, append([]string{"merge-file", "-p", "--quiet"}, names...)...)
	var f *failure
	if errors.As(err, &f) { // it counts conflicts by its exit code
		return nil, false, nil
	}
	return out, err == nil, err
}

// commit adds files to what a commit holds, and commits that on top of it.
func (w *work) commit(ctx context.Context, parent string, files map[string][]byte) (string, error) {
	read := []string{"read-tree", "--empty"}
	if parent != "" {
		read = []string{"read-tree", parent}
	}
	if _, err := w.git.run(ctx, nil, read...); err != nil {
		return "", err
	}
	var index bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		blob, err := w.git.line(ctx, files[name], "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(&index, "100644 %s\t%s\x00", blob, name)
	}
	if _, err := w.git.run(ctx, index.Bytes(), "update-index", "--add", "-z", "--index-info"); err != nil {
		return "", err
	}
	tree, err := w.git.line(ctx, nil, "write-tree", "--missing-ok")
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree}
	if parent != "" {
		args = append(args, "-p", parent)
	}
	return w.git.line(ctx, []byte(w.proposal.Title+"\n"), append(args, "-F", "-")...)
}

// address is where the well-known hosts show a branch.
func (w *work) address() string {
	if filepath.IsAbs(w.remote.URL) {
		return ""
	}
	base := strings.TrimSuffix(strings.TrimSuffix(w.remote.URL, "/"), ".git")
	if strings.Contains(base, "gitlab") {
		return base + "/-/tree/" + w.branch()
	}
	return base + "/tree/" + w.branch()
}
