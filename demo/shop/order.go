package shop

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// firstOrder is the number of a shop's first order.
const firstOrder = 1001

// A product that had many pieces at the beginning is delivered anew when an order leaves fewer than low: a shop that
// is tested all day does not run out.
const (
	low  = 5
	many = 10
)

// order is a cart that was bought.
type order struct {
	Number string
	Date   string
	Cart   cartView
	Name   string
	Street string
	Place  string
	Note   string
	Method string
}

var (
	streetField = field{Name: "street", Label: "Street and number", Type: "text", Autocomplete: "street-address", Min: 4, Max: 100}
	anyPostcode = field{
		Name: "postcode", Label: "Postcode", Type: "text", Autocomplete: "postal-code", Min: 1, Max: 10,
		Pattern: "[0-9]{4,5}", Wrong: "A postcode has five digits, or four in Austria and Switzerland.",
	}
	cityField = field{Name: "city", Label: "City", Type: "text", Autocomplete: "address-level2", Min: 2, Max: 60}
	noteField = field{Name: "note", Label: "Note for the courier", Type: "text", Autocomplete: "off", Max: 200, Optional: true, Hint: "At most 200 characters."}
)

// The ways of delivery.
const (
	standard = "standard"
	express  = "express"
)

// till is the checkout page.
type till struct {
	Form      form
	Cart      cartView
	Countries []string
}

func checkoutForm() form {
	return newForm(nameField, streetField, anyPostcode, cityField, noteField)
}

func (s *Shop) showCheckout(w http.ResponseWriter, r *http.Request) {
	a, ok := s.customer(w, r)
	if !ok {
		return
	}
	f := checkoutForm()
	f.Values["name"], f.Values["postcode"] = a.Name, a.Postcode
	s.till(w, r, http.StatusOK, f)
}

// till shows the checkout page; without anything to buy, the cart.
func (s *Shop) till(w http.ResponseWriter, r *http.Request, status int, f form) {
	s.mu.Lock()
	var c cart
	if v := s.sessionOf(r); v != nil {
		c = v.cart
	}
	s.mu.Unlock()
	if len(c.lines) == 0 {
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
		return
	}
	if f.Values["delivery"] != "" { // it was sent
		c.delivered(f.Values["delivery"], f.Values["country"])
	}
	f.Values["delivery"], f.Values["country"] = standard, c.country
	if c.express {
		f.Values["delivery"] = express
	}
	s.page(w, r, status, "checkout", "Checkout", till{f, c.view(), countries})
}

// delivered notes how and where to; words that are none are passed over.
func (c *cart) delivered(method, country string) {
	c.express = method == express
	if slices.Contains(countries, country) {
		c.country = country
	}
}

// changeDelivery tells a checkout page the sums for another way of delivery.
func (s *Shop) changeDelivery(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Method  string `json:"method"`
		Country string `json:"country"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	s.changeCart(w, r, http.StatusOK, func(c *cart) (string, error) {
		switch {
		case len(c.lines) == 0:
			return "", refusal{http.StatusConflict, "", "Your cart is empty."}
		case in.Method != standard && in.Method != express:
			return "", invalid("method", "Choose a way of delivery.")
		case !slices.Contains(countries, in.Country):
			return "", invalid("country", "Choose a country.")
		}
		c.delivered(in.Method, in.Country)
		return "Delivery: " + costs(c.sums().delivery) + ".", nil
	})
}

func (s *Shop) checkout(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.customer(w, r); !ok || !s.parse(w, r) {
		return
	}
	f := checkoutForm()
	f.read(r)
	f.choose(r, "country", "Choose a country.", countries...)
	if rule, ok := postcodes[f.Values["country"]]; ok && f.Faults["postcode"] == "" && !rule.pattern.MatchString(f.Values["postcode"]) {
		f.fault("postcode", rule.wrong)
	}
	f.choose(r, "delivery", "Choose a way of delivery.", standard, express)
	if f.Values["terms"] = r.PostFormValue("terms"); f.Values["terms"] == "" {
		f.fault("terms", termsNeeded("order"))
	}
	if !f.OK() {
		s.till(w, r, http.StatusUnprocessableEntity, f)
		return
	}
	number, err := s.buy(r, f)
	if err != nil {
		f.Problem = err.Error()
		s.till(w, r, http.StatusConflict, f)
		return
	}
	http.Redirect(w, r, "/orders/"+number, http.StatusSeeOther)
}

// buy makes an order of the cart: all of it or, with a refusal, nothing.
func (s *Shop) buy(r *http.Request, f form) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.sessionOf(r)
	if v == nil || v.account == nil || len(v.cart.lines) == 0 {
		return "", refusal{http.StatusConflict, "", "Your cart is empty."}
	}
	for _, l := range v.cart.lines {
		if err := s.enough(l.product, l.quantity, v.cart.pieces(l.product.Slug)); err != nil {
			return "", refusal{http.StatusConflict, "", l.product.Name + ": " + err.Error()}
		}
	}
	bought := v.cart
	bought.delivered(f.Values["delivery"], f.Values["country"])
	s.lastOrder++
	o := order{
		Number: "FW-" + strconv.Itoa(s.lastOrder), Date: s.now().UTC().Format("2 January 2006"),
		Cart: bought.view(), Name: f.Values["name"], Street: f.Values["street"],
		Place: f.Values["postcode"] + " " + f.Values["city"] + ", " + f.Values["country"], Note: f.Values["note"],
		Method: map[string]string{standard: "Standard delivery", express: "Express delivery"}[f.Values["delivery"]],
	}
	for _, l := range v.cart.lines {
		s.take(l.product, l.quantity)
	}
	v.account.orders = append(v.account.orders, o)
	if extra := len(v.account.orders) - maxOrders; extra > 0 {
		v.account.orders = slices.Delete(v.account.orders, 0, extra)
	}
	v.cart = cart{}
	return o.Number, nil
}

// take takes pieces out of the stock, and tells whoever watches it. It needs mu.
func (s *Shop) take(p product, pieces int) {
	s.stock[p.Slug] -= pieces
	if p.Stock >= many && s.stock[p.Slug] < low {
		s.stock[p.Slug] = p.Stock
	}
	s.wake(p.Slug)
}

func (s *Shop) orders(w http.ResponseWriter, r *http.Request) {
	a, ok := s.customer(w, r)
	if !ok {
		return
	}
	slices.Reverse(a.orders)
	s.page(w, r, http.StatusOK, "orders", "Your orders", a.orders)
}

// order shows one of the customer's own orders; those of others are as if there were none.
func (s *Shop) order(w http.ResponseWriter, r *http.Request) {
	a, ok := s.customer(w, r)
	if !ok {
		return
	}
	number := strings.ToUpper(r.PathValue("number"))
	i := slices.IndexFunc(a.orders, func(o order) bool { return o.Number == number })
	if i < 0 {
		s.notFound(w, r)
		return
	}
	s.page(w, r, http.StatusOK, "order", "Order "+number, a.orders[i])
}
