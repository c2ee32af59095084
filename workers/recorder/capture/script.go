package capture

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/workers/recorder/likeness"
)

//go:embed script/*.js
var scripts embed.FS

// parts are the files of the script in the order in which they are joined.
var parts = []string{"core", "secrets", "ways", "describe", "fields", "pointer", "drag", "keys", "reveal", "pick", "start"}

// Names that exist in the isolated world only.
const (
	worldName   = "tapedeck"
	bindingName = "tapedeckReport"
)

// Script is what runs in the pages: our files, and the selector engine of the installed browser driver.
type Script struct{ engine string }

// LoadScript reads the selector engine from the folder of the browser driver (the one with "package" in it). It is
// worth doing once for a process.
func LoadScript(driverDir string) (Script, error) {
	path := filepath.Join(driverDir, "package", "lib", "generated", "injectedScriptSource.js")
	file, err := os.ReadFile(path)
	if err != nil {
		return Script{}, fmt.Errorf("read the browser driver's selector engine: %w", err)
	}
	engine, err := literal(string(file), "source = '")
	if err != nil {
		return Script{}, fmt.Errorf("read %s: %w", path, err)
	}
	for _, needed := range strings.Split(engineNames, ", ") {
		if !strings.Contains(engine, needed) {
			return Script{}, fmt.Errorf("read %s: %q is not in it; playwright-core 1.52 is needed", path, needed)
		}
	}
	return Script{engine: engine}, nil
}

// literal is the value of the JavaScript string that starts after a prefix which ends with its quote.
func literal(file, prefix string) (string, error) {
	_, rest, found := strings.Cut(file, prefix)
	if !found {
		return "", fmt.Errorf("no %q in it", prefix)
	}
	quote := prefix[len(prefix)-1]
	var out strings.Builder
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; c {
		case quote:
			return out.String(), nil
		case '\\':
			used, err := escape(&out, rest[i+1:])
			if err != nil {
				return "", err
			}
			i += used
		default:
			out.WriteByte(c)
		}
	}
	return "", errors.New("the string does not end")
}

var escapes = map[byte]string{'n': "\n", 'r': "\r", 't': "\t", 'b': "\b", 'f': "\f", 'v': "\v", '0': "\x00", '\n': ""}

// escape writes what follows a backslash and returns how many bytes that was.
func escape(out *strings.Builder, rest string) (int, error) {
	if rest == "" {
		return 0, errors.New("the string ends in an escape")
	}
	if digits := map[byte]int{'x': 2, 'u': 4}[rest[0]]; digits > 0 {
		if len(rest) <= digits {
			return 0, errors.New("the string ends in an escape")
		}
		code, err := strconv.ParseUint(rest[1:1+digits], 16, 32)
		if err != nil {
			return 0, fmt.Errorf("an escape: %w", err)
		}
		out.WriteRune(rune(code))
		return 1 + digits, nil
	}
	if text, ok := escapes[rest[0]]; ok {
		out.WriteString(text)
	} else {
		out.WriteByte(rest[0])
	}
	return 1, nil
}

// settings are what the script reads as "config".
type settings struct {
	Binding         string   `json:"binding"`
	TestIDAttribute string   `json:"testIdAttribute"`
	Secrets         []string `json:"secrets"`
	BudgetMS        float64  `json:"budgetMs"`
}

// configured is the whole script for a context. It does nothing in a document where it already runs.
func (s Script) configured(o Options) (string, error) {
	config, err := json.Marshal(settings{
		Binding: bindingName, TestIDAttribute: o.TestIDAttribute, Secrets: o.Secrets,
		BudgetMS: float64(o.Budget) / float64(time.Millisecond),
	})
	if err != nil {
		return "", fmt.Errorf("capture settings: %w", err)
	}
	var out strings.Builder
	out.WriteString("(() => {\n'use strict';\nif (globalThis.tapedeck && globalThis.tapedeck.document === document) return;\n")
	fmt.Fprintf(&out, "const config = %s;\n", config)
	fmt.Fprintf(&out, "const {%s} = (() => {\nconst module = {exports: {}};\n%s\nreturn {%s};\n})();\n", engineNames, s.engine, engineNames)
	out.WriteString(likeness.FactsScript)
	for _, part := range parts {
		text, err := scripts.ReadFile("script/" + part + ".js")
		if err != nil {
			return "", fmt.Errorf("capture script: %w", err)
		}
		out.Write(text)
	}
	out.WriteString("\n})();\n")
	return out.String(), nil
}

// engineNames are what the script uses of the engine.
const engineNames = "InjectedScript, beginAriaCaches, endAriaCaches, getElementLabels, elementText, isElementHiddenForAria"
