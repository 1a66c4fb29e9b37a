package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/routes"
	"postern/shared/ui/messages"
)

// request is what a person asks for: exactly one thing, of one portal.
type request struct {
	Portal string `json:"portal"` // the slug; "" is the deployment's default

	Make      bool   `json:"make"` // the portal itself, where there is none yet
	From      string `json:"from"` // the slug of another, whose configuration it gets
	Admin     *admin `json:"admin"`
	Checklist bool   `json:"checklist"`
	SwitchOn  bool   `json:"switchOn"`
	SwitchOff bool   `json:"switchOff"`
	Archive   bool   `json:"archive"` // off for the team as well
	Restore   bool   `json:"restore"` // off for customers alone
}

// admin is the first one.
type admin struct {
	Email    string `json:"email"`
	First    string `json:"first"`
	Last     string `json:"last"`
	Language string `json:"language"` // "" follows the browser, and else the portal
}

// made is the answer to admin. It is the only place where the password is ever
// seen.
type made struct {
	Portal   string `json:"portal"`
	Email    string `json:"email"`
	Password string `json:"password"`
	SignIn   string `json:"signIn"`
}

// list is the answer to checklist.
type list struct {
	Portal string `json:"portal"`
	Active bool   `json:"active"`
	Items  []item `json:"items"`
}

type item struct {
	ID   string `json:"id"`
	Done bool   `json:"done"`
	Text string `json:"text"`
}

// switched is the answer to switchOn and switchOff.
type switched struct {
	Portal string `json:"portal"`
	Active bool   `json:"active"`
}

const usage = `Give exactly one of {"make": true}, {"admin": {"email": "you@example.com"}}, {"checklist": true}, {"switchOn": true}, {"switchOff": true}, {"archive": true} and {"restore": true}, ` +
	`with it "portal" where it is not the default one, and with "make" "from" to copy another portal's configuration.`

func parse(event []byte) (request, error) {
	var r request
	d := json.NewDecoder(bytes.NewReader(event))
	d.DisallowUnknownFields()
	err := d.Decode(&r)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return r, refuse("%s is not to be a JSON %s. %s", wrong.Field, wrong.Value, usage)
	case err != nil:
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return r, refuse("There is no field %s. %s", name, usage)
		}
		return r, refuse("The payload is no JSON object. %s", usage)
	}
	given := 0
	for _, g := range []bool{r.Make, r.Admin != nil, r.Checklist, r.SwitchOn, r.SwitchOff, r.Archive, r.Restore} {
		if g {
			given++
		}
	}
	if given != 1 || r.From != "" && !r.Make {
		return r, refuse("%s", usage)
	}
	return r, nil
}

