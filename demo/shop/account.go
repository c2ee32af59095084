package shop

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
)

// account is a customer.
type account struct {
	Name, Email, Postcode string

	password digest
	orders   []order // the oldest first
}

// digest is what is kept of a password.
type digest struct{ salt, hash []byte }

// rounds make guessing slow and signing in not.
const rounds = 10_000

func scramble(password string) digest {
	d := digest{salt: make([]byte, 16)}
	_, _ = rand.Read(d.salt) // it cannot fail
	d.hash = d.of(password)
	return d
}

func (d digest) of(password string) []byte {
	hash, err := pbkdf2.Key(sha256.New, password, d.salt, rounds, sha256.Size)
	if err != nil {
		panic(err) // only for lengths that are none
	}
	return hash
}

func (d digest) fits(password string) bool {
	return subtle.ConstantTimeCompare(d.hash, d.of(password)) == 1
}

// The fields of accounts. An address is no longer than mail allows.
var (
	nameField = field{Name: "name", Label: "Name", Type: "text", Autocomplete: "name", Min: 2, Max: 60}
	mailField = field{
		Name: "email", Label: "E-mail address", Type: "email", Autocomplete: "email", Min: 1, Max: 254,
		Wrong: "Enter an e-mail address such as name@example.com.",
	}
	newPassword = field{
		Name: "password", Label: "Password", Type: "password", Autocomplete: "new-password", Min: 8, Max: 128,
		Hint: "At least 8 characters.",
	}
	oldPassword   = field{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Min: 1, Max: 128}
	postcodeField = field{
		Name: "postcode", Label: "Postcode", Type: "text", Autocomplete: "postal-code", Min: 1, Max: 10,
		Pattern: "[0-9]{5}", Wrong: "A postcode has five digits.", Hint: "Five digits, such as 10115.",
	}
)

func (s *Shop) showRegister(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusOK, "register", "Create an account", entrance{newForm(nameField, mailField, newPassword, postcodeField), next(r)})
}

// entrance is a form with where to go when it is done.
type entrance struct {
	Form form
	Next string
}

// next is the page that a visitor was on the way to: only those that ask for an account.
func next(r *http.Request) string {
	if to := r.FormValue("next"); slices.Contains([]string{"/checkout", "/orders"}, to) {
		return to
	}
	return "/account"
}

func (s *Shop) register(w http.ResponseWriter, r *http.Request) {
	if !s.parse(w, r) {
		return
	}
	f := newForm(nameField, mailField, newPassword, postcodeField)
	f.read(r)
	if r.PostFormValue("terms") == "" {
		f.fault("terms", termsNeeded("create an account"))
	}
	f.Values["terms"] = r.PostFormValue("terms")
	status := http.StatusUnprocessableEntity
	if f.OK() {
		a := &account{Name: f.Values["name"], Email: f.Values["email"], Postcode: f.Values["postcode"], password: scramble(f.Values["password"])}
		if status = s.enrol(w, r, a, &f); status == http.StatusOK {
			http.Redirect(w, r, next(r), http.StatusSeeOther)
			return
		}
	}
	s.page(w, r, status, "register", "Create an account", entrance{f, next(r)})
}

// enrol keeps a new account and signs it in, or says in the form why not.
func (s *Shop) enrol(w http.ResponseWriter, r *http.Request, a *account, f *form) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(a.Email)
	if s.accounts[key] != nil {
		f.fault("email", "There is an account with this e-mail address already. Sign in, or use another address.")
		return http.StatusUnprocessableEntity
	}
	if len(s.accounts) >= maxAccounts {
		f.Problem = "The shop takes no more accounts. Start it again to begin with an empty one."
		return http.StatusServiceUnavailable
	}
	s.accounts[key] = a
	s.signedIn(w, r, a)
	return http.StatusOK
}

func (s *Shop) showSignIn(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusOK, "sign-in", "Sign in", entrance{newForm(mailField, oldPassword), next(r)})
}

func (s *Shop) signIn(w http.ResponseWriter, r *http.Request) {
	if !s.parse(w, r) {
		return
	}
	f := newForm(mailField, oldPassword)
	f.read(r)
	if f.OK() {
		if a := s.known(f.Values["email"], f.Values["password"]); a != nil {
			s.mu.Lock()
			s.signedIn(w, r, a)
			s.mu.Unlock()
			http.Redirect(w, r, next(r), http.StatusSeeOther)
			return
		}
		f.Problem = "The e-mail address or the password is wrong."
	}
	s.page(w, r, http.StatusUnprocessableEntity, "sign-in", "Sign in", entrance{f, next(r)})
}

// nobody is compared with where there is no such account, so that the answer takes as long.
var nobody = digest{salt: make([]byte, 16), hash: make([]byte, sha256.Size)}

// known is the account with an address and a password, or nil.
func (s *Shop) known(address, password string) *account {
	s.mu.Lock()
	a := s.accounts[strings.ToLower(address)]
	s.mu.Unlock()
	kept := nobody
	if a != nil {
		kept = a.password // never changed
	}
	if !kept.fits(password) {
		return nil
	}
	return a
}

func (s *Shop) signOut(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.forget(r)
	s.mu.Unlock()
	setCookie(w, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// customer is a copy of who has signed in; without one it sends the visitor to sign in, and back afterwards.
func (s *Shop) customer(w http.ResponseWriter, r *http.Request) (account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.sessionOf(r); v != nil && v.account != nil {
		a := *v.account
		a.orders = slices.Clone(a.orders)
		return a, true
	}
	to := "/sign-in"
	if path := r.URL.Path; path == "/checkout" || strings.HasPrefix(path, "/orders") {
		to += "?next=/" + strings.Split(path, "/")[1]
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return account{}, false
}

func (s *Shop) account(w http.ResponseWriter, r *http.Request) {
	a, ok := s.customer(w, r)
	if !ok {
		return
	}
	f := newForm(nameField, postcodeField)
	f.Values["name"], f.Values["postcode"] = a.Name, a.Postcode
	s.page(w, r, http.StatusOK, "account", "Your account", struct {
		Account account
		Form    form
		Orders  int
	}{a, f, len(a.orders)})
}

// changeAccount takes a new name and postcode.
func (s *Shop) changeAccount(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name     string `json:"name"`
		Postcode string `json:"postcode"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	in.Name, in.Postcode = strings.TrimSpace(in.Name), strings.TrimSpace(in.Postcode)
	for _, f := range []struct{ name, wrong string }{{"name", nameField.check(in.Name)}, {"postcode", postcodeField.check(in.Postcode)}} {
		if f.wrong != "" {
			refuse(w, refusal{http.StatusUnprocessableEntity, f.name, f.wrong})
			return
		}
	}
	s.mu.Lock()
	v := s.sessionOf(r)
	if v == nil || v.account == nil {
		s.mu.Unlock()
		refuse(w, refusal{http.StatusUnauthorized, "", "Sign in first."})
		return
	}
	v.account.Name, v.account.Postcode = in.Name, in.Postcode
	s.mu.Unlock()
	sendJSON(w, http.StatusOK, map[string]string{"name": in.Name, "postcode": in.Postcode, "message": "Your account was changed."})
}
