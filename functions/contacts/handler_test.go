package main

import (
	"net/http"
	"net/url"
	"slices"
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
	functiontest.Main(m, "contacts", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	mayNot := functiontest.Want{Status: 403, Detail: T("de", "contacts.error.mayNot"), Fields: []string{}}
	see := func(status int, pairs ...string) functiontest.Want {
		w := functiontest.Want{Status: status, See: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			w.See[pairs[i]] = pairs[i+1]
		}
		return w
	}
	refused := see(403, "main", T("de", "contacts.error.mayNot"))
	to := func(path string) functiontest.Want {
		return functiontest.Want{Status: 303, Header: map[string]string{"Location": "/{portal}/" + path}}
	}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"contacts":              {Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "contacts.title"), `nav a[aria-current="page"]`: T("de", "frame.contacts"), "table": "Anna Brandt", "main .button.primary": T("de", "contacts.add")}},
		"contacts-en":           see(200, "h1", T("en", "contacts.title"), "table", T("en", "access.state.registered")),
		"contacts-find":         see(200, "tbody", "customer@nordwind.example"),
		"contacts-find-address": see(200, "tbody", "Nordwind Logistik GmbH"),
		"contacts-find-nobody":  see(200, "main", T("de", "contacts.noMatch")),
		"contacts-cursor":       {Status: 422},
		"contacts-add":          see(200, "h1", T("de", "contacts.add"), "main form", T("de", "contacts.company")),
		"contacts-customer":     see(403, "main", T("de", "error.teamOnly")),
		"contacts-signed-out":   {Status: 303},
		"add":                   {Status: 303},
		"add-company":           {Status: 303},
		"add-invalid": see(422, "#first-error", T("de", "account.error.nameLong", "max", "100"), "#email-error", T("de", "access.error.email"),
			"#language-error", T("de", "account.error.language"), "#company-error", T("de", "contacts.error.noCompany", "name", "Gibtesnicht"), `label[for="new-company"]`, T("de", "contacts.company.new", "name", "Gibtesnicht")),
		"add-nobody":         see(422, "#last-error", T("de", "contacts.error.nobody")),
		"add-taken":          see(422, "#email-error", T("de", "contacts.error.emailTaken"), `main form a[href$="`+sample.Customer+`"]`, T("de", "contacts.taken.open")),
		"add-injection":      see(422, "#last-error", T("de", "account.error.nameCharacters"), "#email-error", T("de", "access.error.email")),
		"add-agent":          refused,
		"add-cross-origin":   {Status: 403},
		"contact":            see(200, "h1", "Anna Brandt", ".side", "Nordwind Logistik GmbH", "#tickets", "#10", `#access a[href*="/access/contacts/"]`, T("de", "contacts.access.open")),
		"contact-en":         see(200, "h1", "Anna Brandt", "main", T("en", "contacts.remove")),
		"contact-agent":      see(200, "h1", "Anna Brandt", ".items", "customer@nordwind.example"),
		"contact-team":       to("team/" + sample.Agent),
		"contact-team-agent": see(403, "main", T("de", "contacts.error.team")),
		"contact-unknown":    {Status: 404},
		"contact-delete":     see(200, "h1", T("de", "contacts.remove.title", "name", "Anna Brandt"), "tbody", "#10"),
		"contact-customer":   {Status: 403},
		"save-stale":         see(409, ".banner.warn", T("de", "contacts.error.changed"), "#first-help", T("de", "contacts.now", "value", "Anna"), "#company-error", ""),
		"save-agent":         refused,
		"save-team":          see(403, "main", T("de", "contacts.error.team")),
		"save-nothing":       {Status: 422},
		"save-cross-origin":  {Status: 403},
		"delete-tickets":     see(409, "tbody", "#10", "main", T("de", "contacts.remove.title", "name", "Anna Brandt")),
		"delete-unknown":     {Status: 404},

		"companies":               see(200, "h1", T("de", "companies.title"), `.tabs a[aria-current="page"]`, T("de", "companies.title"), "table", "Südstern Handel AG"),
		"companies-en":            see(200, "h1", T("en", "companies.title")),
		"companies-find":          see(200, "tbody", "Nordwind Logistik GmbH"),
		"companies-find-domain":   see(200, "tbody", "Nordwind Logistik GmbH"),
		"companies-find-none":     see(200, "main", T("de", "companies.noMatch")),
		"companies-add":           see(200, "h1", T("de", "companies.add")),
		"companies-cursor":        {Status: 422},
		"companies-customer":      {Status: 403},
		"company-add":             {Status: 303},
		"company-add-invalid":     see(422, "#name-error", T("de", "companies.error.name"), "#domains-error", T("de", "companies.error.domain", "domain", "no")),
		"company-add-taken":       see(422, "#domains-error", T("de", "companies.error.domainTaken", "domain", "nordwind.example"), "textarea", "nordwind.example"),
		"company-add-agent":       refused,
		"company":                 see(200, "h1", "Nordwind Logistik GmbH", ".items", "Anna Brandt", "#tickets", "#10", "#move", T("de", "companies.move.help", "Tickets", "Tickets")),
		"company-en":              see(200, "h1", "Nordwind Logistik GmbH"),
		"company-agent":           see(200, ".items", "nordwind.example"),
		"company-unknown":         {Status: 404},
		"company-delete":          see(200, ".banner.warn", T("de", "companies.remove.contacts"), "tbody", "#10"),
		"company-cursor":          {Status: 422},
		"company-save-stale":      see(409, ".banner.warn", T("de", "contacts.error.changed"), "#name-help", T("de", "contacts.now", "value", "Nordwind Logistik GmbH")),
		"company-save-agent":      refused,
		"company-nothing":         {Status: 422},
		"company-remove-contacts": see(409, ".banner.warn", T("de", "companies.remove.contacts")),
		"company-move":            {Status: 303},
		"company-move-nowhere":    see(422, "#to-error", T("de", "companies.error.to")),
		"company-move-itself":     see(422, "#to-error", T("de", "companies.error.to")),

		"json-contacts":               {Status: 200},
		"json-contacts-find":          {Status: 200},
		"json-contacts-cursor":        {Status: 422, Fields: []string{"cursor"}},
		"json-contacts-customer":      {Status: 403},
		"json-contacts-signed-out":    {Status: 401},
		"json-add":                    {Status: 201},
		"json-add-invalid":            {Status: 422, Fields: []string{"email", "company", "properties.nosuch"}},
		"json-add-company":            {Status: 422, Fields: []string{"company"}},
		"json-add-agent":              mayNot,
		"json-contact":                {Status: 200},
		"json-contact-team":           {Status: 403},
		"json-contact-unknown":        {Status: 404},
		"json-change":                 {Status: 200},
		"json-change-address":         {Status: 200},
		"json-change-without":         {Status: 428},
		"json-change-stale":           {Status: 412},
		"json-change-field":           {Status: 422, Fields: []string{"role"}},
		"json-change-agent":           mayNot,
		"json-change-team":            {Status: 403},
		"json-delete-tickets":         {Status: 409, Detail: T("de", "contacts.error.tickets", "tickets", "Tickets"), Fields: []string{}},
		"json-delete-unknown":         {Status: 404},
		"json-delete-agent":           mayNot,
		"json-companies":              {Status: 200},
		"json-companies-find":         {Status: 200},
		"json-company-add":            {Status: 201},
		"json-company-add-invalid":    {Status: 422, Fields: []string{"name", "domains"}},
		"json-company-add-agent":      mayNot,
		"json-company":                {Status: 200},
		"json-company-unknown":        {Status: 404},
		"json-company-change":         {Status: 200},
		"json-company-change-stale":   {Status: 412},
		"json-company-change-without": {Status: 428},
		"json-company-change-agent":   mayNot,
		"json-company-delete":         {Status: 409},
		"json-company-delete-unknown": {Status: 404},
		"json-company-delete-agent":   mayNot,
		"json-move":                   {Status: 200},
		"json-move-itself":            {Status: 422, Fields: []string{"to"}},
		"json-move-invalid":           {Status: 422, Fields: []string{"to"}},
		"json-move-agent":             mayNot,
	})
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "json-contacts") }

