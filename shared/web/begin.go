package web

import (
	"context"
	"net/http"
	"net/netip"

	"postern/shared/auth"
	"postern/shared/portal"
)

// Sessions is where sessions begin and end: postern/shared/dynamo's Store.
type Sessions interface {
	PutSession(ctx context.Context, portalID, hash string, se portal.Session) error
	DeleteSession(ctx context.Context, portalID, person, hash string) error
}

// Factors is where second factors are kept, besides: postern/shared/dynamo's Store.
type Factors interface {
	Sessions
	CodeFactor(ctx context.Context, portalID, person string) (*portal.CodeFactor, error)
	HasPasskey(ctx context.Context, portalID, person string) (bool, error)
	PutHalf(ctx context.Context, portalID, hash string, h portal.Half) error
}

// Enter begins the session of a person who has proved one thing: h.Way, and where
// it was a password, its hash. Somebody with an authenticator app is to prove that
// as well: then the cookie is no session's, and onward is where they do. Of whom a
// second factor is asked: who has a passkey is refused, and signs in with that, or
// whoever knows a password could set up an app beside it; who has none yet gets a
// session that is good for nothing but to set one up.
func (r *Request) Enter(ctx context.Context, s Factors, p portal.Person, h portal.Half) (cookie *http.Cookie, onward string, err error) {
	code, err := s.CodeFactor(ctx, r.Settings.ID, p.ID)
	if err != nil {
		return nil, "", err
	}
	if code == nil {
		asked := r.Settings.AsksSecondFactor(p.Role)
		if asked {
			has, err := s.HasPasskey(ctx, r.Settings.ID, p.ID)
			if err != nil {
				return nil, "", err
			}
			if has {
				return nil, "", portal.Errorf(portal.Forbidden, "signIn.error.passkey")
			}
		}
		cookie, err = r.begin(ctx, s, p.ID, asked)
		return cookie, "", err
	}
	token := auth.NewToken(p.ID)
	h.Person, h.Ends = p.ID, r.Now.Add(portal.HalfAge)
	if err := s.PutHalf(ctx, r.Settings.ID, token.Hash(), h); err != nil {
		return nil, "", err
	}
	return auth.HalfCookie(r.Settings.ID, token, r.Insecure()), r.Path("code"), nil
}

// halfView says in JSON what is to be proved besides.
type halfView struct {
	SecondFactor string `json:"second_factor"`
}

// Half is the answer to a program that Enter sends onward.
func Half(cookies []*http.Cookie) Result {
	return Result{Status: http.StatusAccepted, View: halfView{"code"}, Cookies: cookies}
}

// Begin starts the person's session under a new secret, and ends the one that
// the browser had. It returns the new session's cookie. It is for whom there is
// nothing more to prove: see Enter.
func (r *Request) Begin(ctx context.Context, s Sessions, person string) (*http.Cookie, error) {
	return r.begin(ctx, s, person, false)
}

func (r *Request) begin(ctx context.Context, s Sessions, person string, incomplete bool) (*http.Cookie, error) {
	if old, ok := auth.FromRequest(r.Request, r.Settings.ID, r.Insecure()); ok {
		if err := s.DeleteSession(ctx, r.Settings.ID, old.Person, old.Hash()); err != nil {
			return nil, err
		}
	}
	token := auth.NewToken(person)
	session := auth.NewSession(person, r.UserAgent(), r.Settings, r.Now)
	session.Incomplete = incomplete
	if err := s.PutSession(ctx, r.Settings.ID, token.Hash(), session); err != nil {
		return nil, err
	}
	return auth.Cookie(r.Settings.ID, token, r.Insecure()), nil
}

// Network is what one client can be told by: an IPv4 address, or the /64 that an
// IPv6 client moves in as it likes.
func (r *Request) Network() string {
	a, err := netip.ParseAddr(r.Address())
	if err != nil {
		return "unknown"
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
