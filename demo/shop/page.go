package shop

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"unicode/utf8"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the templates by name, each with the layout that it stands in.
var pages = parsePages()

func parsePages() map[string]*template.Template {
	funcs := template.FuncMap{"money": money, "lower": strings.ToLower}
	layout := template.Must(template.New("layout").Funcs(funcs).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	out := map[string]*template.Template{}
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err) // they are our own
	}
	for _, file := range names {
		name := strings.TrimSuffix(file.Name(), ".html")
		if name != "layout" && name != "parts" {
			out[name] = template.Must(template.Must(layout.Clone()).ParseFS(templateFiles, "templates/"+file.Name()))
		}
	}
	return out
}

// frame is what the layout shows around a page.
type frame struct {
	Title    string
	Name     string // of who has signed in; empty for nobody
	Count    int    // pieces in the cart
	Query    string
	Here     string // the path
	Contents any
}

// page writes a page in its layout.
func (s *Shop) page(w http.ResponseWriter, r *http.Request, status int, name, title string, contents any) {
	f := frame{Title: title, Here: r.URL.Path, Contents: contents}
	if r.URL.Path == "/" {
		f.Query, _ = query(r)
	}
	s.mu.Lock()
	if v := s.sessionOf(r); v != nil {
		f.Count = v.cart.count()
		if v.account != nil {
			f.Name = v.account.Name
		}
	}
	s.mu.Unlock()
	write(w, status, pages[name], "layout", f)
}

// bare writes a page without the layout: for frames and small windows.
func (s *Shop) bare(w http.ResponseWriter, status int, name, title string, contents any) {
	write(w, status, pages[name], "bare", frame{Title: title, Contents: contents})
}

func write(w http.ResponseWriter, status int, t *template.Template, part string, f frame) {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, f); err != nil {
		http.Error(w, "The shop has failed.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}

// maxQuery is how many characters are searched for.
const maxQuery = 80

// query is what is searched for. It is cut, and says so, when it is too long.
func query(r *http.Request) (text string, cut bool) {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(r.URL.Query().Get("q"), "")), " ")
	if utf8.RuneCountInString(text) <= maxQuery {
		return text, false
	}
	return strings.TrimSpace(string([]rune(text)[:maxQuery])), true
}

// shelf is the first page, and what a search found.
type shelf struct {
	Query    string
	Cut      bool
	Products []product
}

func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	q, cut := query(r)
	title := "Fernway Outdoor"
	if q != "" {
		title = "Search: " + q
	}
	s.page(w, r, http.StatusOK, "home", title, shelf{q, cut, find(q)})
}

// shownProduct is a product's page.
type shownProduct struct {
	product
	Most    int // pieces in one order
	SoldOut bool
}

func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	p, ok := productOf(r.PathValue("slug"))
	if !ok {
		s.notFound(w, r)
		return
	}
	s.mu.Lock()
	stock := s.stock[p.Slug]
	s.mu.Unlock()
	s.page(w, r, http.StatusOK, "product", p.Name, shownProduct{p, maxQuantity, stock == 0})
}

func (s *Shop) sizeGuide(w http.ResponseWriter, r *http.Request) {
	s.bare(w, http.StatusOK, "size-guide", "Size guide", nil)
}

// message is a page that says one thing.
type message struct{ Heading, Text string }

func (s *Shop) notFound(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusNotFound, "message", "Not found", message{"This page does not exist", "The address leads nowhere. Look for what you need among the products."})
}

func (s *Shop) foreign(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusForbidden, "message", "Refused", message{"This came from another site", "The shop takes forms from its own pages only. Go there and try again."})
}

// parse reads a form; one that is too large, or none, is answered.
func (s *Shop) parse(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.page(w, r, http.StatusRequestEntityTooLarge, "message", "Too much", message{"That is too much to send at once", "Nothing was changed. Go back and shorten what you wrote."})
	case err != nil:
		s.page(w, r, http.StatusBadRequest, "message", "Not understood", message{"The form could not be read", "Nothing was changed. Go back and send it again."})
	}
	return err == nil
}
