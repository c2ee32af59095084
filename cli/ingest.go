package cli

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tapedeck/client"
)

// ingestion is what all ways to ingest have in common.
type ingestion struct {
	name, project string
	every         string
	labels        []string
	follow, dry   bool
}

func (a *app) ingestion(c *cobra.Command) *ingestion {
	in := &ingestion{}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&in.name, "name", "", "what the source is called")
	f.StringVar(&in.project, "project", "", "project")
	f.StringArrayVarP(&in.labels, "label", "l", nil, "label of the documents; repeatable")
	f.BoolVarP(&in.follow, "follow", "f", false, "print the log until the job ends")
	return in
}

func (a *app) ingest() *cobra.Command {
	c := &cobra.Command{
		Use: "ingest", Short: "Gather what a product should do: from Jira, a website, documents or a bucket",
		Long: "Submit a job that gathers documents, and print its id. The same command again reads what changed.",
		Example: `  tapedeck ingest jira 'project = SHOP AND type = Story' --follow
  tapedeck ingest website https://docs.example.org/ --depth 3 --label docs --dry-run
  tapedeck ingest documents specs/ handbook.pdf --name Specs
  tapedeck ingest bucket s3://specs --prefix shop/ --pattern '*.md' --pattern '!*/drafts/*'`,
	}
	c.AddCommand(a.ingestJira(), a.ingestWebsite(), a.ingestDocuments(), a.ingestBucket())
	return c
}

func (a *app) ingestJira() *cobra.Command {
	var comments, attachments, links bool
	var criteria, fields []string
	c := &cobra.Command{Use: "jira JQL", Short: "Keep the issues that a JQL query finds", Args: cobra.ExactArgs(1)}
	in := a.ingestion(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		body := in.body()
		body["jql"], body["comments"], body["attachments"], body["links"] = args[0], comments, attachments, links
		setList(body, "criteria", criteria)
		setList(body, "fields", fields)
		return a.submitIngest(cmd.Context(), "jira", body, in)
	}
	c.Flags().BoolVar(&in.dry, "dry-run", false, "say what would be read, and read nothing")
	c.Flags().StringVar(&in.every, "every", "", "read what changed again after this time, such as 24h")
	c.Flags().BoolVar(&comments, "comments", false, "keep the comments too")
	c.Flags().BoolVar(&attachments, "attachments", false, "read the attached documents too")
	c.Flags().BoolVar(&links, "links", true, "keep what an issue is linked to")
	c.Flags().StringArrayVar(&criteria, "criteria", nil, "name or id of a field with acceptance criteria; repeatable")
	c.Flags().StringArrayVar(&fields, "field", nil, "name or id of a further field to keep; repeatable")
	return c
}

func (a *app) ingestWebsite() *cobra.Command {
	var depth, pages int
	var include, exclude []string
	var sitemap, profile, proxy, proxyUser, proxyPassword string
	var render bool
	c := &cobra.Command{Use: "website URL", Short: "Keep the pages of a site; robots.txt is obeyed", Args: cobra.ExactArgs(1)}
	in := a.ingestion(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		body := in.body()
		body["url"], body["maxDepth"], body["maxPages"], body["sitemap"] = args[0], depth, pages, sitemap
		setList(body, "include", include)
		setList(body, "exclude", exclude)
		body["render"] = render
		if profile != "" {
			body["profile"] = profile
		}
		if proxy != "" {
			body["proxy"] = map[string]string{"server": proxy, "username": proxyUser, "passwordRef": proxyPassword}
		}
		return a.submitIngest(cmd.Context(), "website", body, in)
	}
	f := c.Flags()
	f.BoolVar(&in.dry, "dry-run", false, "say what would be read, and read nothing")
	f.StringVar(&in.every, "every", "", "read what changed again after this time, such as 24h")
	f.IntVar(&depth, "depth", 10, "how many links a page may be away from the first")
	f.IntVar(&pages, "pages", 1000, "how many pages at most")
	f.StringArrayVar(&include, "include", nil, "only paths like this, * for any text; repeatable")
	f.StringArrayVar(&exclude, "exclude", nil, "no paths like this; repeatable")
	f.StringVar(&sitemap, "sitemap", "auto", "auto, only or none")
	f.BoolVar(&render, "render", false, "load every page in a browser: for sites whose text comes from scripts")
	f.StringVar(&profile, "profile", "", "login profile whose login the pages are read with")
	f.StringVar(&proxy, "proxy", "", "http://, https:// or socks5://host:port")
	f.StringVar(&proxyUser, "proxy-user", "", "its user")
	f.StringVar(&proxyPassword, "proxy-password-ref", "", "reference of its password, such as TAPEDECK_SECRET_PROXY")
	return c
}

