package verify

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"tapedeck/domain/proof"
	"tapedeck/workers/locator"
)

// maxSource is the size up to which files of the project are searched.
const maxSource = 1 << 20

// remedies are the changes that may mend a test, by how a run of it failed; else it says why there are none.
func (m *mender) remedies(t proof.Test, failed proof.Run) ([]remedy, string) {
	if why := beyondRepair(failed.End); why != "" {
		return nil, why
	}
	a := ailment{end: *failed.End, steps: m.v.sources[t.Recording].steps, line: m.read(failed.End.File)}
	if a.end.By == proof.ByAssertion {
		a.claim = claimAt(a.line, a.end)
	}
	name := named(a.end.Message)
	if !m.find(t, &a, name) && a.claim == nil {
		return nil, "the line could not be read: it holds no locator, and the one that failed is nowhere else"
	}
	if name != nil {
		a.key = name.Key()
		if rest, ok := strings.CutSuffix(a.key, "."+a.use.Chain.Key()); ok && a.use.Chain != nil {
			a.scope = rest + "."
		}
	} else {
		a.key = a.use.Chain.Key()
	}
	return a.remedies(), ""
}

// read answers a file of the project, without any text when it cannot be read.
func (m *mender) read(file string) sourceFile {
	if info, err := m.files.Stat(file); err != nil || !info.Mode().IsRegular() || info.Size() > maxSource {
		return sourceFile{file, locator.Read("")}
	}
	text, err := m.files.ReadFile(file)
	if err != nil {
		text = nil
	}
	return sourceFile{file, locator.Read(string(text))}
}

// claimAt is the assertion that failed: of those in the line the one that the message names.
func claimAt(p sourceFile, end proof.End) *locator.Claim {
	var first *locator.Claim
	for _, c := range p.Claims() {
		if end.Line < c.Of.First || end.Line > c.Last {
			continue
		}
		if strings.Contains(end.Message, c.Matcher+"(") {
			return &c
		}
		if first == nil {
			first = &c
		}
	}
	return first
}

// find looks for the locator that failed: in the line, else in a file that the line names, else where the file, else where
// another file of the project has it.
func (m *mender) find(t proof.Test, a *ailment, name locator.Chain) bool {
	uses := a.line.Uses()
	inLine := slices.DeleteFunc(slices.Clone(uses), func(u locator.Use) bool {
		if a.claim != nil {
			return u.From < a.claim.Of.From || u.To > a.claim.Of.To
		}
		return a.end.Line < u.First || a.end.Line > u.Last
	})
	is := func(u locator.Use) bool { return u.Chain != nil && name != nil && u.Chain.Key() == name.Key() }
	maybe := func(u locator.Use) bool {
		return name == nil || u.Chain == nil || strings.HasSuffix(name.Key(), "."+u.Chain.Key())
	}
	take := func(p sourceFile, list []locator.Use, fits func(locator.Use) bool) bool {
		i := slices.IndexFunc(list, fits)
		if i >= 0 {
			a.source, a.use = p, list[i]
		}
		return i >= 0
	}
	if take(a.line, inLine, is) || take(a.line, inLine, maybe) {
		return true
	}
	among := func(files []string) bool {
		return slices.ContainsFunc(files, func(file string) bool {
			p := m.read(file)
			return file != a.line.file && take(p, p.Uses(), func(u locator.Use) bool { return is(u) && !m.foreign(t, p, u.First) })
		})
	}
	if among(m.named(a.line, a.end.Line)) {
		return true
	}
	// The nearest above is meant, not one of another test.
	slices.Reverse(uses)
	return take(a.line, uses, func(u locator.Use) bool { return is(u) && u.First <= a.end.Line && !m.foreign(t, a.line, u.First) }) ||
		take(a.line, uses, func(u locator.Use) bool { return is(u) && !m.foreign(t, a.line, u.First) }) || among(m.sources())
}

// named are the project's files of code whose names stand in a line before a dot: registerPage.email is of register-page.ts.
// Several pages may have the same locator.
func (m *mender) named(p sourceFile, line int) []string {
	text := strings.ToLower(p.Lines(line, line))
	plain := strings.NewReplacer("-", "", "_", "", ".", "")
	return slices.DeleteFunc(m.sources(), func(file string) bool {
		name := strings.ToLower(plain.Replace(strings.TrimSuffix(path.Base(file), path.Ext(file))))
		return file == p.file || !regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\.`).MatchString(text)
	})
}

// owners are the tests in whose own code a line stands.
func (m *mender) owners(p sourceFile, line int) []proof.Test {
	return slices.DeleteFunc(slices.Clone(m.v.tests), func(o proof.Test) bool {
		return o.File != p.file || line < o.Line || line > p.CallEnd(o.Line)
	})
}

// foreign says whether a line stands in other tests' own code only.
func (m *mender) foreign(t proof.Test, p sourceFile, line int) bool {
	owners := m.owners(p, line)
	return len(owners) > 0 && !slices.ContainsFunc(owners, func(o proof.Test) bool { return o.ID == t.ID })
}

// concerned are the other tests that changes may concern: those in whose code one stands, and all for one that stands in
// nobody's.
func (m *mender) concerned(t proof.Test, way []remedy) []proof.Test {
	ids := map[string]bool{}
	for _, r := range way {
		owners := m.owners(m.read(r.File), r.Line)
		if len(owners) == 0 {
			owners = m.v.tests
		}
		for _, o := range owners {
			ids[o.ID] = o.ID != t.ID
		}
	}
	return slices.DeleteFunc(slices.Clone(m.v.tests), func(o proof.Test) bool { return !ids[o.ID] })
}

var sourceNames = []string{".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"}

// sources are the project's files of code.
func (m *mender) sources() []string {
	var out []string
	_ = fs.WalkDir(m.files.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fs.SkipDir
		case d.IsDir() && name != "." && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.Type().IsRegular() && slices.Contains(sourceNames, path.Ext(name)):
			out = append(out, name)
		}
		return nil
	})
	return out
}
