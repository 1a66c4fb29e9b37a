package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"postern/shared/app"
	"postern/shared/configuration"
	"postern/shared/configuration/saving"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

type store interface {
	web.Store
	NewestSettingsOf(ctx context.Context, portalID string) (*portal.Settings, error)
	Forms(ctx context.Context, portalID string) ([]portal.Form, error)
	SaveSettings(ctx context.Context, before *portal.Settings, after portal.Settings, e portal.AuditEntry) (*portal.Settings, error)
	SeeSettings(ctx context.Context, portalID, person, hash string, version int64) error
	SettingsVersion(ctx context.Context, portalID string, version int64) (*portal.Settings, error)
	SettingsVersions(ctx context.Context, portalID string, before int64, limit int32) (versions []*portal.Settings, more bool, err error)
	Newest(ctx context.Context, a dynamo.Audience, limit int, see func(portal.Ticket)) (more bool, err error)
	PutImage(ctx context.Context, portalID string, i portal.Image) error
	Image(ctx context.Context, portalID, name string) ([]byte, error)
	SendWaiting(ctx context.Context, portalID string, now time.Time) (int, error)
	Members(ctx context.Context, portalID, group, after string, limit int32) (people []portal.Person, next string, err error)
	PutProviderSecret(ctx context.Context, portalID, name, secret string) error
	Attempt(ctx context.Context, portalID, what, key string, by int, window time.Duration, now time.Time) (int64, time.Time, error)
	AskTestMail(ctx context.Context, r dynamo.TestRequest, from, to string) error
	TestMail(ctx context.Context, portalID string) (portal.TestMail, error)
}

type handler struct {
	store  store
	config app.Config
	client *http.Client // to what admins enter
}

func newHandler(cfg app.Config, s store, client *http.Client) http.Handler {
	h := handler{s, cfg, client}
	handlers := map[string]web.Handler{}
	for key, handle := range map[string]web.Handler{
		"GET /{portal}/settings":                h.begin,
		"GET /{portal}/settings/history":        h.showHistory,
		"GET /{portal}/settings/{section}":      h.showSection,
		"POST /{portal}/settings/{section}":     h.sendSection,
		"GET /{portal}/settings/design/preview": h.previewDesign,
		"GET /api/v1/{portal}/settings":         h.show,
		"PATCH /api/v1/{portal}/settings":       h.change,

		"POST /{portal}/settings/test-mail":        h.sendTest,
		"GET /api/v1/{portal}/settings/test-mail":  h.showTest,
		"POST /api/v1/{portal}/settings/test-mail": h.sendTest,
	} {
		handlers[key] = web.OnlySettingUp(handle)
	}
	return web.New(web.Options{Config: cfg, Store: s}, handlers)
}

// newest are the settings as they are, which the request has from then on.
func (h handler) newest(ctx context.Context, r *web.Request) (*portal.Settings, error) {
	s, err := h.store.NewestSettingsOf(ctx, r.Settings.ID)
	if err == nil {
		r.Settings = s
	}
	return s, err
}

func etag(s *portal.Settings) string { return strconv.Quote(strconv.FormatInt(s.Version, 10)) }

func (h handler) show(ctx context.Context, r *web.Request) (web.Result, error) {
	s, err := h.newest(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: configuration.Of(s), ETag: etag(s)}, nil
}

// change saves what the patch says. Nobody overwrites what they have not seen: If-Match
// names the version that it is a change of.
func (h handler) change(ctx context.Context, r *web.Request) (web.Result, error) {
	before, err := h.newest(ctx, r)
	if err != nil {
		return web.Result{}, err
	}
	var p configuration.Patch
	if err := r.JSON(&p); err != nil {
		return web.Result{}, err
	}
	if err := r.IfMatch(etag(before)); err != nil {
		return web.Result{}, err
	}
	v, err := p.Apply(configuration.Of(before))
	if err != nil {
		return web.Result{}, web.JSONError(err)
	}
	wrong, err := h.complete(ctx, r, &v)
	if err != nil {
		return web.Result{}, err
	}
	forms, err := h.store.Forms(ctx, before.ID)
	if err != nil {
		return web.Result{}, err
	}
	after := v.Over(before)
	if len(wrong) > 0 {
		return web.Result{}, saving.AlsoWrong(h.valid(r, forms, before, &after), wrong)
	}
	saved, err := h.save(ctx, r, forms, before, after)
	if portal.KindOf(err) == portal.Conflict {
		err = web.Stale(err) // somebody has saved at the same moment
	}
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{View: configuration.Of(saved), ETag: etag(saved)}, nil
}

// keeper saves settings of the request's portal.
func (h handler) keeper(r *web.Request) saving.Keeper {
	return saving.Keeper{Store: h.store, Sender: h.config.MailFrom, Insecure: r.Insecure()}
}

// valid tells what is wrong with the settings, as a whole.
func (h handler) valid(r *web.Request, forms []portal.Form, before, after *portal.Settings) error {
	return h.keeper(r).Valid(forms, before, after)
}

// save holds the settings against everything, and writes them. Who has saved them sees
// them at once, in whatever process. It is a Conflict where somebody else has saved
// since before was read.
func (h handler) save(ctx context.Context, r *web.Request, forms []portal.Form, before *portal.Settings, after portal.Settings) (*portal.Settings, error) {
	k := h.keeper(r)
	saved, err := k.Save(ctx, forms, before, after, func(details map[string]string) portal.AuditEntry {
		return r.Entry(dynamo.NewID(r.Now), portal.AuditSettingsChanged, details)
	})
	if err != nil || saved == before {
		return saved, err
	}
	if r.APIToken == nil {
		if err := h.store.SeeSettings(ctx, saved.ID, r.Token.Person, r.Token.Hash(), saved.Version); err != nil {
			r.Note(err) // within half a minute they do
		}
	}
	if saved.Active && !before.Active {
		if err := k.SendWaiting(ctx, saved.ID, r.Now); err != nil {
			r.Note(err) // the next switch, or the command, sends those that are left
		}
	}
	return saved, nil
}