func (a *app) ingestBucket() *cobra.Command {
	var prefix string
	var patterns []string
	var objects int
	c := &cobra.Command{Use: "bucket URL", Short: "Keep the text of the files in a bucket or folder", Args: cobra.ExactArgs(1),
		Long: "Keep the text of the files in s3://bucket, gs://bucket, azblob://container or file:///folder of the server. The server's INGEST_BUCKETS says which may be read."}
	in := a.ingestion(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		body := in.body()
		body["url"], body["maxObjects"] = args[0], objects
		if prefix != "" {
			body["prefix"] = prefix
		}
		setList(body, "patterns", patterns)
		return a.submitIngest(cmd.Context(), "bucket", body, in)
	}
	f := c.Flags()
	f.BoolVar(&in.dry, "dry-run", false, "say what would be read, and read nothing")
	f.StringVar(&in.every, "every", "", "read what changed again after this time, such as 24h")
	f.StringVar(&prefix, "prefix", "", "what the keys begin with")
	f.StringArrayVar(&patterns, "pattern", nil, "only keys like this, * for any text, or with ! before it no keys like this; repeatable")
	f.IntVar(&objects, "files", 10_000, "how many files at most")
	return c
}

func (in *ingestion) body() map[string]any {
	body := map[string]any{}
	for name, value := range map[string]string{"name": in.name, "project": in.project, "every": in.every} {
		if value != "" {
			body[name] = value
		}
	}
	setList(body, "labels", in.labels)
	return body
}

func setList(body map[string]any, name string, values []string) {
	if len(values) > 0 {
		body[name] = values
	}
}

func (a *app) submitIngest(ctx context.Context, kind string, body map[string]any, in *ingestion) error {
	cl, err := a.client()
	if err != nil {
		return err
	}
	if in.dry {
		return a.previewIngest(ctx, cl, kind, body)
	}
	var j client.Job
	if err := cl.Post(ctx, "/api/ingest/"+kind, body, &j); err != nil {
		return err
	}
	return a.ingesting(ctx, cl, j, in.follow)
}

// previewIngest prints what would be read, a line each, and what would not with the reason.
func (a *app) previewIngest(ctx context.Context, cl *client.Client, kind string, body map[string]any) error {
	var p struct {
		Count       int  `json:"count"`
		Approximate bool `json:"approximate"`
		Items       []struct {
			Key    string `json:"key"`
			Reason string `json:"reason"`
		} `json:"items"`
		Notes []string `json:"notes"`
	}
	if err := cl.Post(ctx, "/api/ingest/"+kind+"/preview", body, &p); err != nil {
		return err
	}
	for _, item := range p.Items {
		reason := ""
		if item.Reason != "" {
			reason = "  (left out: " + safe(item.Reason) + ")"
		}
		fmt.Fprintf(a.out, "%s%s\n", safe(item.Key), reason)
	}
	for _, n := range p.Notes {
		fmt.Fprintln(a.err, safe(n))
	}
	about := ""
	if p.Approximate {
		about = "at least "
	}
	fmt.Fprintf(a.err, "%s%d would be read\n", about, p.Count)
	return nil
}

func (a *app) ingesting(ctx context.Context, cl *client.Client, j client.Job, follow bool) error {
	if !follow {
		fmt.Fprintln(a.out, j.JobID)
		return nil
	}
	fmt.Fprintln(a.err, "job", j.JobID)
	return a.follow(ctx, cl, j.JobID)
}

func (a *app) ingestDocuments() *cobra.Command {
	var replace bool
	c := &cobra.Command{
		Use: "documents PATH…", Short: "Send files, or folders of them, and keep their text", Args: cobra.MinimumNArgs(1),
		Long: "Send files, or all files of folders but hidden ones, and keep their text. Files of the same name replace each other.",
	}
	in := a.ingestion(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		files, bytes, err := filesOf(args)
		if err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		fields := url.Values{"label": in.labels}
		setIf(fields, "name", in.name)
		setIf(fields, "project", in.project)
		if replace {
			fields.Set("replace", "true")
		}
		fmt.Fprintf(a.err, "sending %d files, %s\n", len(files), size(bytes))
		var j client.Job
		if err := cl.Upload(cmd.Context(), "/api/ingest/documents", fields, files, &j); err != nil {
			return err
		}
		return a.ingesting(cmd.Context(), cl, j, in.follow)
	}
	c.Flags().BoolVar(&replace, "replace", false, "take out the documents of earlier uploads that are not among these")
	return c
}

// filesOf are the files of paths, named as they are to be seen from where each path stands.
func filesOf(paths []string) (files []client.File, bytes int64, err error) {
	add := func(name, path string, info fs.FileInfo) {
		bytes += info.Size()
		files = append(files, client.File{Name: filepath.ToSlash(name), Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	for _, root := range paths {
		info, err := os.Stat(root)
		if err != nil {
			return nil, 0, err
		}
		if !info.IsDir() {
			add(filepath.Base(root), root, info)
			continue
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if path != root && strings.HasPrefix(d.Name(), ".") {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if !d.Type().IsRegular() {
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err == nil {
				add(filepath.Join(filepath.Base(filepath.Clean(root)), name), path, info)
			}
			return err
		})
		if err != nil {
			return nil, 0, err
		}
	}
	if len(files) == 0 {
		return nil, 0, fmt.Errorf("no files in %s", strings.Join(paths, ", "))
	}
	return files, bytes, nil
}

// size is a number of bytes for people.
func size(bytes int64) string {
	units := []string{"B", "KiB", "MiB", "GiB"}
	n, i := float64(bytes), 0
	for n >= 1024 && i < len(units)-1 {
		n, i = n/1024, i+1
	}
	return strconv.FormatFloat(n, 'f', min(i, 1), 64) + " " + units[i]
}
