package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"postern/shared/configuration"
	"postern/shared/configuration/file"
	"postern/shared/configuration/saving"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui/messages"
)

// seedFile is the file, beside the program, that the deployment's default portal is made
// of: the context value configuration.
const seedFile = "configuration.yaml"

// What became of the file, as a deployment says it.
const (
	seedNone    = "there is no file"
	seedMade    = "the portal was made of the file"
	seedApplied = "the file was applied"
	seedSame    = "the portal is as the file says"
	seedLeft    = "LEFT ALONE: the portal was changed since the file was applied; take its configuration into the file, or apply the file at Settings, Configuration"
)

// maxReasons is how much is said of what is wrong, in bytes: CloudFormation takes 4 KB
// as a whole.
const maxReasons = 2500

// notTaken refuses a file with all that is wrong with it; anything else stays what it is.
func notTaken(d *file.Document, err error) error {
	reasons := file.Reasons(d, err)
	if len(reasons) == 0 {
		return err
	}
	text := strings.Join(reasons, " ")
	if len(text) > maxReasons {
		text = strings.ToValidUTF8(text[:maxReasons], "") + "… That is not all."
	}
	return refuse("the configuration cannot be applied. %s", text)
}

// create makes a portal of the plan, with its images first: nothing names them before.
func (s *setup) create(ctx context.Context, p *file.Plan) error {
	for _, i := range p.Images {
		if err := s.store.PutImage(ctx, p.After.ID, i); err != nil {
			return err
		}
	}
	forms := p.Forms
	for i := range forms {
		forms[i].Version = 1
	}
	return s.store.CreatePortal(ctx, *p.After, forms...)
}

// seeded makes the default portal of the file, where it is not there yet, and else
// applies the file where nobody has changed the portal since the last time. It says
// which.
func (s *setup) seeded(ctx context.Context, slug string) (string, error) {
	doc, read := file.Decode(s.seed)
	if doc == nil {
		return "", notTaken(doc, read)
	}
	sum := sha256.Sum256(s.seed)
	mark := hex.EncodeToString(sum[:])
	now, err := s.store.NewestSettings(ctx, slug)
	switch {
	case portal.KindOf(err) == portal.NotFound:
		first := firstPortal(slug, s.now())
		p, err := doc.New(ctx, &first, read)
		if err != nil {
			return "", notTaken(doc, err)
		}
		switch err := s.create(ctx, p); {
		case portal.KindOf(err) == portal.Conflict: // another has just made it
			return s.seeded(ctx, slug)
		case err != nil:
			return "", err
		}
		return seedMade, s.note(ctx, p.After, p.Forms, mark)
	case err != nil:
		return "", err
	}
	forms, err := s.store.Forms(ctx, now.ID)
	if err != nil {
		return "", err
	}
	changed, err := s.changed(ctx, slug, now, forms)
	if err != nil {
		return "", err
	}
	t := file.Target{Settings: now, Forms: forms, Languages: messages.Codes()}
	if t.Unused = !now.Active; t.Unused {
		if t.Unused, err = s.store.Unused(ctx, now.ID); err != nil {
			return "", err
		}
	}
	p := doc.Plan(t)
	if p.Empty() && read == nil {
		return seedSame, s.note(ctx, now, forms, mark)
	}
	if changed {
		return seedLeft, nil
	}
	if err := p.Hold(ctx, saving.Keeper{Store: s.store, Sender: s.cfg.MailFrom, Insecure: s.cfg.Insecure()}, read); err != nil {
		return "", notTaken(doc, err)
	}
	for _, i := range p.Images {
		if err := s.store.PutImage(ctx, now.ID, i); err != nil {
			return "", err
		}
	}
	details := configuration.Details(configuration.Changes(configuration.Of(now), configuration.Of(p.After)))
	details["way"] = "file"
	entry := portal.AuditEntry{ID: dynamo.NewID(s.now()), At: s.now().UTC(), Action: portal.AuditSettingsChanged, ActorName: "deployment", Details: details}
	saved, err := s.store.SaveConfiguration(ctx, now, *p.After, p.Put, entry)
	if portal.KindOf(err) == portal.Conflict {
		return seedLeft, nil // somebody changes it at this moment
	}
	if err != nil {
		return "", err
	}
	return seedApplied, s.note(ctx, saved, p.Forms, mark)
}

// note keeps what the portal is now, for the next deployment to compare with.
func (s *setup) note(ctx context.Context, settings *portal.Settings, forms []portal.Form, mark string) error {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(file.Encode(file.Whole{Settings: settings, Forms: forms}, file.YAML))
	z.Close()
	return s.store.PutApplied(ctx, settings.ID, mark, b.Bytes())
}

// changed tells whether anybody has changed the portal since a deployment brought a
// file: what it was then would change it now. One that no file was brought to was what
// new portals are.
func (s *setup) changed(ctx context.Context, slug string, now *portal.Settings, forms []portal.Form) (bool, error) {
	mark, state, err := s.store.Applied(ctx, now.ID)
	if err != nil {
		return false, err
	}
	was := file.Whole{Settings: new(firstPortal(slug, s.now())), Forms: []portal.Form{portal.FirstForm()}}
	text := file.Encode(was, file.YAML)
	if mark != "" {
		z, err := gzip.NewReader(bytes.NewReader(state))
		if err != nil {
			return false, fmt.Errorf("what was applied: %w", err)
		}
		if text, err = io.ReadAll(io.LimitReader(z, 8*file.MaxBytes)); err != nil {
			return false, fmt.Errorf("what was applied: %w", err)
		}
	}
	doc, err := file.Decode(text)
	if err != nil {
		return true, nil // a newer version wrote it
	}
	return !doc.Plan(file.Target{Settings: now, Forms: forms, Languages: messages.Codes()}).Empty(), nil
}

// copied is the answer to make with from.
type copied struct {
	list
	From  string   `json:"from"`
	Notes []string `json:"notes,omitempty"` // what was not taken over
}

// makeFrom makes a portal of another's configuration: without its people, tickets and
// secrets, and switched off.
func (s *setup) makeFrom(ctx context.Context, slug, from string) (any, error) {
	of, err := s.settings(ctx, from)
	if err != nil {
		return nil, err
	}
	w := file.Whole{Settings: of, Images: map[string][]byte{}}
	if w.Forms, err = s.store.Forms(ctx, of.ID); err != nil {
		return nil, err
	}
	v := configuration.Of(of)
	for _, i := range configuration.Images(&v) {
		data, err := s.store.Image(ctx, of.ID, *i.Name)
		switch {
		case *i.Name == "", portal.KindOf(err) == portal.NotFound:
		case err != nil:
			return nil, err
		default:
			w.Images[*i.Name] = data
		}
	}
	doc, err := file.Of(w)
	if err != nil {
		return nil, errors.Join(errors.New("a portal's own file"), err)
	}
	first := firstPortal(slug, s.now())
	p, err := doc.New(ctx, &first, nil)
	if err != nil {
		return nil, notTaken(doc, err)
	}
	if err := s.create(ctx, p); err != nil {
		return nil, err
	}
	answer, err := s.checklist(ctx, slug)
	if err != nil {
		return nil, err
	}
	return copied{list: answer.(list), From: from, Notes: p.Sentences()}, nil
}
