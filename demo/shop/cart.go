package shop

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxQuantity is how many pieces of one thing a cart takes.
const maxQuantity = 10

// cart is what a visitor means to buy.
type cart struct {
	lines   []line
	voucher *voucher
	express bool
	country string // one of countries; empty is the first
}

// line is one product in one size. Its key stands in addresses.
type line struct {
	product  product
	size     string
	quantity int
}

func (l line) Key() string {
	if l.size == "" {
		return l.product.Slug
	}
	return l.product.Slug + "~" + l.size
}

// Title is the product with its size.
func (l line) Title() string {
	if l.size == "" {
		return l.product.Name
	}
	return l.product.Name + ", size " + l.size
}

// voucher takes something off the price of the products.
type voucher struct {
	code    string
	percent int
	off     int // cents
	from    int // the price from which it counts, in cents
	expired string
}

var vouchers = []voucher{
	{code: "TRAIL10", percent: 10},
	{code: "HIKE5", off: 500, from: 3000},
	{code: "SUMMER24", percent: 20, expired: "31 August 2024"},
}

func (v voucher) discount(subtotal int) int {
	if subtotal < v.from {
		return 0
	}
	return min(subtotal, v.off+subtotal*v.percent/100)
}

func (c *cart) find(key string) int {
	return slices.IndexFunc(c.lines, func(l line) bool { return l.Key() == key })
}

// pieces counts a product in all its sizes.
func (c *cart) pieces(slug string) int {
	n := 0
	for _, l := range c.lines {
		if l.product.Slug == slug {
			n += l.quantity
		}
	}
	return n
}

func (c *cart) count() int {
	n := 0
	for _, l := range c.lines {
		n += l.quantity
	}
	return n
}

// sums are a cart in numbers, in cents.
type sums struct{ subtotal, discount, delivery, total int }

func (c *cart) sums() sums {
	var s sums
	for _, l := range c.lines {
		s.subtotal += l.product.Price * l.quantity
	}
	if c.voucher != nil {
		s.discount = c.voucher.discount(s.subtotal)
	}
	if len(c.lines) > 0 {
		s.delivery = deliveryCost(c.express, c.country, s.subtotal)
	}
	s.total = s.subtotal - s.discount + s.delivery
	return s
}

// cartView is a cart as pages and scripts are told it.
type cartView struct {
	Count    int        `json:"count"`
	Lines    []lineView `json:"lines"`
	Voucher  string     `json:"voucher"`
	Subtotal string     `json:"subtotal"`
	Discount string     `json:"discount"`
	Delivery string     `json:"delivery"`
	Total    string     `json:"total"`
	Message  string     `json:"message,omitempty"`
}

type lineView struct {
	Key      string `json:"key"`
	Title    string `json:"title"`
	Slug     string `json:"slug"`
	Quantity int    `json:"quantity"`
	Price    string `json:"price"`
	Total    string `json:"total"`
}

func (c *cart) view() cartView {
	s := c.sums()
	v := cartView{
		Count: c.count(), Lines: []lineView{}, Subtotal: money(s.subtotal), Discount: money(-s.discount), Delivery: costs(s.delivery), Total: money(s.total),
	}
	if c.voucher != nil {
		v.Voucher = c.voucher.code
	}
	for _, l := range c.lines {
		v.Lines = append(v.Lines, lineView{l.Key(), l.Title(), l.product.Slug, l.quantity, money(l.product.Price), money(l.product.Price * l.quantity)})
	}
	return v
}

func costs(cents int) string {
	if cents == 0 {
		return "free"
	}
	return money(cents)
}

func (s *Shop) cart(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var c cart
	if v := s.sessionOf(r); v != nil {
		c = v.cart
	}
	view := c.view()
	s.mu.Unlock()
	s.page(w, r, http.StatusOK, "cart", "Your cart", view)
}

// changeCart answers a request with the cart after a change, or says why there was none.
func (s *Shop) changeCart(w http.ResponseWriter, r *http.Request, status int, change func(*cart) (string, error)) {
	view, err := s.changed(w, r, change)
	if err != nil {
		refuse(w, err)
		return
	}
	sendJSON(w, status, view)
}

// changed makes a change of a request's cart: all of it or, with an error, nothing. Only a change that is made begins
// a session.
func (s *Shop) changed(w http.ResponseWriter, r *http.Request, change func(*cart) (string, error)) (cartView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c cart
	if v := s.sessionOf(r); v != nil {
		c = v.cart
	}
	c.lines = slices.Clone(c.lines)
	message, err := change(&c)
	if err != nil {
		return cartView{}, err
	}
	s.begin(w, r).cart = c
	view := c.view()
	view.Message = message
	return view, nil
}