// perform does what a person asks for.
func (s *setup) perform(ctx context.Context, r request) (answer any, err error) {
	slug := r.Portal
	if slug == "" {
		slug = s.cfg.DefaultPortal
	}
	action, what := "checklist", "The checklist could not be read"
	do := func(ctx context.Context) (any, error) { return s.checklist(ctx, slug) }
	switch {
	case r.Make:
		action, what = "make", "The portal could not be made"
		do = func(ctx context.Context) (any, error) { return s.makeAnother(ctx, slug, r.From) }
	case r.Admin != nil:
		action, what = "admin", "The admin could not be made"
		do = func(ctx context.Context) (any, error) { return s.makeAdmin(ctx, slug, *r.Admin) }
	case r.Archive, r.Restore:
		action, what = "restore", "The portal could not be restored"
		if r.Archive {
			action, what = "archive", "The portal could not be archived"
		}
		do = func(ctx context.Context) (any, error) { return s.archive(ctx, slug, r.Archive) }
	case r.SwitchOn, r.SwitchOff:
		action, what = "switchOff", "The portal could not be switched off"
		if r.SwitchOn {
			action, what = "switchOn", "The portal could not be switched on"
		}
		do = func(ctx context.Context) (any, error) { return s.switchPortal(ctx, slug, r.SwitchOn) }
	}
	err = s.logged(ctx, action, func(ctx context.Context) error {
		if answer, err = do(ctx); err == nil {
			return nil
		}
		var refused *refusal
		if errors.As(err, &refused) {
			return err
		}
		return explain(ctx, what, err)
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// makeAnother makes a portal beside those that are there: like the one from, or else like
// the one that every deployment begins with.
func (s *setup) makeAnother(ctx context.Context, slug, from string) (any, error) {
	switch _, err := s.store.NewestSettings(ctx, slug); {
	case err == nil:
		return nil, refuse("portal: there is a portal %q already, or it was called so.", slug)
	case !portal.ValidSlug(slug) || slices.Contains(routes.Reserved(), slug):
		return nil, refuse("portal: %q is no slug that a portal can have: 2 to 40 lower-case letters, digits and single hyphens, and none of Postern's own words.", slug)
	case portal.KindOf(err) != portal.NotFound:
		return nil, err
	}
	if from != "" {
		return s.makeFrom(ctx, slug, from)
	}
	if err := s.store.CreatePortal(ctx, firstPortal(slug, s.now()), portal.FirstForm()); err != nil {
		return nil, err
	}
	return s.checklist(ctx, slug)
}

// settings returns those of the portal as they are now.
func (s *setup) settings(ctx context.Context, slug string) (*portal.Settings, error) {
	set, err := s.store.NewestSettings(ctx, slug)
	if portal.KindOf(err) == portal.NotFound {
		return nil, refuse("portal: there is no portal %q.", slug)
	}
	return set, err
}

// change reads the settings and has do change what they say, anew where somebody
// else did so meanwhile.
func (s *setup) change(ctx context.Context, slug string, do func(*portal.Settings) error) error {
	var err error
	for range tries {
		var set *portal.Settings
		if set, err = s.settings(ctx, slug); err != nil {
			return err
		}
		if err = do(set); portal.KindOf(err) != portal.Conflict {
			return err
		}
	}
	return portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

// firstName is what an admin is called who gives no name: customers may see it.
const firstName = "Admin"

// makeAdmin makes the portal's first admin.
func (s *setup) makeAdmin(ctx context.Context, slug string, a admin) (any, error) {
	address, ok := portal.NormalEmail(a.Email)
	switch {
	case strings.TrimSpace(a.Email) == "":
		return nil, refuse("admin.email: give the address that the admin signs in with.")
	case !ok:
		return nil, refuse("admin.email: %q is no e-mail address.", a.Email)
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	p := portal.Person{
		ID: dynamo.NewID(now), First: a.First, Last: a.Last, Email: address, Language: a.Language, Role: portal.Admin, Created: now,
	}
	unnamed := strings.TrimSpace(a.First+a.Last) == ""
	if unnamed {
		p.First = firstName
	}
	secret, hash := newPassword(), ""
	err := s.change(ctx, slug, func(set *portal.Settings) error {
		if set.HasAdmin() {
			return refuse("The portal %s has an admin already; further ones are added by them.", slug)
		}
		var err error
		// Whom an import brought as an owner of tickets has no account, and no role.
		if i := slices.IndexFunc(set.Staff, func(st portal.Staff) bool { return !st.Role.Team() && strings.EqualFold(st.Email, address) }); i >= 0 {
			known := set.Staff[i]
			if p.ID = known.ID; unnamed && portal.FullName(known.First, known.Last) != "" {
				p.First, p.Last = known.First, known.Last
			}
		}
		if p, err = validated(p, set); err != nil {
			return err
		}
		if hash == "" {
			if hash, err = password.Hash(secret); err != nil {
				return err
			}
		}
		err = s.store.AddAdmin(ctx, set, p, hash)
		if errors.Is(err, dynamo.ErrAddressTaken) {
			return refuse("admin.email: %s is the address of a customer or member of the team of this portal; take one that nobody uses here.", address)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return made{Portal: slug, Email: address, Password: secret, SignIn: s.cfg.Origin + "/" + slug + "/sign-in"}, nil
}

// validated tidies the person's names, or refuses what is wrong with the person.
func validated(p portal.Person, set *portal.Settings) (portal.Person, error) {
	if p.Language != "" && !slices.Contains(set.Languages, p.Language) {
		return p, refuse("admin.language: the portal has no %q, but %s.", p.Language, strings.Join(set.Languages, " and "))
	}
	p, err := portal.ValidateProfile(p, set)
	var invalid *portal.Error
	if !errors.As(err, &invalid) {
		return p, err
	}
	var said []string
	for _, f := range invalid.Fields {
		pairs := make([]string, len(f.Pairs))
		for i, v := range f.Pairs {
			pairs[i] = fmt.Sprint(v)
		}
		said = append(said, "admin."+f.Field+": "+messages.For("en").T(f.Key, pairs...))
	}
	return p, refuse("%s", strings.Join(said, " "))
}

// letters are those of a generated password, without what looks alike.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// newPassword returns four groups of five letters: 99 bits.
func newPassword() string {
	var b strings.Builder
	for i := range 20 {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // crypto/rand never fails
		}
		b.WriteByte(letters[n.Int64()])
	}
	return b.String()
}

// texts say what is so, and what to do where it is not.
var texts = map[string]struct{ done, missing string }{
	portal.CheckName:     {"The portal has a name.", "The portal has no name: give it one in its settings."},
	portal.CheckInbox:    {"The portal has an inbox.", "The portal has no inbox: add one in its settings."},
	portal.CheckPipeline: {"The portal has a pipeline with an open and a closed stage.", "The portal has no pipeline with an open and a closed stage: add one in its settings."},
	portal.CheckAdmin:    {"The portal has an admin.", `The portal has no admin: invoke this function with {"admin": {"email": "you@example.com"}}.`},
	portal.CheckSender:   {"Mails have a sender.", "Mails have no sender: deploy with the context value mailFrom, or set an address in the portal's settings."},
}

func (s *setup) items(set *portal.Settings) []item {
	var items []item
	for _, c := range portal.Checklist(set, s.cfg.MailFrom) {
		text := texts[c.ID].done
		if !c.Done {
			text = texts[c.ID].missing
		}
		items = append(items, item{c.ID, c.Done, text})
	}
	return items
}

func (s *setup) checklist(ctx context.Context, slug string) (any, error) {
	set, err := s.settings(ctx, slug)
	if err != nil {
		return nil, err
	}
	return list{Portal: slug, Active: set.Active, Items: s.items(set)}, nil
}

// switchPortal lets customers in, or out.
func (s *setup) switchPortal(ctx context.Context, slug string, on bool) (any, error) {
	err := s.change(ctx, slug, func(set *portal.Settings) error {
		if set.Active == on {
			return nil
		}
		if set.Archived {
			return refuse(`The portal %s is archived: restore it first, with {"restore": true}.`, slug)
		}
		var missing []string
		for _, it := range s.items(set) {
			if !it.Done {
				missing = append(missing, it.Text)
			}
		}
		if on && len(missing) > 0 {
			return refuse("The portal %s is not ready to be switched on. %s", slug, strings.Join(missing, " "))
		}
		return s.store.SwitchPortal(ctx, set, on)
	})
	if err != nil {
		return nil, err
	}
	if on {
		if err := s.sendWaiting(ctx, slug); err != nil {
			return nil, err
		}
	}
	return switched{slug, on}, nil
}

// sendWaiting asks for the mails of all invitations that wait for the portal. What
// a run leaves, the next one does: also of a portal that is on already.
func (s *setup) sendWaiting(ctx context.Context, slug string) error {
	set, err := s.settings(ctx, slug)
	if err != nil {
		return err
	}
	for sent := 1; sent > 0; {
		if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < answerTime {
			return refuse("The portal %s is on. Not all invitations that waited for it are on their way yet: switch it on once more.", slug)
		}
		if sent, err = s.store.SendWaiting(ctx, set.ID, s.now().UTC()); err != nil {
			return err
		}
	}
	return nil
}

// filed is the answer to archive and restore.
type filed struct {
	Portal   string `json:"portal"`
	Archived bool   `json:"archived"`
}

// archive takes the portal out of use, or back: switched off in any case. Nothing is
// deleted.
func (s *setup) archive(ctx context.Context, slug string, archived bool) (any, error) {
	err := s.change(ctx, slug, func(set *portal.Settings) error {
		if set.Archived == archived {
			return nil
		}
		after := *set
		after.Archived, after.Active = archived, false
		e := portal.AuditEntry{ID: dynamo.NewID(s.now()), At: s.now().UTC(), Action: portal.AuditPortalRestored, ActorName: "command"}
		if archived {
			e.Action = portal.AuditPortalArchived
		}
		_, err := s.store.SaveSettings(ctx, set, after, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return filed{slug, archived}, nil
}