func do(t *testing.T, p *functiontest.Portal, as, method, path string, body any) functiontest.Answer {
	t.Helper()
	r := functiontest.Request{As: as, Method: method, URL: path}
	if form, ok := body.(url.Values); ok {
		r.Form = form
	} else if body != nil {
		r.JSON = body
	}
	if method == "PATCH" {
		r.Header = map[string]string{"If-Match": "*"}
	}
	return p.Do(t, r)
}

// form is the form of the page that has a field of the name, as a browser would send it.
func form(t *testing.T, a functiontest.Answer, field string) url.Values {
	t.Helper()
	values := url.Values{}
	found := a.Page(t).Find(`main form:has([name="` + field + `"])`)
	if found.Length() != 1 {
		t.Fatalf("%d forms have %q", found.Length(), field)
	}
	for _, n := range found.Find("input, textarea, select").EachIter() {
		name, _ := n.Attr("name")
		value, _ := n.Attr("value")
		kind, _ := n.Attr("type")
		_, checked := n.Attr("checked")
		switch {
		case name == "" || kind == "checkbox" && !checked:
			continue
		case n.Is("textarea"):
			value = n.Text()
		case n.Is("select"):
			value, _ = n.Find("option[selected]").Attr("value")
		}
		values.Add(name, value)
	}
	return values
}

