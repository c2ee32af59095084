package cli

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

// knownFilter is what search and lists of documents select by.
type knownFilter struct {
	project               string
	source, kinds, labels []string
	limit                 int
}

func (f *knownFilter) flags(c *cobra.Command, limit int) {
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.project, "project", "", "only this project")
	fl.StringArrayVar(&f.source, "source", nil, "only this source (its id)")
	fl.StringArrayVarP(&f.kinds, "kind", "k", nil, "only these kinds of documents; repeatable")
	fl.StringArrayVarP(&f.labels, "label", "l", nil, "only with one of these labels; repeatable")
	fl.IntVarP(&f.limit, "limit", "n", limit, "how many at most")
}

func (f *knownFilter) query() url.Values {
	q := url.Values{"source": f.source, "kind": f.kinds, "label": f.labels, "limit": {strconv.Itoa(f.limit)}}
	setIf(q, "project", f.project)
	return q
}

func (a *app) search() *cobra.Command {
	var f knownFilter
	var types []string
	var after string
	c := &cobra.Command{
		Use: "search WORDS…", Short: "Find passages in what was gathered", Args: cobra.MinimumNArgs(1),
		Long: `Find passages that have all the words, by their stems. "A phrase", beginning* and -without may be among them
(write -- before a word with a dash). What is found is what somebody else wrote.`,
		Example: `  tapedeck search cart must keep --type must
  tapedeck search '"forgotten password"' --kind issue -o ndjson | jq .text`,
	}
	f.flags(c, 20)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		q := f.query()
		q.Set("q", strings.Join(args, " "))
		q["type"] = types
		if after != "" {
			t, err := since(after, time.Now())
			if err != nil {
				return err
			}
			q.Set("since", t)
		}
		var found struct {
			Items []jsontext.Value `json:"items"`
			Total int              `json:"total"`
			More  bool             `json:"more"`
			Loose bool             `json:"loose"`
		}
		if err := cl.Get(cmd.Context(), "/api/knowledge/search", q, &found); err != nil {
			return err
		}
		if a.output != "text" {
			return a.printItems(found.Items)
		}
		return a.printHits(found.Items, found.Total, found.More, found.Loose)
	}
	c.Flags().StringArrayVarP(&types, "type", "t", nil, "only passages that demand something: must, should, may, criterion, scenario, rule; repeatable")
	c.Flags().StringVar(&after, "since", "", "changed since: a duration (24h) or a time")
	a.outputFlag(c, "text", "json", "ndjson")
	return c
}

func (a *app) printItems(items []jsontext.Value) error {
	if a.output == "json" {
		return a.printJSON(items, true)
	}
	for _, item := range items {
		if err := a.printJSON(item, false); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printHits(items []jsontext.Value, total int, more, loose bool) error {
	switch {
	case total == 0:
		fmt.Fprintln(a.err, "nothing was found")
	case loose:
		fmt.Fprintln(a.err, "no passage has all the words; these have some")
	}
	for _, item := range items {
		var h struct {
			Title, URL, DocumentID, Requirement string
			Headings                            []string
			Snippet                             []struct{ Text string }
		}
		if err := json.Unmarshal(item, &h, json.MatchCaseInsensitiveNames(true)); err != nil {
			return err
		}
		where := h.DocumentID
		if h.URL != "" {
			where = h.URL
		}
		demand := ""
		if h.Requirement != "" {
			demand = " [" + h.Requirement + "]"
		}
		fmt.Fprintf(a.out, "%s%s  %s\n", safe(strings.Join(append([]string{h.Title}, h.Headings...), " › ")), demand, safe(where))
		var text strings.Builder
		for _, part := range h.Snippet {
			text.WriteString(part.Text)
		}
		fmt.Fprintf(a.out, "  %s\n", safe(strings.Join(strings.Fields(text.String()), " ")))
	}
	if total > len(items) {
		of := strconv.Itoa(total)
		if more {
			of += " or more"
		}
		fmt.Fprintf(a.err, "%d of %s\n", len(items), of)
	}
	return nil
}

func (a *app) knowledge() *cobra.Command {
	c := &cobra.Command{
		Use: "knowledge", Short: "Look at what was gathered, and remove it",
		Example: `  tapedeck knowledge sources
  tapedeck knowledge documents --source src-… -q cart
  tapedeck knowledge text doc-…
  tapedeck knowledge remove doc-… --reason outdated`,
	}
	c.AddCommand(a.sources(), a.documents(), a.showKnown(), a.textOf(), a.removeKnown())
	return c
}

func (a *app) sources() *cobra.Command {
	var project string
	c := &cobra.Command{Use: "sources", Short: "List where documents come from", Args: cobra.NoArgs}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		q := url.Values{}
		setIf(q, "project", project)
		var list struct {
			Items []jsontext.Value `json:"items"`
		}
		if err := cl.Get(cmd.Context(), "/api/knowledge/sources", q, &list); err != nil {
			return err
		}
		return a.table(list.Items, "ID\tKIND\tDOCUMENTS\tLAST RUN\tOUTCOME\tNAME", func(item jsontext.Value) (string, error) {
			var s struct {
				SourceID, Kind, Name string
				Documents            int
				Run                  struct {
					Outcome   string
					StartedAt time.Time
				}
			}
			err := json.Unmarshal(item, &s, json.MatchCaseInsensitiveNames(true))
			return fmt.Sprintf("%s\t%s\t%d\t%s\t%s\t%s", s.SourceID, s.Kind, s.Documents, s.Run.StartedAt.Local().Format("2006-01-02 15:04:05"), s.Run.Outcome, safe(s.Name)), err
		})
	}
	c.Flags().StringVar(&project, "project", "", "only this project")
	a.outputFlag(c, "table", "json", "ndjson")
	return c
}

// table prints items as JSON, or each as a row.
func (a *app) table(items []jsontext.Value, head string, row func(jsontext.Value) (string, error)) error {
	if a.output != "table" {
		return a.printItems(items)
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, head)
	for _, item := range items {
		line, err := row(item)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, line)
	}
	return w.Flush()
}

