package golang

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// needed are the variables that some line does something with; where one is given a value, "," follows.
func (f *flow) needed() map[string]bool {
	out := map[string]bool{}
	for _, l := range f.lines {
		if l.code == "" && l.variable != "" { // it is declared
			continue
		}
		var s scanner.Scanner
		code := []byte(l.code + l.plain)
		files := token.NewFileSet()
		s.Init(files.AddFile("", files.Base(), len(code)), code, nil, 0)
		for last := ""; ; {
			_, is, text := s.Scan()
			if last != "" && is != token.COMMA {
				out[last] = true
			}
			if is == token.EOF {
				break
			}
			if last = ""; is == token.IDENT {
				last = text
			}
		}
	}
	return out
}

// render writes the lines as the statements of a function that has t and page.
func (f *flow) render() string {
	var out strings.Builder
	declared := map[string]bool{"page": true}
	needed := f.needed()
	for _, l := range f.lines {
		switch {
		case l.code == "":
			out.WriteString(l.plain + "\n")
			declared[l.variable] = true
		case l.only != "":
			out.WriteString("if " + l.only + " {\n" + l.assign("_", false) + "}\n")
		default:
			name := l.variable
			if !needed[name] && !f.inner[name] {
				name = "_"
			}
			out.WriteString(l.assign(name, declared["err"] && (name == "_" || declared[name])))
			if l.value {
				declared[name], declared["err"] = true, true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.inner)) {
		if !needed[name] {
			out.WriteString("_ = " + name + "\n")
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// assign is the call with its error looked at; known says that its variables are declared already.
func (c call) assign(name string, known bool) string {
	if !c.value {
		return "must(t, " + c.code + ")\n"
	}
	sign := ":="
	if known {
		sign = "="
	}
	return fmt.Sprintf("%s, err %s %s\nmust(t, err)\n", name, sign, c.code)
}

// imported are the packages that tests may need, in order; the last is not Go's own.
var imported = []string{"path/filepath", "regexp", "strings", "testing", "github.com/playwright-community/playwright-go"}

// file is a formatted file of the package with the declarations, and what they import.
func file(declarations string) ([]byte, error) {
	source := "package tests\n\n" + declarations
	tree, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("write Go: %w", err)
	}
	needed := map[string]bool{}
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				needed[x.Name] = true
			}
		}
		return true
	})
	imports := "import (\n"
	for i, path := range imported {
		name := strings.TrimSuffix(path[strings.LastIndexByte(path, '/')+1:], "-go")
		if !needed[name] {
			continue
		}
		if i == len(imported)-1 {
			imports += "\n"
		}
		imports += quote(path) + "\n"
	}
	out, err := format.Source([]byte("package tests\n\n" + imports + ")\n\n" + declarations))
	if err != nil {
		return nil, fmt.Errorf("write Go: %w", err)
	}
	return out, nil
}

// goName is a slug as a part of a Go name.
func goName(slug string) string {
	words := strings.Split(slug, "-")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}
