// Package saving is the way that settings take into the store, whether somebody has
// changed them on a page, a program by the API, or a file brings them: they are held
// against everything, and written with their entry of the audit log.
package saving

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"postern/shared/configuration"
	"postern/shared/portal"
	"postern/shared/routes"
	"postern/shared/ui/messages"
)

// Store is what settings are held against, and where they go.
type Store interface {
	Image(ctx context.Context, portalID, name string) ([]byte, error)
	Members(ctx context.Context, portalID, group, after string, limit int32) (people []portal.Person, next string, err error)
	SaveSettings(ctx context.Context, before *portal.Settings, after portal.Settings, e portal.AuditEntry) (*portal.Settings, error)
	SendWaiting(ctx context.Context, portalID string, now time.Time) (int, error)
}

// Keeper saves settings.
type Keeper struct {
	Store    Store
	Sender   string // the deployment's address for mails, "" where it has none
	Insecure bool   // providers may be reached without TLS: on a developer's machine
}

// Valid tells what is wrong with the settings, as a whole. What was wrong with before
// is nothing to hold against a change of something else: a property that was archived
// since, say.
func (k Keeper) Valid(forms []portal.Form, before, after *portal.Settings) error {
	return k.valid(forms, before, after, before)
}

// valid is Valid, with what pipelines, inboxes and properties were as data has them.
func (k Keeper) valid(forms []portal.Form, before, after, data *portal.Settings) error {
	rules := portal.Rules{Forms: forms, Reserved: routes.Reserved(), Languages: messages.Codes(), Insecure: k.Insecure}
	wrong := func(after *portal.Settings) []portal.FieldError {
		var fields []portal.FieldError
		for _, err := range []error{portal.ValidateSettings(*after, rules), portal.ValidateData(after, data, forms, messages.Codes())} {
			if e := (*portal.Error)(nil); errors.As(err, &e) {
				fields = append(fields, e.Fields...)
			}
		}
		return fields
	}
	fields := wrong(after)
	if after.Active && !before.Active && !ready(portal.Checklist(after, k.Sender)) {
		fields = append(fields, portal.FieldError{Field: "active", Key: "settings.error.notReady"})
	}
	if len(fields) > 0 && after != before {
		changes, old := configuration.Changes(configuration.Of(before), configuration.Of(after)), wrong(before)
		fields = slices.DeleteFunc(fields, func(f portal.FieldError) bool {
			field, _, _ := strings.Cut(f.Field, ".")
			changed := slices.ContainsFunc(changes, func(c configuration.Change) bool { return c.Field == field })
			return !changed && slices.ContainsFunc(old, func(w portal.FieldError) bool { return w.Field == f.Field && w.Key == f.Key })
		})
	}
	return invalid(fields)
}

func invalid(fields []portal.FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: fields}
}

// ready tells whether all of the list is done.
func ready(list []portal.CheckItem) bool {
	return !slices.ContainsFunc(list, func(c portal.CheckItem) bool { return !c.Done })
}

// AlsoWrong is what is wrong, with more fields.
func AlsoWrong(err error, more []portal.FieldError) error {
	if len(more) == 0 {
		return err
	}
	if e := (*portal.Error)(nil); errors.As(err, &e) {
		more = append(slices.Clone(e.Fields), more...)
	}
	return invalid(more)
}

// Hold is Valid, and what only the store knows: images that nobody has uploaded, but
// for those that brings tells are about to be, and static groups that still have
// members.
func (k Keeper) Hold(ctx context.Context, forms []portal.Form, before, after *portal.Settings, brings func(image string) bool) error {
	return k.HoldData(ctx, forms, before, after, before, brings)
}

// HoldData is Hold, where data is what pipelines, inboxes and properties have to go on
// from: nothing that it has may be taken away.
func (k Keeper) HoldData(ctx context.Context, forms []portal.Form, before, after, data *portal.Settings, brings func(image string) bool) error {
	gone, err := k.imagesGone(ctx, before, after, brings)
	if err != nil {
		return err
	}
	used, err := k.inUse(ctx, before, after)
	if err != nil {
		return err
	}
	return AlsoWrong(k.valid(forms, before, after, data), append(gone, used...))
}

// imagesGone tells which images the settings name that nobody has uploaded.
func (k Keeper) imagesGone(ctx context.Context, before, after *portal.Settings, brings func(string) bool) ([]portal.FieldError, error) {
	was, is := configuration.Of(before), configuration.Of(after)
	had := configuration.Images(&was)
	var gone []portal.FieldError
	for n, i := range configuration.Images(&is) {
		if _, ok := portal.ImageType(*i.Name); !ok || *i.Name == *had[n].Name || brings != nil && brings(*i.Name) {
			continue // no name of an image, as validation says; or nothing new
		}
		_, err := k.Store.Image(ctx, before.ID, *i.Name)
		switch {
		case portal.KindOf(err) == portal.NotFound:
			gone = append(gone, portal.FieldError{Field: i.Field, Key: "design.error.image"})
		case err != nil:
			return nil, err
		}
	}
	return gone, nil
}

// someMembers is how many members of a group are counted.
const someMembers = 50

// inUse tells which static groups have members and would be none any more: they would
// lose access at once.
func (k Keeper) inUse(ctx context.Context, before, after *portal.Settings) ([]portal.FieldError, error) {
	var used []portal.FieldError
	for _, g := range before.Groups {
		if kept, ok := after.AccessGroup(g.ID); !g.Static || ok && kept.Static {
			continue
		}
		people, next, err := k.Store.Members(ctx, before.ID, g.ID, "", someMembers)
		switch {
		case err != nil:
			return nil, err
		case len(people) == 0 && next == "":
		case next != "":
			used = append(used, portal.FieldError{Field: "groups", Key: "settings.groups.error.manyMembers", Pairs: []any{"group", g.Name, "count", len(people)}})
		default:
			used = append(used, portal.FieldError{Field: "groups", Key: "settings.groups.error.members", Pairs: []any{"group", g.Name, "count", len(people)}})
		}
	}
	return used, nil
}

// Save holds the settings against everything, and writes them. entry is what the audit
// log says of the changes. It is a Conflict where somebody else has saved since before
// was read; before itself, where nothing changes.
func (k Keeper) Save(ctx context.Context, forms []portal.Form, before *portal.Settings, after portal.Settings, entry func(details map[string]string) portal.AuditEntry) (*portal.Settings, error) {
	changes := configuration.Changes(configuration.Of(before), configuration.Of(&after))
	if len(changes) == 0 {
		return before, nil
	}
	if err := k.Hold(ctx, forms, before, &after, nil); err != nil {
		return nil, err
	}
	return k.Store.SaveSettings(ctx, before, after, entry(configuration.Details(changes)))
}

// SendWaiting asks for the mails of the invitations that wait for the portal to be
// switched on, as far as there is time.
func (k Keeper) SendWaiting(ctx context.Context, portalID string, now time.Time) error {
	const rounds = 20 // of 25 each
	for range rounds {
		if n, err := k.Store.SendWaiting(ctx, portalID, now); err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// Nothing is the Store of a portal that is yet to be made: it has nothing, and keeps
// nothing.
type Nothing struct{ Store }

func (Nothing) Image(context.Context, string, string) ([]byte, error) { return nil, portal.Hidden() }

func (Nothing) Members(context.Context, string, string, string, int32) ([]portal.Person, string, error) {
	return nil, "", nil
}
