package auth

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/shared/portal"
)

const person = "clara00001"

func TestToken(t *testing.T) {
	a, b := NewToken(person), NewToken(person)
	if a.secret == b.secret || a.Hash() == b.Hash() || len(a.Hash()) != 64 {
		t.Errorf("two tokens: %+v, %+v", a, b)
	}
	value := Cookie("portal0001", a, false).Value
	if strings.Contains(value, a.Hash()) || strings.Contains(a.Hash(), a.secret) {
		t.Error("the cookie holds what the store does")
	}
	got, ok := ParseToken(value)
	if !ok || got != a || got.Hash() != a.Hash() {
		t.Errorf("%q became %+v, %t", value, got, ok)
	}
	// Each character of the secret counts.
	for i := len(person) + 1; i < len(value); i++ {
		c := byte('A')
		if value[i] == c {
			c = 'B'
		}
		if other, ok := ParseToken(value[:i] + string(c) + value[i+1:]); ok && other.Hash() == a.Hash() {
			t.Errorf("character %d does not count", i)
		}
	}
}

// A session's name proves nothing, and leads to no other.
func TestSessionID(t *testing.T) {
	a, b := NewToken(person), NewToken(person)
	id := SessionID(a.Hash())
	if !portal.ValidID(id) || len(id) != 16 || id != SessionID(a.Hash()) || id == SessionID(b.Hash()) {
		t.Errorf("ids %q, %q", id, SessionID(b.Hash()))
	}
	if strings.Contains(a.Hash(), id) || strings.Contains(Cookie("portal0001", a, false).Value, id) {
		t.Error("the id is part of what it stands for")
	}
}

func TestParseToken(t *testing.T) {
	secret := strings.Repeat("s", 43)
	for _, value := range []string{
		"", ".", person, person + ".", "." + secret, person + "." + secret[1:], person + "." + secret + "s", "Clara00001." + secret,
		"a#b00000." + secret, person + "\n." + secret, " " + person + "." + secret, strings.Repeat("a", 33) + "." + secret,
		person + "." + person + "." + secret, person + ";" + secret,
	} {
		if got, ok := ParseToken(value); ok || got != (Token{}) {
			t.Errorf("%q became %+v", value, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z0-9]{0,40}\.[A-Za-z0-9_-]{0,60}`)).Draw(t, "value")
		if got, ok := ParseToken(value); ok && (!portal.ValidID(got.Person) || got.Person+"."+got.secret != value) {
			t.Errorf("%q became %+v", value, got)
		}
	})
}

func TestCookie(t *testing.T) {
	tok := NewToken(person)
	c := Cookie("portal0001", tok, false)
	if err := c.Valid(); err != nil {
		t.Error(err)
	}
	// What the __Host- prefix asks for, or browsers drop the cookie.
	if c.Name != "__Host-portal0001" || !c.Secure || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %+v", c)
	}
	if c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Error("it outlives the browser")
	}
	plain := Cookie("portal0001", tok, true)
	if plain.Name != "portal0001" || plain.Secure || !plain.HttpOnly {
		t.Errorf("on plain HTTP: %+v", plain)
	}
	gone := NoCookie("portal0001", false)
	if gone.Name != c.Name || gone.Value != "" || gone.MaxAge >= 0 || !gone.Secure || gone.Path != "/" {
		t.Errorf("the one that removes it: %+v", gone)
	}

	r, err := http.NewRequest(http.MethodGet, "https://portal.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(c)
	if got, ok := FromRequest(r, "portal0001", false); !ok || got != tok {
		t.Errorf("from the request: %+v, %t", got, ok)
	}
	for name, try := range map[string]func() (Token, bool){
		"another portal": func() (Token, bool) { return FromRequest(r, "portal0002", false) },
		"plain HTTP":     func() (Token, bool) { return FromRequest(r, "portal0001", true) },
		"a broken one": func() (Token, bool) {
			r := &http.Request{Header: http.Header{"Cookie": {c.Name + "=x"}}}
			return FromRequest(r, "portal0001", false)
		},
	} {
		if got, ok := try(); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestNewSession(t *testing.T) {
	now := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	s := portal.Recommended()
	se := NewSession(person, "Browser/1.0", &s, now)
	if se.Person != person || se.UserAgent != "Browser/1.0" || !se.Created.Equal(now) || !se.Ends.Equal(now.Add(7*24*time.Hour)) {
		t.Errorf("session %+v", se)
	}
	if !se.Alive(&s, now) || se.Alive(&s, now.Add(2*time.Hour)) {
		t.Error("alive when it should not be, or not when it should")
	}
	se.Seen = se.Ends
	if se.Alive(&s, se.Ends) {
		t.Error("it has no end")
	}
}