func invalid(field, format string, args ...any) error {
	return refusal{http.StatusUnprocessableEntity, field, fmt.Sprintf(format, args...)}
}

var errNoLine = refusal{http.StatusNotFound, "", "This is not in your cart."}

// enough checks a quantity, by its bounds and by what is in stock for the product in all sizes. It needs mu.
func (s *Shop) enough(p product, quantity, pieces int) error {
	stock := s.stock[p.Slug]
	switch {
	case quantity < 1 || quantity > maxQuantity:
		return invalid("quantity", "The quantity is 1 to %d.", maxQuantity)
	case stock == 0:
		return invalid("quantity", "%s is sold out.", p.Name)
	case pieces > stock:
		return invalid("quantity", "Not enough in stock: there are %d.", stock)
	}
	return nil
}

func (s *Shop) addToCart(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Product  string `json:"product"`
		Size     string `json:"size"`
		Quantity int    `json:"quantity"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	s.changeCart(w, r, http.StatusCreated, func(c *cart) (string, error) {
		p, ok := productOf(in.Product)
		switch {
		case !ok:
			return "", refusal{http.StatusNotFound, "product", "There is no such product."}
		case len(p.Sizes) > 0 && !slices.Contains(p.Sizes, in.Size):
			return "", invalid("size", "Choose a size.")
		case len(p.Sizes) == 0 && in.Size != "":
			return "", invalid("size", "%s comes in one size.", p.Name)
		}
		l := line{p, in.Size, in.Quantity}
		i := c.find(l.Key())
		if i < 0 {
			c.lines = append(c.lines, line{product: p, size: in.Size})
			i = len(c.lines) - 1
		}
		if in.Quantity < 1 || in.Quantity > maxQuantity {
			return "", s.enough(p, in.Quantity, 0)
		}
		if err := s.enough(p, c.lines[i].quantity+in.Quantity, c.pieces(p.Slug)+in.Quantity); err != nil {
			return "", err
		}
		c.lines[i].quantity += in.Quantity
		return fmt.Sprintf("Added to your cart: %d × %s.", in.Quantity, l.Title()), nil
	})
}

func (s *Shop) changeLine(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Quantity int `json:"quantity"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	s.changeCart(w, r, http.StatusOK, func(c *cart) (string, error) {
		i := c.find(r.PathValue("line"))
		if i < 0 {
			return "", errNoLine
		}
		l := &c.lines[i]
		if err := s.enough(l.product, in.Quantity, c.pieces(l.product.Slug)-l.quantity+max(0, in.Quantity)); err != nil {
			return "", err
		}
		l.quantity = in.Quantity
		return "Your cart was changed.", nil
	})
}

func (s *Shop) removeLine(w http.ResponseWriter, r *http.Request) {
	s.changeCart(w, r, http.StatusOK, func(c *cart) (string, error) {
		i := c.find(r.PathValue("line"))
		if i < 0 {
			return "", errNoLine
		}
		title := c.lines[i].Title()
		c.lines = slices.Delete(c.lines, i, i+1)
		if len(c.lines) == 0 {
			c.voucher = nil
		}
		return title + " was removed.", nil
	})
}

func (s *Shop) useVoucher(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code string `json:"code"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	code := strings.ToUpper(strings.TrimSpace(in.Code))
	s.changeCart(w, r, http.StatusOK, func(c *cart) (string, error) {
		i := slices.IndexFunc(vouchers, func(v voucher) bool { return v.code == code })
		switch {
		case len(c.lines) == 0:
			return "", invalid("code", "Your cart is empty.")
		case code == "":
			return "", invalid("code", "Enter a voucher code.")
		case i < 0:
			return "", invalid("code", "This code is not valid.")
		case vouchers[i].expired != "":
			return "", invalid("code", "This voucher expired on %s.", vouchers[i].expired)
		case c.sums().subtotal < vouchers[i].from:
			return "", invalid("code", "This voucher counts from %s on.", money(vouchers[i].from))
		}
		c.voucher = &vouchers[i]
		return "Voucher " + code + " was applied.", nil
	})
}

func (s *Shop) dropVoucher(w http.ResponseWriter, r *http.Request) {
	s.changeCart(w, r, http.StatusOK, func(c *cart) (string, error) {
		if c.voucher == nil {
			return "", refusal{http.StatusNotFound, "code", "There is no voucher in your cart."}
		}
		c.voucher = nil
		return "The voucher was taken off.", nil
	})
}
