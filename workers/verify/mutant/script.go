package mutant

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"tapedeck/proxy/twin"
)

//go:embed script.js
var scriptFinder string

// Script is a served script, and which of its functions were run: offsets in UTF-16 units.
type Script struct {
	URL    string   `json:"url"`
	Source string   `json:"source"`
	Ranges [][2]int `json:"ranges"`
}

// Parser finds the places in scripts; node and the folder of the test kit, which has the parser (acorn).
type Parser struct{ Node, Kit string }

type scriptSite struct {
	URL      string `json:"url"`
	Operator string `json:"operator"`
	Line     int    `json:"line"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Text     string `json:"text"`
	What     string `json:"what"`
}

// Scripts are the faults in functions that were run. A script that cannot be parsed has none. The error is that of running
// the parser.
func (p Parser) Scripts(ctx context.Context, recording string, scripts []Script) ([]Site, error) {
	if len(scripts) == 0 {
		return nil, nil
	}
	in, err := json.Marshal(map[string]any{"scripts": scripts})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, p.Node, "-e", scriptFinder, "--", p.Kit)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Stdin = bytes.NewReader(in)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("look into the scripts: %w: %s", err, strings.TrimSpace(said.String()))
	}
	var found struct {
		Sites []scriptSite `json:"sites"`
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		return nil, fmt.Errorf("look into the scripts: %w", err)
	}
	sources := map[string]string{}
	for _, s := range scripts {
		sources[s.URL] = s.Source
	}
	var sites []Site
	for _, s := range found.Sites {
		if source := sources[s.URL]; s.Start >= 0 && s.End >= s.Start && s.End <= len(source) {
			sites = append(sites, s.site(recording, source))
		}
	}
	return sites, nil
}

func (s scriptSite) site(recording, source string) Site {
	where := fmt.Sprintf("%s:%d (byte %d)", s.URL, s.Line, s.Start)
	return named(recording, "script."+s.Operator, where, s.What, func(o *twin.RunOptions, applied func()) {
		o.StripIntegrity = true
		altering(o, func(r *http.Request, a *twin.Answer) {
			if r.URL.String() != s.URL || string(a.Body) != source {
				return
			}
			applied()
			a.Body = slices.Concat(a.Body[:s.Start], []byte(s.Text), a.Body[s.End:])
		})
	})
}
