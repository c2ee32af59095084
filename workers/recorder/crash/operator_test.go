package crash_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/recorder/crash"
)

const shelf = `<section class=c1 id=i1><div id=i2 class="c2 c3"><span>Shelf</span>
	<label for=e>Label</label><input id=e name=n class=c4 placeholder=Find title=Titled data-testid=t aria-label=Aria>
	<button id=b onclick="x()">Save</button></div></section>`

// Each operator does what it says, to the element e (or b), and nothing of what another one does.
func TestOperatorsChangeWhatTheySay(t *testing.T) {
	t.Parallel()
	changing, err := crash.Changing()
	require.NoError(t, err)
	e, b := "globalThis.e0", "globalThis.b0"
	for _, c := range []struct{ operator, of, holds string }{
		{"ids", "#e", e + `.id !== "e" && ` + e + `.labels.length === 1 && !document.getElementById("i1")`},
		{"classes", "#e", `!document.querySelector(".c1,.c2,.c3,.c4") && ` + e + `.classList.length === 1`},
		{"testIds", "#e", `!document.querySelector("[data-testid]")`},
		{"attribute", "#e", e + `.placeholder !== "Find" || ` + e + `.title !== "Titled" || ` + e + `.name !== "n"`},
		{"order", "#e", `[...` + e + `.parentElement.children].map((c) => c.localName).join() !== "span,label,input,button"`},
		{"wrapElement", "#e", e + `.parentElement.className.startsWith("wrap-") && ` + e + `.parentElement.children.length === 1`},
		{"wrapAncestors", "#e", `document.querySelector("[class^=wrap-] " + "#e") && !` + e + `.parentElement.className.startsWith("wrap-")`},
		{"unwrap", "#e", e + `.parentElement.id === "i1"`},
		{"ownCopy", "#b", b + `.textContent && ` + b + `.textContent !== "Save" && document.querySelector("span").textContent === "Shelf"`},
		{"nearCopy", "#b", b + `.textContent === "Save" && document.body.innerText.includes("Shelf") + document.body.innerText.includes("Label") === 1`},
		{"labelCopy", "#e", e + `.labels[0].textContent !== "Label" && ` + e + `.getAttribute("aria-label") !== "Aria"`},
		{"twinBefore", "#b", b + `.previousElementSibling.localName === "button" && ` + b + `.textContent === "Save"`},
		{"twinAfter", "#b", b + `.nextElementSibling.localName === "button" && ` + b + `.nextElementSibling.id !== "b"`},
		{"remove", "#e", "!" + e + `.isConnected && document.querySelectorAll("input").length === 0`},
		{"replace", "#e", "!" + e + `.isConnected && document.querySelector("input").placeholder !== "Find"`},
	} {
		p := page(t, shelf)
		_, err := p.Evaluate(`() => { globalThis.e0 = document.getElementById("e"); globalThis.b0 = document.getElementById("b") }`)
		require.NoError(t, err)
		done, err := p.Locator(c.of).EvaluateAll(changing, map[string]any{"name": c.operator, "seed": 7.0})
		require.NoError(t, err, c.operator)
		require.Equal(t, true, done, c.operator)
		holds, err := p.Evaluate(`Boolean(` + c.holds + `)`)
		require.NoError(t, err, c.operator)
		require.Equal(t, true, holds, c.operator)
	}
}

// Where a change makes no sense it is not made, and is no case.
func TestOperatorsLeaveAloneWhatTheyDoNotFit(t *testing.T) {
	t.Parallel()
	changing, err := crash.Changing()
	require.NoError(t, err)
	const plain = `<p>Text</p><ul><li></li><li></li></ul>`
	for _, operator := range []string{"ids", "classes", "testIds", "attribute", "order", "unwrap", "ownCopy", "labelCopy", "twinAfter", "replace"} {
		p := page(t, plain)
		before, err := p.Content()
		require.NoError(t, err)
		of := "li:nth-of-type(1)"
		if operator == "order" || operator == "remove" {
			of = "body"
		}
		done, err := p.Locator(of).EvaluateAll(changing, map[string]any{"name": operator, "seed": 7.0})
		require.NoError(t, err, operator)
		require.Equal(t, false, done, operator)
		after, err := p.Content()
		require.NoError(t, err)
		require.Equal(t, before, after, operator)
	}
}

func TestEveryOperatorIsKnownToTheScript(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, o := range crash.Operators() {
		require.NotEmpty(t, o.About)
		require.False(t, names[o.Name], o.Name)
		names[o.Name] = true
	}
	require.Len(t, names, 15)
}
