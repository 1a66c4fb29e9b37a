package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "access", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	mayNot := functiontest.Want{Status: 403, Detail: T("de", "access.error.mayNot"), Fields: []string{}}
	page := func(status int, says string) functiontest.Want {
		return functiontest.Want{Status: status, See: map[string]string{"main": says}}
	}
	to := func(path string) functiontest.Want {
		return functiontest.Want{Status: 303, Header: map[string]string{"Location": "/{portal}/" + path}}
	}
	contact := "access/contacts/" + sample.Customer
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"page":                {Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "access.title"), `nav a[aria-current="page"]`: T("de", "frame.settings"), ".items": T("de", "access.group.rule")}},
		"page-en":             {Status: 200, See: map[string]string{"h1": T("en", "access.title")}},
		"page-agent":          page(403, T("de", "access.error.mayNot")),
		"page-customer":       page(403, T("de", "error.teamOnly")),
		"page-signed-out":     {Status: 303},
		"page-find":           to("access/contacts/" + sample.Solo),
		"page-find-nobody":    page(200, T("de", "access.find.nobody", "email", "<b>nobody</b>")),
		"page-cursor":         {Status: 422},
		"invite":              to("access?done=invited&mailed=1&others=0"),
		"invite-many":         to("access?done=invited&mailed=3&others=0"),
		"invite-some":         {Status: 422, See: map[string]string{"#emails-error": T("de", "access.error.some"), "textarea": "not an address agent@postern.example", ".items": T("de", "access.result.invited")}},
		"invite-none":         {Status: 422, See: map[string]string{"#emails-error": T("de", "access.error.email")}},
		"invite-51":           {Status: 422, See: map[string]string{"#emails-error": T("de", "access.error.tooMany", "max", "50")}},
		"invite-group":        {Status: 422, See: map[string]string{"#group-error": T("de", "access.error.group")}},
		"invite-injection":    {Status: 422, See: map[string]string{".items": T("de", "access.error.email")}},
		"invite-long":         {Status: 422, See: map[string]string{"#first-error": T("de", "account.error.nameLong", "max", "100")}},
		"invite-names":        {Status: 422, See: map[string]string{"#first-error": T("de", "access.error.namesForOne")}},
		"invite-agent":        page(403, T("de", "access.error.mayNot")),
		"invite-cross-origin": {Status: 403},
		"group":               {Status: 200, See: map[string]string{"h1": "Kunden", ".items": "solo@einzel.example"}},
		"group-rule":          {Status: 404},
		"group-unknown":       {Status: 404},
		"add":                 to("access/groups/customers?done=invited"),
		"add-was":             to("access/groups/customers?done=was"),
		"add-invalid":         {Status: 422, See: map[string]string{"#email-error": T("de", "access.error.email")}},
		"add-team":            page(403, T("de", "access.error.team")),
		"contact":             {Status: 200, See: map[string]string{"h1": "Anna Brandt", "main": T("de", "access.why.group", "group", "Kunden")}},
		"contact-en":          {Status: 200},
		"contact-team":        page(403, T("de", "access.error.team")),
		"contact-unknown":     {Status: 404},
		"contact-agent":       {Status: 403},

		"change-leave":             to(contact + "?done=left"),
		"change-leave-twice":       to(contact + "?done=left"),
		"change-join":              to(contact + "?done=was"),
		"change-join-rule":         {Status: 422},
		"change-role":              to(contact + "?done=role"),
		"change-role-admin":        page(403, T("de", "access.error.role")),
		"change-role-solo":         page(409, T("de", "access.error.noCompany")),
		"change-role-team":         page(403, T("de", "access.error.team")),
		"change-invite-registered": page(409, T("de", "access.error.registered")),
		"change-end":               to(contact + "?done=ended"),
		"change-end-team":          page(403, T("de", "access.error.team")),
		"change-nothing":           {Status: 422},
		"change-agent":             {Status: 403},

		"access":                {Status: 200},
		"access-agent":          mayNot,
		"access-manager":        {Status: 403, Detail: T("de", "error.teamOnly"), Fields: []string{}},
		"access-signed-out":     {Status: 401},
		"members":               {Status: 200},
		"members-rule":          {Status: 404},
		"member-new":            {Status: 200},
		"member-contact":        {Status: 200},
		"member-unknown":        {Status: 422, Fields: []string{"contact"}},
		"member-invalid":        {Status: 422, Fields: []string{"email"}},
		"member-team":           {Status: 403},
		"member-field":          {Status: 422, Fields: []string{"role"}},
		"member-remove":         {Status: 204},
		"member-remove-unknown": {Status: 404},
		"member-remove-team":    {Status: 403},
		"find":                  {Status: 200},
		"find-nobody":           {Status: 200},
		"find-invalid":          {Status: 422, Fields: []string{"email"}},
		"who":                   {Status: 200},
		"who-team":              {Status: 403},
		"who-unknown":           {Status: 404},
		"role":                  {Status: 200},
		"role-admin":            {Status: 422, Fields: []string{"role"}},
		"role-agent":            {Status: 422, Fields: []string{"role"}},
		"role-solo":             {Status: 409},
		"role-team":             {Status: 403},
		"role-manager":          {Status: 403},
		"role-field":            {Status: 422, Fields: []string{"setsUp"}},
		"invitation-registered": {Status: 409},
		"invitation-team":       {Status: 403},

		"why-page":            {Status: 200, See: map[string]string{"h1": T("de", "why.title"), "main form button": T("de", "why.submit"), `nav a[aria-current="page"]`: T("de", "frame.settings")}},
		"why-page-en":         {Status: 200, See: map[string]string{"h1": T("en", "why.title")}},
		"why-page-sees":       {Status: 200, See: map[string]string{".banner.ok": T("de", "why.answer.yes", "name", "Anna Brandt", "number", "10006"), ".rules": T("de", "why.contact.yes", "number", "10006")}},
		"why-page-hidden":     {Status: 200, See: map[string]string{".banner.warn": T("de", "why.because.visible"), ".rule.danger .meta": T("de", "why.unmet", "condition", "Intern ist nicht Ja", "value", "Ja"), ".rule.danger .rule-action": T("de", "why.open.setting")}},
		"why-page-unknown":    {Status: 422, See: map[string]string{"#contact-error": T("de", "why.error.contact"), "#ticket-error": T("de", "why.error.number", "max", "1.000")}},
		"why-page-injection":  {Status: 422, See: map[string]string{"#contact-error": T("de", "why.error.noContact"), "#ticket-error": T("de", "why.error.noTicket")}},
		"why-page-team":       {Status: 422, See: map[string]string{"#contact-error": T("de", "why.error.team")}},
		"why-page-agent":      page(403, T("de", "access.error.mayNot")),
		"why-page-customer":   page(403, T("de", "error.teamOnly")),
		"why-page-signed-out": {Status: 303},
		"why":                 {Status: 200},
		"why-hidden":          {Status: 200},
		"why-stranger":        {Status: 200},
		"why-empty":           {Status: 422, Fields: []string{"contact", "ticket"}},
		"why-invalid":         {Status: 422, Fields: []string{"contact", "ticket"}},
		"why-manager":         {Status: 403, Detail: T("de", "error.teamOnly"), Fields: []string{}},
		"why-signed-out":      {Status: 401},

		"audit-page":         {Status: 200, See: map[string]string{"h1": T("de", "audit.title"), "main": T("de", "audit.none")}},
		"audit-page-en":      {Status: 200},
		"audit-page-agent":   {Status: 403},
		"audit-page-invalid": {Status: 422},
		"audit":              {Status: 200},
		"audit-month":        {Status: 200},
		"audit-invalid":      {Status: 422, Fields: []string{"month", "before", "action"}},
		"audit-manager":      {Status: 403},

		"team-page":                {Status: 200, See: map[string]string{"h1": T("de", "team.title"), ".items": T("de", "team.login.has"), `nav a[aria-current="page"]`: T("de", "frame.settings")}},
		"team-page-en":             {Status: 200, See: map[string]string{"h1": T("en", "team.title")}},
		"team-page-agent":          page(403, T("de", "access.error.mayNot")),
		"team-page-customer":       page(403, T("de", "error.teamOnly")),
		"team-page-signed-out":     {Status: 303},
		"team-invite":              to("team?done=added"),
		"team-invite-customer":     {Status: 422, See: map[string]string{"#email-error": T("de", "team.error.customer")}},
		"team-invite-already":      {Status: 422, See: map[string]string{"#email-error": T("de", "team.error.already")}},
		"team-invite-invalid":      {Status: 422, See: map[string]string{"#email-error": T("de", "access.error.email"), "#first-error": T("de", "account.error.name"), "#role-error": T("de", "team.error.role"), "#language-error": T("de", "account.error.language")}},
		"team-invite-cross-origin": {Status: 403},
		"team-member":              {Status: 200, See: map[string]string{"main": "agent@postern.example", "main form button": T("de", "team.change.submit")}},
		"team-member-en":           {Status: 200},
		"team-member-contact":      {Status: 404},
		"team-member-agent":        page(403, T("de", "access.error.mayNot")),
		"team-removal":             {Status: 200, See: map[string]string{"main form button": T("de", "team.remove.submit")}},
		"team-removal-self":        {Status: 200, See: map[string]string{".banner.warn": T("de", "team.remove.self")}},
		"team-change":              to("team/" + sample.Agent + "?done=changed"),
		"team-change-invalid":      {Status: 422, See: map[string]string{"#first-error": T("de", "account.error.name"), "#role-error": T("de", "team.error.role")}},
		"team-change-self":         {Status: 200, See: map[string]string{"h1": T("de", "team.self.title"), "main": T("de", "team.self.right")}},
		"team-change-last":         page(409, T("de", "team.error.lastAdmin")),
		"team-change-nothing":      {Status: 422},
		"team-invite-registered":   page(409, T("de", "team.error.registered")),
		"team-remove":              to("team?done=removed"),
		"team-remove-last":         page(409, T("de", "team.error.lastAdmin")),
		"team-remove-cross-origin": {Status: 403},
		"team":                     {Status: 200},
		"team-agent":               mayNot,
		"team-signed-out":          {Status: 401},
		"team-new":                 {Status: 201},
		"team-new-invalid":         {Status: 422, Fields: []string{"email", "first", "role"}},
		"team-new-customer":        {Status: 422, Fields: []string{"email"}},
		"team-new-manager":         {Status: 403, Detail: T("de", "error.teamOnly"), Fields: []string{}},
		"team-role":                {Status: 200},
		"team-role-last":           {Status: 409},
		"team-role-contact":        {Status: 404},
		"team-role-customer":       {Status: 422, Fields: []string{"role"}},
		"team-role-field":          {Status: 422, Fields: []string{"email"}},
		"team-end":                 {Status: 204},
		"team-end-last":            {Status: 409},
		"team-end-contact":         {Status: 404},
		"team-end-agent":           mayNot,

		"colleagues-page":            {Status: 200, See: map[string]string{"h1": T("de", "colleagues.title"), "main": "colleague@nordwind.example", `nav a[aria-current="page"]`: T("de", "frame.colleagues")}},
		"colleagues-page-en":         {Status: 200},
		"colleagues-page-customer":   page(403, T("de", "colleagues.error.mayNot")),
		"colleagues-page-admin":      page(403, T("de", "colleagues.error.mayNot")),
		"colleagues-page-signed-out": {Status: 303},
		"colleague-invite":           to("colleagues?done=invited"),
		"colleague-invite-foreign":   to("colleagues?done=invited"),
		"colleague-invite-again":     {Status: 422, See: map[string]string{"#email-error": T("de", "colleagues.error.already")}},
		"colleague-invite-invalid":   {Status: 422, See: map[string]string{"#email-error": T("de", "access.error.email")}},
		"colleague-invite-customer":  {Status: 403},
		"colleague-withdraw-gone":    to("colleagues?done=withdrawn"),
		"removal":                    {Status: 200, See: map[string]string{"main form button": T("de", "colleagues.remove.submit")}},
		"removal-self":               page(403, T("de", "colleagues.error.self")),
		"removal-foreign":            {Status: 404},
		"remove":                     to("colleagues?done=removed"),
		"remove-foreign":             {Status: 404},
		"remove-cross-origin":        {Status: 403},
		"colleagues":                 {Status: 200},
		"colleagues-customer":        {Status: 403},
		"colleagues-cursor":          {Status: 422, Fields: []string{"cursor"}},
		"colleague-new":              {Status: 202},
		"colleague-foreign":          {Status: 202},
		"colleague-team":             {Status: 202},
		"colleague-invalid":          {Status: 422, Fields: []string{"email"}},
		"colleague-role":             {Status: 422, Fields: []string{"role"}},
		"colleague-remove":           {Status: 204},
		"colleague-remove-self":      {Status: 403},
		"colleague-remove-team":      {Status: 404},
		"withdraw-unknown":           {Status: 404},
	})
}

