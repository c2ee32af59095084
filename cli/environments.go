package cli

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"tapedeck/client"
	"tapedeck/domain/environment"
	"tapedeck/domain/secret"
)

func (a *app) environments() *cobra.Command {
	var project string
	c := &cobra.Command{
		Use: "environments", Short: "List the targets that tests are run against, and change them", Args: cobra.NoArgs,
		Example: `  tapedeck environments
  tapedeck environments set staging --base-url https://staging.example.org --secret token=TAPEDECK_SECRET_STAGING --header 'Authorization: Bearer ${secret:token}'
  tapedeck environments set staging --writable --allow api.example.org
  tapedeck environments check staging
  tapedeck environments show staging
  tapedeck environments remove staging`,
	}
	c.PersistentFlags().StringVar(&project, "project", "", "its project; the list has all without it")
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
		if err := cl.Get(cmd.Context(), "/api/environments", q, &list); err != nil {
			return err
		}
		return a.table(list.Items, "NAME\tPROJECT\tWRITABLE\tADDRESS\tTITLE", func(item jsontext.Value) (string, error) {
			var e environment.State
			err := json.Unmarshal(item, &e)
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", e.Name, e.Project, yesNo(e.Writable), safe(e.BaseURL), safe(e.Title)), err
		})
	}
	a.outputFlag(c, "table", "json", "ndjson")
	c.AddCommand(a.setEnvironment(&project), a.showEnvironment(&project), a.checkEnvironment(&project), a.removeEnvironment(&project))
	return c
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func environmentPath(name, project, rest string) string {
	q := url.Values{}
	setIf(q, "project", project)
	path := "/api/environments/" + url.PathEscape(name) + rest
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// settingFlags are what a person says of an environment; what is not said stays as it is.
type settingFlags struct {
	given                          environment.Settings
	secrets, headers, allowedHosts []string
}

func (a *app) setEnvironment(project *string) *cobra.Command {
	var in settingFlags
	c := &cobra.Command{
		Use: "set NAME", Short: "Create an environment, or change what is said of it", Args: cobra.ExactArgs(1),
		Long: `Create an environment, or change what is said of it; all else stays as it is. A repeatable flag replaces the whole
list, and an empty value clears it. Secrets are references, such as TAPEDECK_SECRET_SHOP: the workers' environment has
their values.`,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&in.given.BaseURL, "base-url", "", "where it is: http:// or https://")
	f.StringVar(&in.given.Title, "title", "", "what people call it")
	f.StringArrayVar(&in.secrets, "secret", nil, "NAME=REFERENCE; repeatable")
	f.StringArrayVar(&in.headers, "header", nil, "'NAME: VALUE', with ${secret:NAME} for what is secret; repeatable")
	f.StringVar(&in.given.LoginProfile, "profile", "", "login profile that tests begin with")
	f.BoolVar(&in.given.Writable, "writable", false, "tests that write may run against it")
	f.BoolVar(&in.given.IgnoreHTTPSErrors, "ignore-https-errors", false, "accept any certificate")
	f.StringArrayVar(&in.allowedHosts, "allow", nil, "host that tests may reach beside its own: NAME, NAME:PORT or *.NAME; repeatable")
	f.StringVar(&in.given.Note, "note", "", "what others should know")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		path := environmentPath(args[0], *project, "")
		var old environment.State
		err = cl.Get(cmd.Context(), path, nil, &old)
		var problem *client.Problem
		if err != nil && !(errors.As(err, &problem) && problem.Status == http.StatusNotFound) {
			return err
		}
		header := http.Header{"If-None-Match": {"*"}}
		if err == nil {
			header = http.Header{"If-Match": {fmt.Sprintf("%q", fmt.Sprint(old.Version))}}
		}
		settings, err := in.over(old.Settings, f.Changed)
		if err != nil {
			return err
		}
		var e environment.State
		if err := cl.Put(cmd.Context(), path, header, settings, &e); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s: %s (version %d)\n", e.Name, safe(e.BaseURL), e.Version)
		return nil
	}
	return c
}

// over puts what was said over what was there.
func (in settingFlags) over(s environment.Settings, said func(flag string) bool) (_ environment.Settings, err error) {
	for flag, set := range map[string]func(){
		"base-url": func() { s.BaseURL = in.given.BaseURL }, "title": func() { s.Title = in.given.Title },
		"profile": func() { s.LoginProfile = in.given.LoginProfile }, "writable": func() { s.Writable = in.given.Writable },
		"ignore-https-errors": func() { s.IgnoreHTTPSErrors = in.given.IgnoreHTTPSErrors }, "note": func() { s.Note = in.given.Note },
		"allow": func() { s.AllowedHosts = filled(in.allowedHosts) },
	} {
		if said(flag) {
			set()
		}
	}
	if said("secret") {
		s.Secrets = nil
		for _, text := range filled(in.secrets) {
			name, ref, ok := strings.Cut(text, "=")
			if !ok {
				return s, errors.New("--secret: want NAME=REFERENCE, such as token=TAPEDECK_SECRET_SHOP")
			}
			s.Secrets = append(s.Secrets, secret.Ref{Name: name, Ref: ref})
		}
	}
	if said("header") {
		s.Headers = map[string]string{}
		for _, text := range filled(in.headers) {
			name, value, ok := strings.Cut(text, ":")
			if !ok {
				return s, errors.New("--header: want 'NAME: VALUE'")
			}
			s.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return s, nil
}

func filled(list []string) (out []string) {
	for _, text := range list {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

func (a *app) showEnvironment(project *string) *cobra.Command {
	c := &cobra.Command{Use: "show NAME", Short: "Show an environment as JSON", Args: cobra.ExactArgs(1)}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		var v jsontext.Value
		if err := cl.Get(cmd.Context(), environmentPath(args[0], *project, ""), nil, &v); err != nil {
			return err
		}
		return a.printJSON(v, true)
	}
	return c
}

func (a *app) checkEnvironment(project *string) *cobra.Command {
	c := &cobra.Command{
		Use: "check NAME", Short: "Look whether tests could run against an environment", Args: cobra.ExactArgs(1),
		Long: `Ask its address, and look whether its secrets and its login are there. The exit code is 1 when tests could not run.`,
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		var raw jsontext.Value
		if err := cl.Post(cmd.Context(), environmentPath(args[0], *project, "/check"), nil, &raw); err != nil {
			return err
		}
		var found struct {
			OK       bool                                       `json:"ok"`
			Findings []struct{ Subject, Level, Message string } `json:"findings"`
		}
		if err := json.Unmarshal(raw, &found, json.MatchCaseInsensitiveNames(true)); err != nil {
			return err
		}
		if a.output == "json" {
			err = a.printJSON(raw, true)
		} else {
			w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
			for _, f := range found.Findings {
				fmt.Fprintf(w, "%s\t%s\t%s\n", f.Level, safe(f.Subject), safe(f.Message))
			}
			err = w.Flush()
		}
		if err == nil && !found.OK {
			err = &FailedError{args[0] + " is not ready for tests"}
		}
		return err
	}
	a.outputFlag(c, "text", "json")
	return c
}

func (a *app) removeEnvironment(project *string) *cobra.Command {
	c := &cobra.Command{Use: "remove NAME…", Short: "Remove environments; what is on their tapes stays", Args: cobra.MinimumNArgs(1)}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		for _, name := range args {
			var done jsontext.Value
			if err := cl.Delete(cmd.Context(), environmentPath(name, *project, ""), nil, &done); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Fprintf(a.out, "%s: removed\n", name)
		}
		return nil
	}
	return c
}