func entries(t *testing.T, p *functiontest.Portal, action portal.AuditAction) []portal.AuditEntry {
	t.Helper()
	all, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e portal.AuditEntry) bool { return e.Action != action })
}

// custom gives the portal a property of each type, for contacts and for companies.
func custom(s *portal.Settings) {
	label := func(text string) portal.Text { return portal.Text{"de": text, "en": text} }
	options := []portal.Option{{Value: "a", Label: label("Alpha")}, {Value: "b", Label: label("Beta")}}
	s.ContactProperties = append(s.ContactProperties,
		portal.Property{Name: "t_note", Type: portal.TypeLongText, Label: label("Notiz")},
		portal.Property{Name: "t_since", Type: portal.TypeDateTime, Label: label("Seit")},
		portal.Property{Name: "t_born", Type: portal.TypeDate, Label: label("Tag")},
		portal.Property{Name: "t_level", Type: portal.TypeSelect, Options: options, Label: label("Stufe")},
		portal.Property{Name: "t_topics", Type: portal.TypeMultiSelect, Options: options, Label: label("Themen")},
		portal.Property{Name: "t_vip", Type: portal.TypeBoolean, Label: label("Wichtig")},
		portal.Property{Name: "t_phone", Type: portal.TypePhone, Label: label("Rufnummer")},
		portal.Property{Name: "t_old", Type: portal.TypeText, Archived: true, Label: label("Alt")},
	)
	s.CompanyProperties = append(s.CompanyProperties, portal.Property{Name: "t_seats", Type: portal.TypeNumber, Label: label("Plätze")})
}

