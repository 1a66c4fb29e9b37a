package sample

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
)

// Fixture returns the values of the placeholders that fixtures in events/ may
// have (see postern/shared/lambdahttp/lambdatest) for the portal support or one
// made like it, which has the slug. It begins the sessions and makes the links
// that they ask for.
// insecure tells whether the portal is served over plain HTTP.
func Fixture(ctx context.Context, store *dynamo.Store, slug string, insecure bool, now time.Time, placeholders []string) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range placeholders {
		what, whose, _ := strings.Cut(name, ":")
		switch what {
		case "portal":
			values[name] = slug
		case "asset":
			values[name] = path.Base(ui.Asset(whose))
		case "image":
			settings, err := store.Settings(ctx, slug, 0)
			if err != nil {
				return nil, err
			}
			images := map[string]portal.Image{"logo": Logo(), "favicon": Favicon()}
			i, ok := images[whose]
			if !ok {
				return nil, fmt.Errorf("placeholder %s: the sample has no image %q", name, whose)
			}
			if err := store.PutImage(ctx, settings.ID, i); err != nil {
				return nil, err
			}
			values[name] = portal.ImageFile(settings.ID, i.Name)
		case "session", "expired":
			settings, err := store.Settings(ctx, slug, 0)
			if err != nil {
				return nil, err
			}
			person, ok := account(whose)
			if !ok {
				return nil, fmt.Errorf("placeholder %s: the sample has no account %q", name, whose)
			}
			session := auth.NewSession(person, "", settings, now)
			if what == "expired" {
				session.Ends = now.Add(-time.Minute)
			}
			cookie, err := begin(ctx, store, settings, session, insecure)
			if err != nil {
				return nil, err
			}
			values[name] = cookie
		case "export":
			id, err := newExport(ctx, store, slug, portal.ExportState(whose), now)
			if err != nil {
				return nil, fmt.Errorf("placeholder %s: %w", name, err)
			}
			values[name] = id
		case "token":
			token, err := newToken(ctx, store, slug, whose, now)
			if err != nil {
				return nil, fmt.Errorf("placeholder %s: %w", name, err)
			}
			values[name] = token
		case "link", "stale":
			link, err := newLink(ctx, store, slug, whose, what == "stale", now)
			if err != nil {
				return nil, fmt.Errorf("placeholder %s: %w", name, err)
			}
			values[name] = link
		}
	}
	return values, nil
}

// newExport writes an export of the customer that is so far, without its file, and returns
// its id.
func newExport(ctx context.Context, store *dynamo.Store, slug string, state portal.ExportState, now time.Time) (string, error) {
	settings, err := store.Settings(ctx, slug, 0)
	if err != nil {
		return "", err
	}
	e := portal.Export{ID: dynamo.NewID(now), Person: Customer, Query: "status=open", Language: "de", Created: now}
	if err := store.PutExport(ctx, settings.ID, e); err != nil {
		return "", err
	}
	if e, err = store.BeginExport(ctx, settings.ID, Customer, e.ID, now); err != nil {
		return "", err
	}
	e.Rows = 4711
	if state == portal.ExportRunning {
		return e.ID, store.NoteExport(ctx, settings.ID, e, e.Rows, now)
	}
	e.State, e.Name, e.Size = state, slug+".csv", 123_456
	return e.ID, store.EndExport(ctx, settings.ID, e, "", now)
}

// begin writes the session and returns its cookie.
func begin(ctx context.Context, store *dynamo.Store, s *portal.Settings, session portal.Session, insecure bool) (string, error) {
	token := auth.NewToken(session.Person)
	if err := store.PutSession(ctx, s.ID, token.Hash(), session); err != nil {
		return "", err
	}
	cookie := auth.Cookie(s.ID, token, insecure)
	return cookie.Name + "=" + cookie.Value, nil
}

// newLink makes a one-time link, of "reset:customer" or "sign-in:customer", and
// returns what follows /link/. One that is stale is no longer valid.
func newLink(ctx context.Context, store *dynamo.Store, slug, what string, stale bool, now time.Time) (string, error) {
	kind, whose, _ := strings.Cut(what, ":")
	all := Accounts()
	i := slices.IndexFunc(all, func(a Account) bool { return strings.HasPrefix(a.Email, whose+"@") })
	if i < 0 || !portal.LinkKind(kind).Valid() {
		return "", fmt.Errorf("no such link or account: %q", what)
	}
	settings, err := store.Settings(ctx, slug, 0)
	if err != nil {
		return "", err
	}
	l := portal.Link{Person: all[i].ID, Email: all[i].Email, Kind: portal.LinkKind(kind), Ends: now.Add(portal.LinkAge)}
	if stale {
		l.Ends = now.Add(-time.Minute)
	}
	token := auth.NewToken(l.Person)
	return token.Value(), store.PutLink(ctx, settings.ID, token.Hash(), l)
}

// newToken makes an API token of the account with the scope: "admin:forms:submit".
func newToken(ctx context.Context, store *dynamo.Store, slug, what string, now time.Time) (string, error) {
	whose, scope, _ := strings.Cut(what, ":")
	person, ok := account(whose)
	settings, err := store.Settings(ctx, slug, 0)
	if err != nil || !ok {
		return "", errors.Join(err, fmt.Errorf("account %q", whose))
	}
	token := auth.NewToken(person)
	made := portal.APIToken{ID: dynamo.NewID(now), Person: person, Name: "Fixture", Scopes: []portal.Scope{portal.Scope(scope)}, Created: now, Expires: now.AddDate(0, 0, 30)}
	return token.APIToken(), store.PutToken(ctx, settings.ID, token.Hash(), made, portal.AuditEntry{ID: dynamo.NewID(now), At: now, Actor: person, Action: portal.AuditTokenMade})
}

// account returns the id of the account whose address has name before the @.
func account(name string) (string, bool) {
	all := Accounts()
	i := slices.IndexFunc(all, func(a Account) bool { return strings.HasPrefix(a.Email, name+"@") })
	if i < 0 {
		return "", false
	}
	return all[i].ID, true
}
