package main

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

// whyView is why a contact sees a ticket or does not, in JSON.
type whyView struct {
	Contact whyContact `json:"contact"`
	Ticket  whyTicket  `json:"ticket"`
	Sees    bool       `json:"sees"`
	Answer  string     `json:"answer"` // as a sentence
	Rules   []ruleView `json:"rules"`  // in the order in which they are asked
}

type whyContact struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type whyTicket struct {
	ID     string `json:"id"`
	Number int64  `json:"number"`
}

// ruleView is a rule, and how it turned out.
type ruleView struct {
	ID      portal.ReasonID `json:"id"`
	Passed  bool            `json:"passed"`
	Hides   bool            `json:"hides"` // the contact does not see the ticket because of it
	Text    string          `json:"text"`
	Details []string        `json:"details"` // the conditions that are not met
	Setting *string         `json:"setting"` // the section of the settings that it is set in; null where it is none
	Of      []partView      `json:"of"`      // the access groups, of the rule that asks for one of them

	action ui.NavItem
}

// partView is what would be enough for a rule.
type partView struct {
	ID      portal.ReasonID `json:"id"`
	Group   string          `json:"group"`
	Passed  bool            `json:"passed"`
	Text    string          `json:"text"`
	Details []string        `json:"details"`
}

// whyPage is the page: the form, and the answer where there is one.
type whyPage struct {
	contact, ticket string // as typed, or as what was found is called
	known           string // the ticket that was found last
	failure         *web.Failure
	found           *whyView
}

// why says whether a contact sees a ticket, and by which rules.
func (h handler) why(ctx context.Context, r *web.Request) (web.Result, error) {
	q := r.URL.Query()
	page := whyPage{contact: q.Get("contact"), ticket: q.Get("ticket"), known: q.Get("known")}
	show := func() web.Result {
		result := web.Result{
			Title: r.Reader.T("why.title"), Section: "access",
			Page: func(f ui.Frame) templ.Component { return whyTempl(f, r, page) },
		}
		if page.found != nil {
			result.View = *page.found
		}
		return result
	}
	if !r.API && !q.Has("contact") && !q.Has("ticket") {
		return show(), nil
	}
	p, err := h.whyContact(ctx, r, page.contact)
	if err == nil {
		page.contact = p.Email
		if p.Email == "" {
			page.contact = p.ID
		}
	}
	var t portal.Ticket
	wrong := fieldsOf(err)
	if err == nil || len(wrong) > 0 {
		if !r.API && page.ticket == "" && err == nil && !q.Has("ticket") {
			return show(), nil // who comes from a contact's page is yet to say which ticket
		}
		var other error
		t, other = h.whyTicket(ctx, r, p, page)
		if more := fieldsOf(other); other != nil && len(more) == 0 {
			return web.Result{}, other
		} else if len(wrong)+len(more) > 0 {
			err = &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: append(wrong, more...)}
		}
		if other == nil {
			page.ticket, page.known = "#"+strconv.FormatInt(t.Number, 10), t.ID
		}
	}
	if err != nil {
		if len(fieldsOf(err)) > 0 {
			page.failure = r.Failure(err)
			return show(), err
		}
		return web.Result{}, err
	}
	names, err := h.store.Names(ctx, r.Settings.ID, nil, companiesOf(p, t, r.Settings))
	if err != nil {
		return web.Result{}, err
	}
	view := explained{r: r, p: p, t: t, companies: names.Companies}.view()
	page.found = &view
	return show(), nil
}

// fieldsOf are the fields that are at fault, none where it is something else.
func fieldsOf(err error) []portal.FieldError {
	if e, ok := err.(*portal.Error); ok && e.Kind == portal.Invalid {
		return e.Fields
	}
	return nil
}

// whyContact is the contact with the address or the id.
func (h handler) whyContact(ctx context.Context, r *web.Request, typed string) (portal.Person, error) {
	gone := portal.FieldErrorf("contact", "why.error.contact")
	typed = strings.TrimSpace(typed)
	var p portal.Person
	var err error
	if address, ok := portal.NormalEmail(typed); ok {
		p, err = h.store.ContactByEmail(ctx, r.Settings.ID, address)
	} else if portal.ValidID(typed) {
		p, _, err = h.store.Contact(ctx, r.Settings.ID, typed)
	} else {
		return portal.Person{}, portal.FieldErrorf("contact", "why.error.noContact")
	}
	switch {
	case portal.KindOf(err) == portal.NotFound:
		return portal.Person{}, gone
	case err == nil && p.Role.Team():
		return portal.Person{}, portal.FieldErrorf("contact", "why.error.team")
	}
	return p, err
}

var (
	ticketNumber = regexp.MustCompile(`^#?\s*([0-9]{1,18})$`)
	ticketLink   = regexp.MustCompile(`/(?:tickets|inbox)/([a-z0-9]{8,32})(?:[/?#]|$)`)
)