// What a page shows is what it sends, and what was not touched stays as it was.
func TestForm(t *testing.T) {
	p := functiontest.New(t, custom)
	path := "/{portal}/contacts/" + sample.Customer
	since := "2026-03-01T10:20:30Z"
	a := do(t, p, "admin", "PATCH", "/api/v1"+path, map[string]any{"properties": map[string]any{
		"t_note": "<b>eins</b>\nzwei", "t_since": since, "t_born": "2026-01-31", "t_level": "b", "t_topics": "a;b", "t_vip": "true", "t_phone": "+49 421 1",
	}, "companies": []string{sample.Suedstern}})
	if a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	before := len(entries(t, p, portal.AuditContactChanged))
	f := form(t, do(t, p, "admin", "GET", path, nil), "first")
	if a := do(t, p, "admin", "POST", path, f); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	if n := len(entries(t, p, portal.AuditContactChanged)); n != before {
		t.Errorf("what was not touched was changed: %+v", entries(t, p, portal.AuditContactChanged)[0].Details)
	}
	f.Set("first", "Anne")
	f["properties.t_topics"] = []string{"", "a"}
	f.Set("properties.t_vip", "")
	f.Del("companies")
	f.Set("further", "Südstern Handel AG")
	if a := do(t, p, "admin", "POST", path, f); a.Status != 303 {
		t.Fatalf("%d %s", a.Status, functiontest.Text(a.Page(t).Find(".error")))
	}
	var v contactView
	do(t, p, "agent", "GET", "/api/v1"+path, nil).JSON(t, &v)
	if v.First != "Anne" || v.Properties["t_topics"] != "a" || v.Properties["t_vip"] != "" || v.Properties["t_since"] != since ||
		len(v.Companies) != 1 || v.Companies[0].Name != "Südstern Handel AG" || v.Company.Name != "Nordwind Logistik GmbH" {
		t.Errorf("%+v", v)
	}
	got := entries(t, p, portal.AuditContactChanged)[0]
	want := map[string]string{"was.first": "Anna", "is.first": "Anne", "was.properties.t_topics": "a;b", "is.properties.t_topics": "a", "was.properties.t_vip": "true", "is.properties.t_vip": ""}
	for name, value := range want {
		if got.Details[name] != value {
			t.Errorf("the log has %v", got.Details)
		}
	}
	if len(got.Details) != len(want) || got.Subject != sample.Customer || got.ActorName != "admin@postern.example" {
		t.Errorf("the log has %+v", got)
	}
	// What is wrong is said beside each field, and nothing typed is lost.
	f = form(t, do(t, p, "admin", "GET", path, nil), "first")
	f.Set("first", "<script>alert(1)</script>")
	f.Set("properties.t_phone", "x")
	f.Set("properties.t_born", "tomorrow")
	f.Set("properties.t_old", "no")
	f.Set("further", "Nirgends")
	a = do(t, p, "admin", "POST", path, f)
	page := a.Page(t)
	if a.Status != 422 || page.Find("#first").AttrOr("value", "") != f.Get("first") || page.Find("#further").AttrOr("value", "") != "Nirgends" {
		t.Errorf("%d %s", a.Status, functiontest.Text(page.Find("main form")))
	}
	for id, key := range map[string]string{"property-t_phone": "form.error.phone", "property-t_born": "inbox.error.date"} {
		if got := functiontest.Text(page.Find("#" + id + "-error")); got != functiontest.T("de", key) {
			t.Errorf("%s: %q", id, got)
		}
		if page.Find(`.banner a[href="#`+id+`"]`).Length() != 1 || page.Find("#"+id).Length() != 1 {
			t.Errorf("the summary does not lead to %s", id)
		}
	}
	if page.Find("#property-t_old").Length() > 0 {
		t.Error("an archived property is shown")
	}
}

