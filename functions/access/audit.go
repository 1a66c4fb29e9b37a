package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/mileusna/useragent"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

// A page of the audit log, and how many entries a filter looks at for one.
const (
	auditPage = 50
	auditWalk = 1000
)

// actionKeys are the messages that name what was done.
var actionKeys = map[portal.AuditAction]string{
	portal.AuditSignedIn:         "audit.signedIn",
	portal.AuditSignInFailed:     "audit.signInFailed",
	portal.AuditSignInLimited:    "audit.signInLimited",
	portal.AuditSignedOut:        "audit.signedOut",
	portal.AuditSessionsEnded:    "audit.sessionsEnded",
	portal.AuditRegistered:       "audit.registered",
	portal.AuditPasswordChanged:  "audit.passwordChanged",
	portal.AuditPasswordReset:    "audit.passwordReset",
	portal.AuditInvited:          "audit.invited",
	portal.AuditAccessGiven:      "audit.accessGiven",
	portal.AuditAccessTaken:      "audit.accessTaken",
	portal.AuditRoleChanged:      "audit.roleChanged",
	portal.AuditViewedAs:         "audit.viewedAs",
	portal.AuditViewedAsEnded:    "audit.viewedAsEnded",
	portal.AuditTokenMade:        "audit.tokenMade",
	portal.AuditTokenRevoked:     "audit.tokenRevoked",
	portal.AuditDataCopied:       "audit.dataCopied",
	portal.AuditTicketsExported:  "audit.ticketsExported",
	portal.AuditErasureRequested: "audit.erasureRequested",
	portal.AuditFactorAdded:      "audit.factorAdded",
	portal.AuditFactorRemoved:    "audit.factorRemoved",
	portal.AuditPortalArchived:   "audit.portalArchived", portal.AuditPortalRestored: "audit.portalRestored",
	portal.AuditSettingsChanged: "audit.settingsChanged",
	portal.AuditFormSaved:       "audit.formSaved",
	portal.AuditTeamAdded:       "audit.teamAdded",
	portal.AuditTeamChanged:     "audit.teamChanged",
	portal.AuditTeamRemoved:     "audit.teamRemoved",
	portal.AuditContactAdded:    "audit.contactAdded",
	portal.AuditContactChanged:  "audit.contactChanged",
	portal.AuditContactRemoved:  "audit.contactRemoved",
	portal.AuditCompanyAdded:    "audit.companyAdded",
	portal.AuditCompanyChanged:  "audit.companyChanged",
	portal.AuditCompanyRemoved:  "audit.companyRemoved",
}

// partyView is who did something, or had it done, as they were called then.
type partyView struct {
	ID    string `json:"id"` // "" where it is not known
	Email string `json:"email"`
}

// entryView is an entry of the audit log, in JSON.
type entryView struct {
	ID      string             `json:"id"`
	At      time.Time          `json:"at"`
	Action  portal.AuditAction `json:"action"`
	Actor   partyView          `json:"actor"`
	Subject *partyView         `json:"subject"` // null where the actor did it to themselves
	Network string             `json:"network"`
	Browser string             `json:"browser"`
	System  string             `json:"system"`
	Details map[string]string  `json:"details"`
}

// auditView is a page of a month of the audit log, in JSON.
type auditView struct {
	Month   string      `json:"month"`
	Entries []entryView `json:"entries"`
	Next    *string     `json:"next"` // what before is to be for the next page
	// LookedBackTo is how far a page looked that ended early, else null.
	LookedBackTo *time.Time `json:"looked_back_to"`
}

// auditQuery is what is to be shown.
type auditQuery struct {
	month  time.Time
	before string // the position in the month, as next says it
	action portal.AuditAction
}

const monthForm = "2006-01"

var positionPattern = regexp.MustCompile(`^[0-9]{13}\.[0-9a-z]{8,32}$`)