func do(t *testing.T, p *functiontest.Portal, as, method, path string, body any) functiontest.Answer {
	t.Helper()
	r := functiontest.Request{As: as, Method: method, URL: path}
	switch b := body.(type) {
	case url.Values:
		r.Form = b
	default:
		r.JSON = b
	}
	return p.Do(t, r)
}

func person(t *testing.T, p *functiontest.Portal, id string) portal.Person {
	t.Helper()
	got, _, err := p.Store.Contact(t.Context(), p.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func entries(t *testing.T, p *functiontest.Portal, action portal.AuditAction) []portal.AuditEntry {
	t.Helper()
	all, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var found []portal.AuditEntry
	for _, e := range all {
		if e.Action == action {
			found = append(found, e)
		}
	}
	return found
}

// Whoever is put into a group is invited once, whatever is pressed twice, and a role
// counts with the next request.
func TestFromInvitationToLeaving(t *testing.T) {
	p := functiontest.New(t)
	const members = "/api/v1/{portal}/access/groups/customers/members"
	var joined struct {
		Contact contactView `json:"contact"`
		New     bool        `json:"new"`
		Invited bool        `json:"invited"`
	}
	do(t, p, "admin", "POST", members, map[string]string{"email": " New@Nordwind.example ", "first": "<b>Neu</b>"}).JSON(t, &joined)
	if !joined.New || !joined.Invited || joined.Contact.State != portal.LoginPending || joined.Contact.Email != "new@nordwind.example" {
		t.Fatalf("%+v", joined)
	}
	id := joined.Contact.ID
	do(t, p, "admin", "POST", members, map[string]string{"email": "new@nordwind.example"}).JSON(t, &joined)
	if joined.New || joined.Invited {
		t.Errorf("twice: %+v", joined)
	}
	if got := entries(t, p, portal.AuditInvited); len(got) != 1 || got[0].Subject != id || got[0].ActorName != "admin@postern.example" {
		t.Errorf("%+v", got)
	}
	body := do(t, p, "admin", "GET", "/{portal}/access", nil).Body
	if !strings.Contains(body, "&lt;b&gt;Neu") || strings.Contains(body, "<b>Neu") {
		t.Errorf("the page has not the name as text")
	}
	if a := do(t, p, "admin", "DELETE", members+"/"+id, nil); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := person(t, p, id); len(got.Groups) > 0 || got.Invitation != portal.NotInvited {
		t.Errorf("left: %+v", got)
	}
	if a := do(t, p, "admin", "POST", "/api/v1/{portal}/access/contacts/"+id+"/invitation", nil); a.Status != 409 {
		t.Errorf("invited without access: %d %s", a.Status, a.Body)
	}
}

func TestRoleCountsAtOnce(t *testing.T) {
	p := functiontest.New(t)
	path := "/api/v1/{portal}/access/contacts/" + sample.Manager
	if a := do(t, p, "manager", "GET", "/api/v1/{portal}/colleagues", nil); a.Status != 200 {
		t.Fatal(a.Status)
	}
	if a := do(t, p, "admin", "PATCH", path, map[string]string{"role": "customer"}); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := do(t, p, "manager", "GET", "/api/v1/{portal}/colleagues", nil); a.Status != 403 {
		t.Errorf("no manager any more: %d", a.Status)
	}
	if got := entries(t, p, portal.AuditRoleChanged); len(got) != 1 || got[0].Details["from"] != "manager" || got[0].Details["to"] != "customer" {
		t.Errorf("%+v", got)
	}
}

// What an agent with the right may do, one without may not; who sees the portal as a
// manager changes nothing, and does not see colleagues.
func TestWhoMay(t *testing.T) {
	p := functiontest.New(t)
	agent := person(t, p, sample.Agent)
	agent.SetsUp = true
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{agent}, nil); err != nil {
		t.Fatal(err)
	}
	if a := do(t, p, "agent", "GET", "/api/v1/{portal}/access", nil); a.Status != 200 {
		t.Errorf("an agent who sets up: %d", a.Status)
	}
	cookie := p.SessionOf(t, sample.Admin, func(s *portal.Session) { s.As = sample.Manager })
	for _, path := range []string{"/{portal}/colleagues", "/{portal}/access", "/{portal}/audit", "/api/v1/{portal}/audit"} {
		if a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: path}); a.Status != 403 {
			t.Errorf("%s as a manager: %d", path, a.Status)
		}
	}
	other := functiontest.New(t)
	if a := other.Do(t, functiontest.Request{Cookie: []string{p.Session(t, "admin")}, URL: "/api/v1/{portal}/access"}); a.Status != 401 {
		t.Errorf("another portal's session: %d", a.Status)
	}
}