// Of two who have the page open the second is told what the first has saved, and
// overwrites it only knowing so.
func TestTwoAtOnce(t *testing.T) {
	p := functiontest.New(t)
	path := "/{portal}/contacts/" + sample.Customer
	mine := form(t, do(t, p, "admin", "GET", path, nil), "first")
	theirs := form(t, do(t, p, "admin", "GET", path, nil), "first")
	theirs.Set("last", "Brandt-Meier")
	if a := do(t, p, "admin", "POST", path, theirs); a.Status != 303 {
		t.Fatal(a.Status)
	}
	mine.Set("first", "Anne")
	a := do(t, p, "admin", "POST", path, mine)
	page := a.Page(t)
	if a.Status != 409 || !strings.Contains(functiontest.Text(page.Find("#last-help")), "Brandt-Meier") || page.Find("#first").AttrOr("value", "") != "Anne" {
		t.Fatalf("%d %s", a.Status, functiontest.Text(page.Find("main")))
	}
	again := form(t, a, "first")
	again.Set("last", "Brandt-Meier")
	if a := do(t, p, "admin", "POST", path, again); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if c, _, err := p.Store.Contact(t.Context(), p.ID, sample.Customer); err != nil || c.First != "Anne" || c.Last != "Brandt-Meier" {
		t.Errorf("%+v, %v", c, err)
	}
	company := "/{portal}/companies/" + sample.Nordwind
	one, two := form(t, do(t, p, "admin", "GET", company, nil), "name"), form(t, do(t, p, "admin", "GET", company, nil), "name")
	one.Set("domains", "nordwind.example\nnordwind-gmbh.example")
	if a := do(t, p, "admin", "POST", company, one); a.Status != 303 {
		t.Fatal(a.Status)
	}
	two.Set("name", "Nordwind SE")
	if a := do(t, p, "admin", "POST", company, two); a.Status != 409 || !strings.Contains(functiontest.Text(a.Page(t).Find("#domains-help")), "nordwind-gmbh.example") {
		t.Errorf("%d", a.Status)
	}
	var v companyContactsView
	do(t, p, "admin", "GET", "/api/v1"+company, nil).JSON(t, &v)
	stale := functiontest.Request{As: "admin", Method: "PATCH", URL: "/api/v1" + company, JSON: map[string]any{"name": "X"}, Header: map[string]string{"If-Match": `"` + two.Get("version") + `"`}}
	if a := p.Do(t, stale); a.Status != 412 {
		t.Errorf("%d", a.Status)
	}
	stale.Header["If-Match"] = `"` + v.Version + `"`
	if a := p.Do(t, stale); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// A contact comes into a company by its name, which may be that of several.
func TestCompanyByName(t *testing.T) {
	p := functiontest.New(t)
	for _, domain := range []string{"eins.example", "zwei.example"} {
		if a := do(t, p, "admin", "POST", "/api/v1/{portal}/companies", map[string]any{"name": "Müller & Söhne", "domains": []string{domain}}); a.Status != 201 {
			t.Fatal(a.Body)
		}
	}
	add := func(values url.Values) functiontest.Answer {
		return do(t, p, "admin", "POST", "/{portal}/contacts", values)
	}
	a := add(url.Values{"last": {"Neu"}, "company": {" MUELLER & söhne "}})
	page := a.Page(t)
	if got := functiontest.Text(page.Find("#company-error")); a.Status != 422 || got != functiontest.T("de", "contacts.error.someCompany") {
		t.Fatalf("%d %q", a.Status, got)
	}
	if page.Find("#company-which option").Length() != 2 {
		t.Errorf("%s", functiontest.Text(page.Find("#company-which")))
	}
	second := page.Find("#company-which option").Last().AttrOr("value", "")
	if a = add(url.Values{"last": {"Neu"}, "company": {"Müller & Söhne"}, "company_id": {second}}); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if all, _, err := p.Store.Colleagues(t.Context(), p.ID, second, "", 10); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	// What is called nearly so is proposed, and nothing is made unasked.
	a = add(url.Values{"last": {"Neu"}, "company": {"mül"}})
	if page = a.Page(t); a.Status != 422 || page.Find("#company-like option").Length() != 2 || page.Find("#company").AttrOr("list", "") != "company-like" {
		t.Errorf("%d %s", a.Status, functiontest.Text(page.Find("main")))
	}
	// An id of another company than is called so is not taken for it.
	a = add(url.Values{"last": {"Neu"}, "company": {"Nordwind Logistik GmbH"}, "company_id": {second}})
	if a.Status != 303 {
		t.Fatal(a.Status)
	}
	all, _, err := p.Store.Colleagues(t.Context(), p.ID, second, "", 10)
	if err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	for name, key := range map[string]string{strings.Repeat("x", 101): "account.error.nameLong", "a\u202eb": "account.error.nameCharacters"} {
		a := add(url.Values{"last": {"Neu"}, "company": {name}, "new_company": {"on"}})
		if got := functiontest.Text(a.Page(t).Find("#company-error")); a.Status != 422 || got != functiontest.T("de", key, "max", "100") {
			t.Errorf("a new company %q: %d %q", name, a.Status, got)
		}
	}
	for _, hostile := range []string{`"><script>alert(1)</script>`, "a#b#c", strings.Repeat("x", 300), "\u202e", "../../admin", `" autofocus onfocus="x`} {
		for _, values := range []url.Values{
			{"last": {"Neu"}, "company": {hostile}}, {"last": {"Neu"}, "company": {hostile}, "new_company": {"on"}, "company_id": {hostile}},
			{"last": {hostile}, "first": {hostile}}, {"last": {"Neu"}, "further": {hostile}, "further_id": {hostile}, "companies": {hostile}},
		} {
			if a := add(values); a.Status != 303 && a.Status != 422 {
				t.Errorf("%v: %d", values, a.Status)
			}
		}
		for _, kind := range []string{"contacts", "companies"} {
			if a := do(t, p, "agent", "GET", "/{portal}/"+kind+"?q="+url.QueryEscape(hostile), nil); a.Status != 200 {
				t.Errorf("%s %q: %d", kind, hostile, a.Status)
			}
		}
	}
}

// Whoever is in many pages is in one, and another search's cursor is none.
func TestPages(t *testing.T) {
	p := functiontest.New(t)
	var people []portal.Person
	for range 120 {
		people = append(people, portal.Person{ID: dynamo.NewID(time.Now()), Last: "Vielfach", Company: sample.Nordwind, Role: portal.Customer, Created: time.Now()})
	}
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, people, nil); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v1/{portal}/contacts?q=vielf", "/api/v1/{portal}/companies/" + sample.Nordwind + "?x=1"} {
		seen, cursor := map[string]bool{}, ""
		for range 20 {
			var company companyContactsView
			var view contactsView
			if a := do(t, p, "agent", "GET", path+"&cursor="+cursor, nil); strings.Contains(path, "/companies/") {
				a.JSON(t, &company)
				view = contactsView{company.Contacts, company.Next}
			} else {
				a.JSON(t, &view)
			}
			for _, c := range view.Contacts {
				if seen[c.ID] {
					t.Errorf("%s again", c.ID)
				}
				seen[c.ID] = true
			}
			if view.Next == nil {
				break
			}
			cursor = *view.Next
		}
		n := 0
		for _, c := range people {
			if seen[c.ID] {
				n++
			}
		}
		if n != len(people) {
			t.Errorf("%s: %d of %d", path, n, len(people))
		}
	}
	var view contactsView
	do(t, p, "agent", "GET", "/api/v1/{portal}/contacts?q=vielf", nil).JSON(t, &view)
	if a := do(t, p, "agent", "GET", "/api/v1/{portal}/contacts?q=viel&cursor="+*view.Next, nil); a.Status != 422 {
		t.Errorf("another search's cursor: %d", a.Status)
	}
	if a := do(t, p, "agent", "GET", "/api/v1/{portal}/companies?q=vielf&cursor="+*view.Next, nil); a.Status != 422 {
		t.Errorf("another list's cursor: %d", a.Status)
	}
	next := do(t, p, "agent", "GET", "/{portal}/contacts?q=Vielf", nil).Page(t).Find(".pager a").AttrOr("href", "")
	if a := do(t, p, "agent", "GET", next, nil); a.Status != 200 || a.Page(t).Find("tbody tr").Length() != 50 {
		t.Errorf("the second page %q: %d", next, a.Status)
	}
}

