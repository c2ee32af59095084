package shop

import (
	"embed"
	"net/http"
	"sync"
	"time"
)

// What a visitor may send and the shop keeps at most: it lives in memory and whoever reaches it may write.
const (
	maxBody     = 32 << 10
	maxSessions = 5000
	maxAccounts = 2000
	maxOrders   = 50 // of one account; the oldest is forgotten
	maxSockets  = 500
)

// Customer is an account that every shop begins with, and its password, which is no secret.
const (
	Customer         = "ada@example.com"
	CustomerPassword = "correct-horse-42"
)

// Config sets a Shop up.
type Config struct {
	// Now is the time that orders are dated with. Defaults to time.Now.
	Now func() time.Time
}

// Shop serves the shop. Its methods may be used at the same time.
type Shop struct {
	now     func() time.Time
	handler http.Handler
	closed  chan struct{} // ends the sockets
	close   sync.Once

	mu        sync.Mutex
	stock     map[string]int // by slug
	watchers  map[*watcher]struct{}
	sessions  map[string]*session // by token
	arrival   []string            // tokens, the oldest first; some are gone
	accounts  map[string]*account // by address in lower case
	lastOrder int
}

//go:embed static
var static embed.FS

// New makes a shop with its first products and account.
func New(cfg Config) *Shop {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Shop{
		now: cfg.Now, closed: make(chan struct{}), stock: map[string]int{}, watchers: map[*watcher]struct{}{},
		sessions: map[string]*session{}, accounts: map[string]*account{}, lastOrder: firstOrder - 1,
	}
	for _, p := range catalogue {
		s.stock[p.Slug] = p.Stock
	}
	s.accounts[Customer] = &account{
		Name: "Ada Lindgren", Email: Customer, Postcode: "10115", password: scramble(CustomerPassword),
	}
	s.handler = s.routes()
	return s
}

// Close ends the live connections; what comes after it is answered all the same, but for those. It may be called again.
func (s *Shop) Close() { s.close.Do(func() { close(s.closed) }) }

// ServeHTTP implements http.Handler.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Shop) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /{$}": s.home, "GET /products/{slug}": s.product, "GET /size-guide": s.sizeGuide, "GET /delivery": s.delivery,
		"GET /register": s.showRegister, "POST /register": s.register,
		"GET /sign-in": s.showSignIn, "POST /sign-in": s.signIn, "POST /sign-out": s.signOut,
		"GET /account": s.account, "PUT /api/account": s.changeAccount,
		"GET /cart": s.cart, "POST /api/cart": s.addToCart,
		"PUT /api/cart/{line}": s.changeLine, "DELETE /api/cart/{line}": s.removeLine,
		"POST /api/voucher": s.useVoucher, "DELETE /api/voucher": s.dropVoucher, "PUT /api/delivery": s.changeDelivery,
		"GET /checkout": s.showCheckout, "POST /checkout": s.checkout,
		"GET /orders": s.orders, "GET /orders/{number}": s.order,
		"GET /live/stock/{slug}": s.live,
	} {
		mux.HandleFunc(pattern, handler)
	}
	mux.Handle("GET /static/", http.FileServerFS(static))
	mux.HandleFunc("/", s.notFound)
	// A form on another site is refused by where the browser says that it comes from; SameSite keeps the cookie too.
	var origin http.CrossOriginProtection
	origin.SetDenyHandler(http.HandlerFunc(s.foreign))
	return headers(http.MaxBytesHandler(origin.Handler(mux), maxBody))
}

// policy lets pages load the shop's own files and nothing else; nothing in a page's text can become a script.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; " +
	"frame-ancestors 'self'; form-action 'self'; base-uri 'none'"

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
