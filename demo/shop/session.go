package shop

import (
	"crypto/rand"
	"net/http"
)

// cookie holds a session's token. Its name is the shop's own: what else runs on this machine shares its cookies,
// whatever the port.
const cookie = "fernway-session"

// session is one visitor: who has signed in, and the cart. Visitors get one with the first thing that they change.
type session struct {
	account *account // nil while nobody has signed in
	cart    cart
}

// sessionOf is the session of a request, or nil. It needs mu.
func (s *Shop) sessionOf(r *http.Request) *session {
	c, err := r.Cookie(cookie)
	if err != nil {
		return nil
	}
	return s.sessions[c.Value]
}

// begin is the session of a request, or a new one. It needs mu.
func (s *Shop) begin(w http.ResponseWriter, r *http.Request) *session {
	v := s.sessionOf(r)
	if v == nil {
		v = &session{}
		s.keep(w, v)
	}
	return v
}

// keep gives a session a new token. The oldest session makes room. It needs mu.
func (s *Shop) keep(w http.ResponseWriter, v *session) {
	for len(s.sessions) >= maxSessions || len(s.arrival) >= 2*maxSessions {
		delete(s.sessions, s.arrival[0])
		s.arrival = s.arrival[1:]
	}
	token := rand.Text()
	s.sessions[token] = v
	s.arrival = append(s.arrival, token)
	setCookie(w, token, 0)
}

// signedIn puts an account into a request's session, under a new token: one that somebody planted is worth nothing.
// The cart stays. It needs mu.
func (s *Shop) signedIn(w http.ResponseWriter, r *http.Request, a *account) {
	v := &session{account: a}
	if old := s.sessionOf(r); old != nil {
		v.cart = old.cart
		s.forget(r)
	}
	s.keep(w, v)
}

// forget ends a request's session. It needs mu.
func (s *Shop) forget(r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		delete(s.sessions, c.Value)
	}
}

func setCookie(w http.ResponseWriter, token string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: token, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