// Who is made here is signed out and gone when deleted; a company is emptied first.
func TestRemoval(t *testing.T) {
	p := functiontest.New(t)
	a := do(t, p, "admin", "POST", "/{portal}/contacts", url.Values{"last": {"Kurz"}, "email": {"kurz@neuland.example"}, "company": {"Neuland AG"}, "new_company": {"on"}})
	path, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	if a.Status != 303 || path == "" {
		t.Fatalf("%d %q", a.Status, path)
	}
	made := entries(t, p, portal.AuditCompanyAdded)
	if len(made) != 1 || made[0].Details["is.name"] != "Neuland AG" {
		t.Fatalf("%+v", made)
	}
	company := "/{portal}/companies/" + made[0].Subject
	if a := do(t, p, "admin", "GET", company, nil); a.Page(t).Find(".items").Length() != 1 || a.Page(t).Find("#move").Length() != 1 {
		t.Error("the company's page")
	}
	if a := do(t, p, "admin", "POST", company, url.Values{"do": {"delete"}}); a.Status != 409 {
		t.Errorf("with a contact: %d", a.Status)
	}
	if a := do(t, p, "admin", "GET", path+"?do=delete", nil); a.Status != 200 || a.Page(t).Find(`form button.danger`).Length() != 1 {
		t.Errorf("asked: %d", a.Status)
	}
	if a := do(t, p, "agent", "GET", path+"?do=delete", nil); a.Page(t).Find(`form button.danger`).Length() != 0 {
		t.Error("who may not is asked")
	}
	if a := do(t, p, "admin", "POST", path, url.Values{"do": {"delete"}}); a.Status != 303 {
		t.Errorf("%d", a.Status)
	}
	if a := do(t, p, "admin", "GET", path, nil); a.Status != 404 {
		t.Errorf("gone: %d", a.Status)
	}
	if a := do(t, p, "admin", "GET", company+"?do=delete", nil); a.Status != 200 || a.Page(t).Find(`form button.danger`).Length() != 1 {
		t.Errorf("asked: %d", a.Status)
	}
	if a := do(t, p, "admin", "POST", company, url.Values{"do": {"delete"}}); a.Status != 303 {
		t.Errorf("%d", a.Status)
	}
	if a := do(t, p, "admin", "GET", company, nil); a.Status != 404 {
		t.Errorf("gone: %d", a.Status)
	}
	for action, n := range map[portal.AuditAction]int{portal.AuditContactAdded: 1, portal.AuditContactRemoved: 1, portal.AuditCompanyAdded: 1, portal.AuditCompanyRemoved: 1} {
		if got := entries(t, p, action); len(got) != n || len(got[0].Details) == 0 {
			t.Errorf("%s: %+v", action, got)
		}
	}
}

