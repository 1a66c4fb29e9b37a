package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"postern/shared/portal"
)

// Attempt is a way to an identity provider and back. The browser keeps it
// meanwhile, in a cookie that is signed: who comes back is who went.
type Attempt struct {
	Provider string    `json:"p"`
	State    string    `json:"s"` // which the provider gives back
	Nonce    string    `json:"n"` // OpenID Connect's
	Verifier string    `json:"v"` // PKCE's (RFC 7636)
	Next     string    `json:"x"` // where to go on after it
	Ends     time.Time `json:"e"`
}

// attemptAge is how long signing in with a provider may take.
const attemptAge = 15 * time.Minute

// NewAttempt returns a new attempt, which leads on to next.
func NewAttempt(provider, next string, now time.Time) Attempt {
	return Attempt{
		Provider: provider, State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), // 43 characters at least
		Next: next, Ends: now.Add(attemptAge),
	}
}

func attemptCookie(portalID string, insecure bool) string {
	return CookieName(portalID, insecure) + "-sso"
}

// AttemptCookie returns the cookie that keeps the attempt. Of two at once the later
// one counts.
func AttemptCookie(s *portal.Settings, a Attempt, insecure bool) *http.Cookie {
	text, err := json.Marshal(a)
	if err != nil {
		panic("auth: " + err.Error()) // texts and a time
	}
	value := base64.RawURLEncoding.EncodeToString(text)
	return &http.Cookie{
		Name: attemptCookie(s.ID, insecure), Value: value + "." + signAttempt(s, value), Path: "/", MaxAge: int(attemptAge.Seconds()),
		HttpOnly: true, Secure: !insecure, SameSite: http.SameSiteLaxMode, // the way back begins elsewhere
	}
}

// NoAttemptCookie returns the cookie that removes the attempt.
func NoAttemptCookie(portalID string, insecure bool) *http.Cookie {
	return &http.Cookie{
		Name: attemptCookie(portalID, insecure), Path: "/", MaxAge: -1, HttpOnly: true, Secure: !insecure, SameSite: http.SameSiteLaxMode,
	}
}

func signAttempt(s *portal.Settings, value string) string {
	return base64.RawURLEncoding.EncodeToString(portal.Derive(s.Key, "sso", value))
}

// AttemptFromRequest returns the attempt that the browser comes back from, with
// the state that the provider was given. ok is false where it made none, another
// one, with another provider, or too long ago.
func AttemptFromRequest(r *http.Request, s *portal.Settings, provider, state string, insecure bool, now time.Time) (a Attempt, ok bool) {
	c, err := r.Cookie(attemptCookie(s.ID, insecure))
	if err != nil {
		return Attempt{}, false
	}
	value, mac, _ := strings.Cut(c.Value, ".")
	if !hmac.Equal([]byte(mac), []byte(signAttempt(s, value))) {
		return Attempt{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || json.Unmarshal(text, &a) != nil {
		return Attempt{}, false
	}
	if a.Provider != provider || state == "" || !hmac.Equal([]byte(a.State), []byte(state)) || !now.Before(a.Ends) {
		return Attempt{}, false
	}
	return a, true
}
