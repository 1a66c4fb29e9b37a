// Package auth makes and reads what proves who a request comes from. Password
// hashing is apart, in auth/password, for the functions that need it.
package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"postern/shared/portal"
)

// Token is what the session cookie holds, or a one-time link: whose it is, and a
// secret of 256 bits, of which the store keeps the hash alone.
type Token struct {
	Person string
	secret string
}

// NewToken returns a token with a new secret.
func NewToken(person string) Token {
	b := make([]byte, 32)
	rand.Read(b) // never fails: crypto/rand
	return Token{Person: person, secret: base64.RawURLEncoding.EncodeToString(b)}
}

// ParseToken reads a cookie's value, or a link's. ok is false where it has not the form of
// one; whether there is such a session only the store knows.
func ParseToken(value string) (t Token, ok bool) {
	person, secret, ok := strings.Cut(value, ".")
	if !ok || !portal.ValidID(person) || len(secret) != base64.RawURLEncoding.EncodedLen(32) {
		return Token{}, false
	}
	return Token{Person: person, secret: secret}, true
}

// Value is the token as it is given away: to a browser as its cookie, in a link
// to who reads the mail.
func (t Token) Value() string { return t.Person + "." + t.secret }

// Hash is the secret as the store knows it. The secret is random, so a plain
// SHA-256 suffices.
func (t Token) Hash() string {
	sum := sha256.Sum256([]byte(t.secret))
	return hex.EncodeToString(sum[:])
}

// SessionID is what a session is called where its owner sees it: from the hash
// that the store knows neither it nor the secret can be told.
func SessionID(hash string) string {
	sum := sha256.Sum256([]byte("session " + hash))
	return hex.EncodeToString(sum[:8])
}

// CookieName returns the name of the portal's session cookie. Portals of one
// host have a session each. On plain HTTP, a developer's machine, browsers
// refuse the __Host- prefix.
func CookieName(portalID string, insecure bool) string {
	if insecure {
		return portalID
	}
	return "__Host-" + portalID
}

// Cookie returns the cookie that signs a browser in to the portal. It is gone
// when the browser is closed; how long it lasts at most, the session says.
func Cookie(portalID string, t Token, insecure bool) *http.Cookie {
	return &http.Cookie{
		Name: CookieName(portalID, insecure), Value: t.Value(),
		Path: "/", HttpOnly: true, Secure: !insecure, SameSite: http.SameSiteLaxMode,
	}
}

// NoCookie returns the cookie that removes the portal's session cookie.
func NoCookie(portalID string, insecure bool) *http.Cookie {
	c := Cookie(portalID, Token{}, insecure)
	c.Value, c.MaxAge = "", -1
	return c
}

// HalfCookie returns the cookie of a browser that has proved one thing, and is to
// prove another: with it, and nothing else, it gets no further than there.
func HalfCookie(portalID string, t Token, insecure bool) *http.Cookie {
	c := Cookie(portalID, t, insecure)
	c.Name, c.MaxAge = halfCookie(portalID, insecure), int(portal.HalfAge.Seconds())
	return c
}

// NoHalfCookie returns the cookie that removes it.
func NoHalfCookie(portalID string, insecure bool) *http.Cookie {
	c := HalfCookie(portalID, Token{}, insecure)
	c.Value, c.MaxAge = "", -1
	return c
}

// HalfFromRequest returns the token of the request's half cookie.
func HalfFromRequest(r *http.Request, portalID string, insecure bool) (Token, bool) {
	c, err := r.Cookie(halfCookie(portalID, insecure))
	if err != nil {
		return Token{}, false
	}
	return ParseToken(c.Value)
}

func halfCookie(portalID string, insecure bool) string {
	return CookieName(portalID, insecure) + "-half"
}

// FromRequest returns the token of the request's session cookie.
func FromRequest(r *http.Request, portalID string, insecure bool) (Token, bool) {
	c, err := r.Cookie(CookieName(portalID, insecure))
	if err != nil {
		return Token{}, false
	}
	return ParseToken(c.Value)
}

// NewSession returns the session of a person who signs in now, with a browser
// or program whose User-Agent is userAgent.
func NewSession(person, userAgent string, s *portal.Settings, now time.Time) portal.Session {
	return portal.Session{
		Person: person, Created: now, Seen: now, UserAgent: portal.UserAgent(userAgent),
		Ends: now.Add(time.Duration(s.SessionHours) * time.Hour),
	}
}
