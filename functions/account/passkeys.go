package main

import (
	"context"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// passkeys is where passkeys are kept. What changes them is the function passkey's.
type passkeys interface {
	Passkeys(ctx context.Context, portalID, person string) ([]dynamo.Passkey, error)
}

// passkeysOf are the viewer's passkeys, for the page; nil where they cannot be told,
// which is no reason to show nothing else of the account.
func (h handler) passkeysOf(ctx context.Context, r *web.Request) []portal.Passkey {
	all, err := h.store.Passkeys(ctx, r.Settings.ID, r.Viewer.ID)
	if err != nil {
		r.Note(err)
		return nil
	}
	shown := make([]portal.Passkey, len(all))
	for i, k := range all {
		shown[i] = k.Passkey
	}
	return shown
}

// showsPasskeys tells whether the page has them: they are known, and of use, or
// there are some to remove.
func (p page) showsPasskeys(r *web.Request) bool {
	return p.passkeys != nil && (r.Settings.OwnSignIn(r.Viewer.Role) || len(p.passkeys) > 0)
}

// addsPasskeys is the form that adds one.
func addsPasskeys(r *web.Request) ui.PasskeyAddProps {
	api := "/api/v1" + r.Path("account", "passkeys")
	return ui.PasskeyAddProps{
		Reader: r.Reader, Options: api + "/options", Finish: api, Next: r.Path("account") + "?done=passkey",
		MaxName: portal.MaxPasskeyName, Email: r.Viewer.Email,
	}
}