// A manager learns nothing of an address that is not one of the company's: unknown,
// another company's, nobody's and the team's are answered and listed alike, and by as
// many requests to the store.
func TestColleaguesTellNothing(t *testing.T) {
	p := functiontest.New(t)
	before := person(t, p, sample.Stranger)
	do(t, p, "manager", "GET", "/api/v1/{portal}/colleagues", nil) // which reads the settings
	var trips []any
	for _, email := range []string{"unknown@a.example", "stranger@suedstern.example", "solo@einzel.example"} {
		a := do(t, p, "manager", "POST", "/api/v1/{portal}/colleagues", map[string]string{"email": email})
		if a.Status != 202 || strings.TrimSpace(a.Body) != "{}" {
			t.Errorf("%s: %d %s", email, a.Status, a.Body)
		}
		trips = append(trips, a.Log["trips"])
	}
	for _, n := range trips {
		if n != trips[0] {
			t.Errorf("round trips are %v", trips)
		}
	}
	var list colleaguesView
	do(t, p, "manager", "GET", "/api/v1/{portal}/colleagues", nil).JSON(t, &list)
	if len(list.Invitations) != 3 {
		t.Fatalf("%+v", list.Invitations)
	}
	for _, c := range list.Colleagues {
		if strings.HasSuffix(c.Email, "a.example") || c.ID == sample.Stranger {
			t.Errorf("listed is %+v", c)
		}
	}
	if after := person(t, p, sample.Stranger); after.Company != before.Company || len(after.Companies) != len(before.Companies) || after.Invitation != before.Invitation {
		t.Errorf("%+v was %+v", after, before)
	}
	for _, i := range list.Invitations {
		if a := do(t, p, "manager", "DELETE", "/api/v1/{portal}/colleagues/invitations/"+i.ID, nil); a.Status != 204 {
			t.Errorf("withdraw %s: %d", i.Email, a.Status)
		}
	}
	do(t, p, "manager", "GET", "/api/v1/{portal}/colleagues", nil).JSON(t, &list)
	if len(list.Invitations) != 0 {
		t.Errorf("left are %+v", list.Invitations)
	}
}

