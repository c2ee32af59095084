package extract

import (
	"context"
	"strings"
)

// api writes an OpenAPI 3.x or Swagger 2.0 description operation by operation.
type api struct {
	ctx  context.Context
	root *tree
	out  *markdown
	// written counts lines of schemas: what refers to itself or fans out ends here.
	written int
}

// maxSchemaLines bounds all the schemas of one description, maxSchemaDepth how deep one is followed.
const (
	maxSchemaLines = 20_000
	maxSchemaDepth = 6
)

func isOpenAPI(t *tree) bool {
	version := t.str("openapi") + t.str("swagger")
	return (strings.HasPrefix(version, "3.") || strings.HasPrefix(version, "2.")) && (t.get("paths") != nil || t.get("info") != nil)
}

func writeOpenAPI(ctx context.Context, t *tree, doc *Document, out *markdown) error {
	a := &api{ctx: ctx, root: t, out: out}
	doc.Title = t.str("info", "title")
	doc.set("version", t.str("info", "version"))
	doc.set("specification", t.str("openapi")+t.str("swagger"))
	out.heading(1, escape(doc.Title))
	a.text(t.get("info"))
	for _, server := range t.get("servers").items() {
		out.item(0, 0, "**Server:** "+escape(tidyLine(server.str("url")+" "+server.str("description"))))
	}
	if host := t.str("host"); host != "" {
		out.item(0, 0, "**Server:** "+escape(host+t.str("basePath")))
	}
	for _, section := range []string{"paths", "webhooks"} {
		if err := a.paths(t.get(section)); err != nil {
			return err
		}
	}
	a.security()
	return ctx.Err()
}

// items are an array's values, none of what is no array.
func (t *tree) items() []*tree {
	if t == nil || t.kind != '[' {
		return nil
	}
	return t.values
}

// members calls fn for each member of an object in order.
func (t *tree) members(fn func(key string, value *tree)) {
	if t == nil || t.kind != '{' {
		return
	}
	for i, key := range t.keys {
		fn(key, t.values[i])
	}
}