// Moving is done in parts, and leads to the next.
func TestMove(t *testing.T) {
	p := functiontest.New(t)
	var people []portal.Person
	for range 2 * companyPage {
		people = append(people, portal.Person{ID: dynamo.NewID(time.Now()), Last: "Umzug", Company: "umzug00001", Role: portal.Manager, Created: time.Now()})
	}
	if err := p.Store.PutPeople(t.Context(), p.ID, []portal.Company{{ID: "umzug00001", Name: "Umzug"}}, people, nil); err != nil {
		t.Fatal(err)
	}
	path := "/{portal}/companies/umzug00001"
	a := do(t, p, "admin", "POST", path, url.Values{"do": {"move"}, "to": {"südstern handel ag"}})
	if a.Status != 303 || !strings.Contains(a.Header.Get("Location"), "done=moved-some") {
		t.Fatalf("%d %s", a.Status, a.Header.Get("Location"))
	}
	next, _, _ := strings.Cut(a.Header.Get("Location"), "#")
	shown := do(t, p, "admin", "GET", next, nil)
	if got := shown.Page(t).Find("#to").AttrOr("value", ""); got != "Südstern Handel AG" {
		t.Errorf("the form has %q", got)
	}
	if a = do(t, p, "admin", "POST", path, form(t, shown, "to")); a.Status != 303 || !strings.HasSuffix(a.Header.Get("Location"), "done=moved") {
		t.Errorf("%d %s", a.Status, a.Header.Get("Location"))
	}
	c, _, err := p.Store.Contact(t.Context(), p.ID, people[0].ID)
	if err != nil || c.Company != sample.Suedstern || c.Role != portal.Customer {
		t.Errorf("%+v, %v", c, err)
	}
	if got := entries(t, p, portal.AuditContactChanged); len(got) != len(people) || got[0].Details["was.company"] != "Umzug" || got[0].Details["is.company"] != "Südstern Handel AG" {
		t.Errorf("%d entries, %+v", len(got), got[0])
	}
}