func TestColleaguesLimit(t *testing.T) {
	p := functiontest.New(t)
	for _, at := range []time.Time{time.Now(), time.Now().Add(inviteWindow)} {
		if _, _, err := p.Store.Attempt(t.Context(), p.ID, "invite", sample.Nordwind, inviteMost, inviteWindow, at); err != nil {
			t.Fatal(err)
		}
	}
	a := do(t, p, "manager", "POST", "/{portal}/colleagues", url.Values{"email": {"a@b.example"}})
	if a.Status != 429 || !strings.Contains(functiontest.Text(a.Page(t).Find(".banner.danger")), functiontest.T("de", "colleagues.error.tooMany")) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// Who is removed has no access any more, and no session; of who belongs to another
// company nothing else is taken.
func TestRemoveColleague(t *testing.T) {
	p := functiontest.New(t)
	stranger := person(t, p, sample.Stranger)
	stranger.Companies, stranger.Role = []string{sample.Nordwind}, portal.Manager
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{stranger}, nil); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]portal.Person{
		sample.Colleague: {Role: portal.Customer},
		sample.Stranger:  {Role: portal.Manager, Company: sample.Suedstern, Groups: []string{portal.CustomersGroup}},
	} {
		cookie := p.SessionOf(t, id)
		if a := do(t, p, "manager", "DELETE", "/api/v1/{portal}/colleagues/"+id, nil); a.Status != 204 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		got := person(t, p, id)
		if got.Role != want.Role || got.Company != want.Company || len(got.Companies) > 0 || len(got.Groups) != len(want.Groups) {
			t.Errorf("%+v", got)
		}
		status := 401
		if want.Company != "" {
			status = 200
		}
		if a := p.Do(t, functiontest.Request{Cookie: []string{cookie}, URL: "/api/v1/{portal}/colleagues"}); a.Status != status {
			t.Errorf("their session: %d, not %d", a.Status, status)
		}
	}
	if got := entries(t, p, portal.AuditAccessTaken); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	second := person(t, p, sample.Customer)
	second.Role = portal.Manager
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{second}, nil); err != nil {
		t.Fatal(err)
	}
	if a := do(t, p, "manager", "DELETE", "/api/v1/{portal}/colleagues/"+sample.Customer, nil); a.Status != 403 || a.Problem(t).Detail != functiontest.T("de", "colleagues.error.manager") {
		t.Errorf("another manager: %d %s", a.Status, a.Body)
	}
}