// follow goes to what a local $ref leads to; others stay as they are.
func (a *api) follow(t *tree) *tree {
	for range 10 {
		pointer, local := strings.CutPrefix(t.str("$ref"), "#/")
		if !local {
			break
		}
		target := a.root
		for _, part := range strings.Split(pointer, "/") {
			target = target.get(strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
		}
		if target == nil {
			break
		}
		t = target
	}
	return t
}

// text writes the description, or the summary if there is none.
func (a *api) text(t *tree) {
	text := t.str("description")
	if text == "" {
		text = t.str("summary")
	}
	a.out.block(disarm(escapeHTML(text)))
}

// escapeHTML keeps Markdown, which descriptions are, but no tags.
func escapeHTML(s string) string { return strings.ReplaceAll(s, "<", `\<`) }

func (a *api) paths(paths *tree) error {
	paths.members(func(path string, item *tree) {
		item = a.follow(item)
		item.members(func(method string, operation *tree) {
			switch method {
			case "get", "put", "post", "delete", "options", "head", "patch", "trace", "query":
				if a.ctx.Err() == nil && !a.out.cut {
					a.operation(strings.ToUpper(method)+" "+path, item, operation)
				}
			}
		})
	})
	return a.ctx.Err()
}

func (a *api) operation(title string, item, operation *tree) {
	if summary := tidyLine(operation.str("summary")); summary != "" {
		title += " — " + summary
	}
	a.out.heading(2, escape(title))
	if operation.str("deprecated") == "true" {
		a.out.quote("Warning", "deprecated")
	}
	a.out.block(disarm(escapeHTML(operation.str("description"))))
	for _, fact := range [][2]string{{"Operation", operation.str("operationId")}, {"Tags", list(operation.get("tags"))}} {
		if fact[1] != "" {
			a.out.item(0, 0, "**"+fact[0]+":** "+escape(tidyLine(fact[1])))
		}
	}
	a.operationSecurity(operation)
	a.parameters(append(append([]*tree{}, item.get("parameters").items()...), operation.get("parameters").items()...))
	a.requestBody(a.follow(operation.get("requestBody")))
	a.responses(operation.get("responses"))
}

func list(t *tree) string {
	if t == nil {
		return ""
	}
	text, _ := short(t)
	return text
}

func (a *api) operationSecurity(operation *tree) {
	var names []string
	for _, choice := range operation.get("security").items() {
		names = append(names, strings.Join(choice.keys, " + "))
	}
	if len(names) > 0 {
		a.out.item(0, 0, "**Security:** "+escape(tidyLine(strings.Join(names, " or "))))
	}
}

func (a *api) parameters(parameters []*tree) {
	rows := [][]string{{"Parameter", "In", "Required", "Type", "Description"}}
	for _, p := range parameters {
		p = a.follow(p)
		if p.str("in") == "body" {
			a.out.heading(3, "Request body")
			a.out.block(disarm(escapeHTML(p.str("description"))))
			a.schema(p.get("schema"), "", 0, false)
			continue
		}
		schema := a.follow(p.get("schema"))
		if schema == nil {
			schema = p
		}
		required := "no"
		if p.str("required") == "true" {
			required = "yes"
		}
		rows = append(rows, []string{escape(p.str("name")), p.str("in"), required, escape(a.kind(schema)),
			disarm(escapeHTML(p.str("description"))) + example(p)})
	}
	if len(rows) > 1 {
		a.out.heading(3, "Parameters")
		a.out.table(rows)
	}
}

func example(t *tree) string {
	if e := t.get("example"); e != nil {
		return " (example: " + escape(compact(e)) + ")"
	}
	return ""
}

func (a *api) requestBody(body *tree) {
	if body == nil {
		return
	}
	title := "Request body"
	if body.str("required") == "true" {
		title += " (required)"
	}
	a.out.heading(3, title)
	a.out.block(disarm(escapeHTML(body.str("description"))))
	a.content(body.get("content"))
}

// content writes the schemas and examples by media type.
func (a *api) content(content *tree) {
	content.members(func(mediaType string, media *tree) {
		a.out.block("`" + strings.ReplaceAll(tidyLine(mediaType), "`", "") + "`")
		a.schema(media.get("schema"), "", 0, false)
		a.example("", media.get("example"))
		media.get("examples").members(func(name string, e *tree) { a.example(name, a.follow(e).get("value")) })
	})
}

func (a *api) example(name string, e *tree) {
	if e == nil {
		return
	}
	a.out.block(strings.TrimSpace("Example " + escape(tidyLine(name))))
	a.out.code("json", compact(e))
}

func (a *api) responses(responses *tree) {
	if responses == nil || len(responses.keys) == 0 {
		return
	}
	a.out.heading(3, "Responses")
	responses.members(func(status string, r *tree) {
		r = a.follow(r)
		a.out.block("**" + escape(tidyLine(status)) + "** " + disarm(escapeHTML(r.str("description"))))
		r.get("headers").members(func(name string, h *tree) {
			a.out.item(0, 0, "header "+escape(tidyLine(name+": "+a.follow(h).str("description"))))
		})
		a.schema(r.get("schema"), "", 0, false)
		a.content(r.get("content"))
		r.get("examples").members(a.example)
	})
}

func (a *api) security() {
	schemes := a.root.get("components", "securitySchemes")
	if schemes == nil {
		schemes = a.root.get("securityDefinitions")
	}
	if schemes == nil || len(schemes.keys) == 0 {
		return
	}
	a.out.heading(2, "Security")
	schemes.members(func(name string, s *tree) {
		s = a.follow(s)
		facts := []string{s.str("type"), s.str("scheme"), s.str("in"), s.str("name"), s.str("description")}
		a.out.item(0, 0, "**"+escape(tidyLine(name))+":** "+escape(tidyLine(strings.Join(facts, " "))))
	})
}
