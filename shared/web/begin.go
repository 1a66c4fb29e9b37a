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

// Begin starts the person's session under a new secret, and ends the one that
// the browser had. It returns the new session's cookie.
func (r *Request) Begin(ctx context.Context, s Sessions, person string) (*http.Cookie, error) {
	if old, ok := auth.FromRequest(r.Request, r.Settings.ID, r.Insecure()); ok {
		if err := s.DeleteSession(ctx, r.Settings.ID, old.Person, old.Hash()); err != nil {
			return nil, err
		}
	}
	token := auth.NewToken(person)
	if err := s.PutSession(ctx, r.Settings.ID, token.Hash(), auth.NewSession(person, r.UserAgent(), r.Settings, r.Now)); err != nil {
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