// A page has the newest entries; a filter says how far it looked.
func TestAudit(t *testing.T) {
	p := functiontest.New(t)
	month := time.Date(2020, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range 130 {
		action := portal.AuditSignedIn
		if i == 0 {
			action = portal.AuditTokenMade
		}
		at := month.Add(time.Duration(i) * time.Minute)
		err := p.Store.PutAudit(t.Context(), p.ID, portal.AuditEntry{
			ID: dynamo.NewID(at), At: at, Action: action, Actor: sample.Customer, ActorName: "customer@nordwind.example",
			Details: map[string]string{"way": "<script>alert(1)</script>"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	before := ""
	pages := 0
	for {
		var v auditView
		do(t, p, "admin", "GET", "/api/v1/{portal}/audit?month=2020-03"+before, nil).JSON(t, &v)
		for _, e := range v.Entries {
			seen[e.ID] = true
		}
		pages++
		if v.Next == nil {
			break
		}
		before = "&before=" + url.QueryEscape(*v.Next)
	}
	if len(seen) != 130 || pages != 3 {
		t.Errorf("%d entries on %d pages", len(seen), pages)
	}
	var v auditView
	do(t, p, "admin", "GET", "/api/v1/{portal}/audit?month=2020-03&action=tokenMade", nil).JSON(t, &v)
	if len(v.Entries) != 1 || v.Next != nil || v.LookedBackTo != nil {
		t.Errorf("%+v", v)
	}
	a := do(t, p, "admin", "GET", "/{portal}/audit?month=2020-03", nil)
	if a.Status != 200 || strings.Contains(a.Body, "<script>alert") {
		t.Errorf("%d", a.Status)
	}
}

// Every action has words in the catalogs.
func TestActionsHaveWords(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../shared/portal/audit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		action, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		n++
		if actionKeys[portal.AuditAction(action)] != "audit."+action {
			t.Errorf("%s is named %q", action, actionKeys[portal.AuditAction(action)])
		}
		for _, lang := range []string{"de", "en"} {
			if functiontest.T(lang, "audit."+action) == "" {
				t.Errorf("%s has no words in %s", action, lang)
			}
		}
		return true
	})
	if n < 20 {
		t.Errorf("%d actions were found", n)
	}
}