// whyTicket is the ticket with the id, the link or the number. A number is looked for
// where there is no more than a page to read. Tickets that the viewer does not answer
// are none.
func (h handler) whyTicket(ctx context.Context, r *web.Request, p portal.Person, page whyPage) (portal.Ticket, error) {
	typed := strings.TrimSpace(page.ticket)
	id := typed
	if m := ticketLink.FindStringSubmatch(typed); m != nil {
		id = m[1]
	}
	number := int64(0)
	if m := ticketNumber.FindStringSubmatch(typed); m != nil {
		number, _ = strconv.ParseInt(m[1], 10, 64) // 18 digits fit
		id = page.known
	}
	if portal.ValidID(id) {
		t, err := h.store.TicketAlone(ctx, r.Settings.ID, id)
		if err == nil {
			err = portal.Work(r.Viewer, t, r.Settings)
		}
		if err == nil && (number == 0 || number == t.Number) {
			return t, nil
		}
		if err != nil && portal.KindOf(err) != portal.NotFound {
			return portal.Ticket{}, err
		}
		if number == 0 {
			return portal.Ticket{}, portal.FieldErrorf("ticket", "why.error.ticket")
		}
	}
	if number == 0 {
		return portal.Ticket{}, portal.FieldErrorf("ticket", "why.error.noTicket")
	}
	return h.numbered(ctx, r, p, number)
}

// numbered is the ticket with the number, of the contact's, their company's or the
// portal's newest dynamo.WalkLimit ones each (pattern 3): no item leads from a number to
// its ticket.
func (h handler) numbered(ctx context.Context, r *web.Request, p portal.Person, number int64) (portal.Ticket, error) {
	var audiences []dynamo.Audience
	if p.ID != "" {
		audiences = append(audiences, dynamo.ContactAudience(r.Settings.ID, p.ID))
	}
	if p.Company != "" {
		audiences = append(audiences, dynamo.CompanyAudience(r.Settings.ID, p.Company))
	}
	for _, a := range append(audiences, dynamo.TeamAudience(r.Settings.ID)) {
		found := false
		// Whatever follows the ticket is kept too, so that nothing more is read.
		keep := func(t portal.Ticket) bool {
			found = found || t.Number == number
			return found
		}
		page, err := h.store.List(ctx, dynamo.ListQuery{Audience: a, Order: dynamo.NewestActivity, Limit: 1, Spare: 98, Keep: keep})
		if err != nil {
			return portal.Ticket{}, err
		}
		if !found {
			continue
		}
		// Lists lack what takes long texts, and may be a moment old.
		t, err := h.store.TicketAlone(ctx, r.Settings.ID, page.Tickets[0].ID)
		if err == nil {
			err = portal.Work(r.Viewer, t, r.Settings)
		}
		if err == nil || portal.KindOf(err) != portal.NotFound {
			return t, err
		}
		break
	}
	return portal.Ticket{}, portal.FieldErrorf("ticket", "why.error.number", "max", dynamo.WalkLimit)
}