func auditQueryOf(r *web.Request) (auditQuery, error) {
	values := r.URL.Query()
	q := auditQuery{month: r.Now, before: values.Get("before"), action: portal.AuditAction(values.Get("action"))}
	var wrong []portal.FieldError
	if m := values.Get("month"); m != "" {
		month, err := time.Parse(monthForm, m)
		if err != nil || month.Year() < 2000 || month.Year() > 9000 {
			wrong = append(wrong, portal.FieldError{Field: "month", Key: "audit.error.month"})
		}
		q.month = month
	}
	if q.before != "" && !positionPattern.MatchString(q.before) {
		wrong = append(wrong, portal.FieldError{Field: "before", Key: "error.cursor"})
	}
	if _, ok := actionKeys[q.action]; !ok && q.action != "" {
		wrong = append(wrong, portal.FieldError{Field: "action", Key: "audit.error.action"})
	}
	if len(wrong) > 0 {
		return q, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	q.month = time.Date(q.month.Year(), q.month.Month(), 1, 0, 0, 0, 0, time.UTC)
	return q, nil
}

// href is the page of the query.
func (q auditQuery) href(r *web.Request) string {
	values := url.Values{"month": {q.month.Format(monthForm)}}
	if q.action != "" {
		values.Set("action", string(q.action))
	}
	if q.before != "" {
		values.Set("before", q.before)
	}
	return r.Path("audit") + "?" + values.Encode()
}

// audit reads a page. With an action it walks through the month until the page is
// full, and at most so far as to have read a thousand entries.
func (h handler) audit(ctx context.Context, r *web.Request, q auditQuery) (auditView, error) {
	view := auditView{Month: q.month.Format(monthForm), Entries: []entryView{}}
	position := strings.Replace(q.before, ".", "#", 1)
	for read := 0; ; {
		limit := int32(auditPage)
		if q.action != "" {
			limit = 4 * auditPage
		}
		entries, next, err := h.store.Audit(ctx, r.Settings.ID, q.month, position, limit)
		if err != nil {
			return auditView{}, err
		}
		for i, e := range entries {
			if q.action != "" && e.Action != q.action {
				continue
			}
			view.Entries = append(view.Entries, entryOf(e))
			if len(view.Entries) == auditPage && (next != "" || i < len(entries)-1) {
				view.Next = orNull(positionOf(e))
				return view, nil
			}
		}
		read += len(entries)
		position = next
		if next == "" {
			return view, nil
		}
		if read >= auditWalk || q.action == "" {
			if last := entries[len(entries)-1]; q.action != "" {
				view.LookedBackTo = &last.At
			}
			view.Next = orNull(strings.Replace(next, "#", ".", 1))
			return view, nil
		}
	}
}

func positionOf(e portal.AuditEntry) string {
	return fmt.Sprintf("%013d.%s", e.At.UnixMilli(), e.ID)
}

func entryOf(e portal.AuditEntry) entryView {
	agent := useragent.Parse(e.UserAgent)
	view := entryView{
		ID: e.ID, At: e.At, Action: e.Action, Actor: partyView{e.Actor, e.ActorName}, Network: e.Network,
		Browser: agent.Name, System: agent.OS, Details: e.Details,
	}
	if e.Subject != "" || e.SubjectName != "" {
		view.Subject = &partyView{e.Subject, e.SubjectName}
	}
	if view.Details == nil {
		view.Details = map[string]string{}
	}
	return view
}

func (h handler) showAudit(ctx context.Context, r *web.Request) (web.Result, error) {
	q, err := auditQueryOf(r)
	if err != nil {
		return web.Result{}, err
	}
	view, err := h.audit(ctx, r, q)
	if err != nil {
		return web.Result{}, err
	}
	return web.Result{
		View: view, Title: r.Reader.T("audit.title"), Section: "access",
		Page: func(f ui.Frame) templ.Component { return auditTempl(f, r, q, view) },
	}, nil
}

// actions are the choice of what to show, by name.
func actions(r *web.Request) []ui.Option {
	var options []ui.Option
	for action, key := range actionKeys {
		options = append(options, ui.Option{Value: string(action), Label: r.Reader.T(key)})
	}
	slices.SortFunc(options, func(a, b ui.Option) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Value, b.Value)) })
	return append([]ui.Option{{Label: r.Reader.T("audit.all")}}, options...)
}

// actionWords name what was done; one that another version wrote has its own name.
func actionWords(r *web.Request, action portal.AuditAction) string {
	if key, ok := actionKeys[action]; ok {
		return r.Reader.T(key)
	}
	return string(action)
}

// partyWords are who it is.
func partyWords(r *web.Request, p partyView) string {
	return cmp.Or(p.Email, p.ID, r.Reader.T("audit.unknown"))
}

// deviceWords say what it was done with, "" where nobody knows.
func deviceWords(r *web.Request, e entryView) string {
	if e.Browser == "" || e.System == "" {
		return e.Browser + e.System
	}
	return r.Reader.T("account.session.device", "browser", e.Browser, "system", e.System)
}