// Another address ends what the former one has opened, in the same step.
func TestAddress(t *testing.T) {
	p := functiontest.New(t)
	session := p.Session(t, "customer")
	path := "/api/v1/{portal}/contacts/" + sample.Customer
	for i, want := range []int{403, 401} { // signed in, of no team; signed out
		if a := p.Do(t, functiontest.Request{Cookie: []string{session}, URL: path}); a.Status != want {
			t.Errorf("%d: %d", i, a.Status)
		}
		if a := do(t, p, "admin", "PATCH", path, map[string]any{"email": "Anna.Brandt@nordwind.example"}); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	// Who was invited and has not come is invited to the new one.
	change := dynamo.AccessChange{Settings: p.Settings, Mode: portal.ByGroup, Language: "de", Entry: portal.AuditEntry{At: time.Now(), Actor: sample.Admin}}
	j, err := p.Store.JoinByEmail(t.Context(), change, dynamo.Invitee{Email: "gast@neuland.example"}, portal.CustomersGroup)
	if err != nil || !j.Invited {
		t.Fatal(err)
	}
	if err := p.Store.PutPassword(t.Context(), p.ID, j.Contact.ID, "hash", time.Now()); err != nil {
		t.Fatal(err)
	}
	guest := "/api/v1/{portal}/contacts/" + j.Contact.ID
	var v contactView
	do(t, p, "admin", "PATCH", guest, map[string]any{"email": "guest@neuland.example"}).JSON(t, &v)
	if v.State != portal.LoginPending || v.Email != "guest@neuland.example" {
		t.Errorf("%+v", v)
	}
	if a := do(t, p, "admin", "DELETE", guest, nil); a.Status != 204 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if hash, err := p.Store.Password(t.Context(), p.ID, j.Contact.ID); err != nil || hash != "" {
		t.Errorf("the password %q, %v", hash, err)
	}
}

// Wherever a change breaks off, it is whole or not there, and doing it again ends it.
func TestFaults(t *testing.T) {
	functiontest.Faults(t, true, "json-change-address", nil, func(t *testing.T, p *functiontest.Portal, a functiontest.Answer, f functiontest.Fault) {
		c, _, err := p.Store.Contact(t.Context(), p.ID, sample.Customer)
		if logged := len(entries(t, p, portal.AuditContactChanged)) > 0; err != nil || logged != (c.Email != "customer@nordwind.example") {
			t.Fatalf("%s, logged %v, %v", c.Email, logged, err)
		}
		holder, err := p.Store.ContactByEmail(t.Context(), p.ID, c.Email)
		if err != nil || holder.ID != sample.Customer {
			t.Errorf("%s is nobody's: %v", c.Email, err)
		}
		other := "customer@nordwind.example"
		if c.Email == other {
			other = "anna.brandt@nordwind.example"
		}
		if _, err := p.Store.ContactByEmail(t.Context(), p.ID, other); portal.KindOf(err) != portal.NotFound {
			t.Errorf("%s is somebody's: %v", other, err)
		}
	})
}