// companiesOf are the companies that the answer names.
func companiesOf(p portal.Person, t portal.Ticket, s *portal.Settings) []string {
	var ids []string
	seen := map[string]bool{"": true}
	add := func(more ...string) {
		for _, id := range more {
			if !seen[id] && portal.ValidID(id) && len(ids) < 50 {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	add(p.Company)
	add(t.Companies...)
	filters := []portal.Filter{s.CompanyRule}
	for _, g := range s.Groups {
		filters = append(filters, g.Rule)
	}
	for _, f := range filters {
		for _, g := range f {
			for _, c := range g {
				if c.Property == portal.ContactCompany {
					add(c.Values...)
				}
			}
		}
	}
	return ids
}

// explained is an explanation, to be said.
type explained struct {
	r         *web.Request
	p         portal.Person
	t         portal.Ticket
	companies map[string]portal.Company
}

func (e explained) view() whyView {
	rules := portal.Explain(e.p, e.companies[e.p.Company], e.t, e.r.Settings, e.r.AccessMode())
	result := rules[len(rules)-1]
	return whyView{
		Contact: whyContact{e.p.ID, e.p.Name(), e.p.Email}, Ticket: whyTicket{e.t.ID, e.t.Number},
		Sees: result.Passed, Answer: e.answer(result), Rules: e.rules(rules[:len(rules)-1]),
	}
}

func (e explained) say(key string, pairs ...string) string {
	return e.r.Reader.T(key, append(pairs, "number", strconv.FormatInt(e.t.Number, 10))...)
}

// answer is the result as a sentence.
func (e explained) answer(result portal.Reason) string {
	if result.Passed {
		return e.say("why.answer.yes", "name", e.p.Name())
	}
	var because []string
	for _, cause := range result.Of {
		because = append(because, e.because(cause))
	}
	return e.say("why.answer.no", "name", e.p.Name(), "why", strings.Join(because, "; "))
}

func (e explained) because(cause portal.Reason) string {
	switch cause.ID {
	case portal.ReasonLogin:
		return e.say("why.because.login")
	case portal.ReasonActive:
		return e.say("why.because.active")
	case portal.ReasonRegistered:
		return e.say("why.because.registered")
	case portal.ReasonGroups:
		return e.say("why.because.groups")
	case portal.ReasonCompanyOff:
		return e.say("why.because.companyOff")
	case portal.ReasonCompanyRule:
		return e.say("why.because.companyRule")
	case portal.ReasonVisible:
		return e.say("why.because.visible")
	}
	return e.say("why.because.contact")
}

func (e explained) rules(reasons []portal.Reason) []ruleView {
	views := []ruleView{}
	for _, reason := range reasons {
		v := ruleView{ID: reason.ID, Passed: reason.Passed, Hides: reason.Hides, Text: e.text(reason), Details: e.unmet(reason), Of: []partView{}}
		for _, part := range reason.Of {
			v.Of = append(v.Of, partView{part.ID, part.Group, part.Passed, e.text(part), e.unmet(part)})
		}
		if section := settingOf(reason.ID); section != "" {
			v.Setting = &section
			if reason.Hides {
				v.action = ui.NavItem{Label: e.say("why.open.setting"), Href: e.r.Path("settings", section)}
			}
		}
		views = append(views, v)
	}
	return views
}

// text is the rule in words, as it turned out.
func (e explained) text(reason portal.Reason) string {
	either := func(yes, no string, pairs ...string) string {
		if reason.Passed {
			return e.say(yes, pairs...)
		}
		return e.say(no, pairs...)
	}
	group, _ := e.r.Settings.AccessGroup(reason.Group)
	switch reason.ID {
	case portal.ReasonLogin:
		return either("why.login.yes", "why.login.no")
	case portal.ReasonActive:
		return either("why.active.yes", "why.active.no")
	case portal.ReasonRegistered:
		return either("why.registered.yes", "why.registered.no")
	case portal.ReasonGroups:
		return either("why.groups.yes", "why.groups.no")
	case portal.ReasonMember:
		return either("why.member.yes", "why.member.no", "group", group.Name)
	case portal.ReasonRule:
		return either("why.rule.yes", "why.rule.no", "group", group.Name)
	case portal.ReasonContact:
		return either("why.contact.yes", "why.contact.no")
	case portal.ReasonNoCompany:
		return e.say("why.noCompany")
	case portal.ReasonCompany:
		if !reason.Passed && len(e.t.Companies) == 0 {
			return e.say("why.company.none", "company", e.company(e.p.Company))
		}
		var others []string
		for _, id := range e.t.Companies {
			others = append(others, e.company(id))
		}
		return either("why.company.yes", "why.company.no", "company", e.company(e.p.Company), "companies", strings.Join(others, ", "))
	case portal.ReasonManager:
		return e.say("why.manager")
	case portal.ReasonCompanyOff:
		return e.say("why.companyOff")
	case portal.ReasonCompanyView:
		return e.say("why.companyView")
	case portal.ReasonCompanyRule:
		return either("why.companyRule.yes", "why.companyRule.no")
	case portal.ReasonUnproven:
		if e.t.Unproven.Email == e.p.Email {
			return e.say("why.unproven.theirs")
		}
		return e.say("why.unproven", "email", e.t.Unproven.Email)
	case portal.ReasonReview:
		return e.say("why.review")
	case portal.ReasonVisible:
		if len(e.r.Settings.Visible) == 0 {
			return e.say("why.visible.none")
		}
		return either("why.visible.yes", "why.visible.no")
	}
	return string(reason.ID)
}

func (e explained) company(id string) string {
	if c := e.companies[id]; c.Name != "" {
		return c.Name
	}
	return e.say("inbox.gone")
}

// unmet are the conditions in words that are not met, with what there is instead.
func (e explained) unmet(reason portal.Reason) []string {
	words := view.OfContacts(e.r, e.companies)
	switch reason.ID {
	case portal.ReasonVisible:
		words = view.OfTickets(e.r)
	case portal.ReasonRule, portal.ReasonCompanyRule:
	default:
		return []string{}
	}
	if !reason.Passed && len(reason.Unmet) == 0 {
		return []string{e.say("why.unmet.none")}
	}
	all := []string{}
	for _, u := range reason.Unmet {
		condition := words.Condition(u.Condition)
		switch {
		case u.Unknown:
			all = append(all, e.say("why.unmet.unknown", "condition", condition))
		case len(u.Values) == 0:
			all = append(all, e.say("why.unmet.empty", "condition", condition))
		default:
			all = append(all, e.say("why.unmet", "condition", condition, "value", words.Values(u.Condition.Property, u.Values)))
		}
	}
	return all
}

// settingOf is the section of the settings that the rule is set in, "" where it is none.
func settingOf(id portal.ReasonID) string {
	switch id {
	case portal.ReasonActive:
		return "general"
	case portal.ReasonRegistered, portal.ReasonGroups:
		return "access"
	case portal.ReasonCompanyOff, portal.ReasonCompanyView, portal.ReasonCompanyRule:
		return "permissions"
	case portal.ReasonVisible:
		return "tickets"
	}
	return ""
}