// detailWords say what else there is to know, in a fixed order. What is for
// programs alone, an id say, is left out.
func detailWords(r *web.Request, details map[string]string) []string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(details)) {
		value := details[name]
		label := name
		switch name {
		case "group":
			label = r.Reader.T("audit.detail.group")
			if g, ok := r.Settings.AccessGroup(value); ok {
				value = g.Name
			}
		case "from":
			label, value = r.Reader.T("audit.detail.from"), roleWords(r, value)
		case "to":
			label, value = r.Reader.T("audit.detail.to"), roleWords(r, value)
		case "setsUp":
			label = r.Reader.T("team.setsUp")
			value = r.Reader.T("value.no")
			if details[name] == "true" {
				value = r.Reader.T("value.yes")
			}
		case "company":
			label = r.Reader.T("audit.detail.company")
		case "way":
			label, value = r.Reader.T("audit.detail.way"), wayWords(r, value)
		case "provider":
			label = r.Reader.T("audit.detail.provider")
		case "form":
			label = r.Reader.T("audit.detail.form")
		case "passkey":
			label = r.Reader.T("audit.detail.passkey")
		case "name":
			label = r.Reader.T("audit.detail.name")
		case "scopes":
			label = r.Reader.T("audit.detail.scopes")
		case "part":
			label = r.Reader.T("audit.detail.part")
		case "query":
			if value == "" {
				continue
			}
			label = r.Reader.T("audit.detail.query")
		case "forms":
			label = r.Reader.T("audit.detail.forms")
		case "copied":
			words = append(words, r.Reader.T("audit.detail.copied"))
			continue
		default:
			if field, ok := strings.CutPrefix(name, "is."); ok {
				words = append(words, changeWords(r, field, details["was."+field], value))
				continue
			}
			field, ok := strings.CutPrefix(name, "after.")
			if !ok {
				continue
			}
			// The history says both in words.
			named := view.SettingName
			if details["form"] != "" {
				named = view.FormPart
			}
			words = append(words, named(r.Reader, field))
			continue
		}
		words = append(words, label+": "+value)
	}
	return words
}

// changeWords say what a field of a contact or a company was, and is.
func changeWords(r *web.Request, field, was, is string) string {
	t := r.Reader.T
	label := field
	switch field {
	case "first":
		label = t("account.first")
	case "last":
		label = t("account.last")
	case "email":
		label = t("access.find.label")
	case "language":
		label = t("account.language")
	case "role":
		label, was, is = t("access.role"), roleWords(r, was), roleWords(r, is)
	case "company":
		label = t("contacts.company")
	case "companies":
		label = t("contacts.companies")
	case "name":
		label = t("companies.name")
	case "domains":
		label = t("companies.domains")
	default:
		label = strings.TrimPrefix(field, portal.PropertyField(""))
		for _, name := range []string{label, portal.CompanyPrefix + label} { // no two of both are called the same
			if _, ok := r.Settings.ContactProperty(name); ok {
				label = view.OfContacts(r, nil).Property(name)
				break
			}
		}
	}
	nothing := t("audit.detail.nothing")
	return t("audit.detail.change", "field", label, "from", cmp.Or(was, nothing), "to", cmp.Or(is, nothing))
}

// wayWords name how somebody signed in, of which there may be two ways together.
func wayWords(r *web.Request, way string) string {
	parts := strings.Split(way, "+")
	for i, p := range parts {
		switch p {
		case "password":
			parts[i] = r.Reader.T("audit.way.password")
		case "link":
			parts[i] = r.Reader.T("audit.way.link")
		case "sso":
			parts[i] = r.Reader.T("audit.way.sso")
		case "passkey":
			parts[i] = r.Reader.T("audit.way.passkey")
		case "code":
			parts[i] = r.Reader.T("audit.way.code")
		case "recovery":
			parts[i] = r.Reader.T("audit.way.recovery")
		case "file":
			parts[i] = r.Reader.T("audit.way.file")
		}
	}
	return strings.Join(parts, " + ")
}

// roleWords name a role.
func roleWords(r *web.Request, role string) string {
	switch portal.Role(role) {
	case portal.Customer:
		return r.Reader.T("access.role.customer")
	case portal.Manager:
		return r.Reader.T("access.role.manager")
	case portal.Agent:
		return r.Reader.T("team.role.agent")
	case portal.Admin:
		return r.Reader.T("team.role.admin")
	}
	return role
}