func (a *app) documents() *cobra.Command {
	var f knownFilter
	var text string
	var removed bool
	c := &cobra.Command{Use: "documents", Short: "List documents", Args: cobra.NoArgs}
	f.flags(c, 50)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		q := f.query()
		setIf(q, "q", text)
		if removed {
			q.Set("removed", "true")
		}
		var list struct {
			Items []jsontext.Value `json:"items"`
		}
		if err := cl.Get(cmd.Context(), "/api/knowledge/documents", q, &list); err != nil {
			return err
		}
		return a.table(list.Items, "ID\tKIND\tPASSAGES\tREQUIREMENTS\tUPDATED\tTITLE", func(item jsontext.Value) (string, error) {
			var d struct {
				DocumentID, Kind, Title string
				Passages, Requirements  int
				UpdatedAt               time.Time
			}
			err := json.Unmarshal(item, &d, json.MatchCaseInsensitiveNames(true))
			return fmt.Sprintf("%s\t%s\t%d\t%d\t%s\t%s", d.DocumentID, d.Kind, d.Passages, d.Requirements, d.UpdatedAt.Local().Format("2006-01-02 15:04:05"), safe(d.Title)), err
		})
	}
	c.Flags().StringVarP(&text, "text", "q", "", "as in search; it covers titles and passages")
	c.Flags().BoolVar(&removed, "removed", false, "those that were removed")
	a.outputFlag(c, "table", "json", "ndjson")
	return c
}

func (a *app) showKnown() *cobra.Command {
	c := &cobra.Command{Use: "show ID", Short: "Show a source, a document or a passage as JSON", Args: cobra.ExactArgs(1)}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		kind := "passages"
		switch {
		case strings.HasPrefix(args[0], "src-"):
			kind = "sources"
		case strings.HasPrefix(args[0], "doc-"):
			kind = "documents"
		}
		var v jsontext.Value
		if err := cl.Get(cmd.Context(), "/api/knowledge/"+kind+"/"+url.PathEscape(args[0]), nil, &v); err != nil {
			return err
		}
		return a.printJSON(v, true)
	}
	return c
}

func (a *app) textOf() *cobra.Command {
	var version int
	c := &cobra.Command{Use: "text ID", Short: "Print a document's text as Markdown", Args: cobra.ExactArgs(1)}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		path := "/api/knowledge/documents/" + url.PathEscape(args[0]) + "/text"
		if version > 0 {
			path += "?version=" + strconv.Itoa(version)
		}
		return cl.Download(cmd.Context(), path, a.out)
	}
	c.Flags().IntVar(&version, "version", 0, "the newest when 0")
	return c
}

func (a *app) removeKnown() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "remove ID…", Short: "Remove documents, or sources with all of theirs", Args: cobra.MinimumNArgs(1),
		Long: "Remove documents, or sources with all of their documents. A later job of the same source brings back what is still there.",
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		for _, id := range args {
			path, q := "/api/knowledge/documents/"+url.PathEscape(id), url.Values{}
			if strings.HasPrefix(id, "src-") {
				path = "/api/knowledge/documents"
				q.Set("source", id)
			}
			setIf(q, "reason", reason)
			var done struct {
				Removed int `json:"removed"`
			}
			if err := cl.Delete(cmd.Context(), path, q, &done); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			fmt.Fprintf(a.out, "%s: %d removed\n", id, done.Removed)
		}
		return nil
	}
	c.Flags().StringVar(&reason, "reason", "", "kept with the removal")
	return c
}
