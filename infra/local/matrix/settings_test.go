package matrix

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// effect is a setting and where a customer notices it.
type effect struct {
	fields  string // that are changed, by their names in the API
	change  map[string]any
	by      string // who looks: a person's id, "" for nobody
	request func(p place) request
	holds   func(p place, a answer) bool // after the change, and not before
}

func page(rest ...string) func(p place) request {
	return func(p place) request { return request{path: p.path(rest...)} }
}

func endpoint(rest ...string) func(p place) request {
	return func(p place) request { return request{path: p.api(rest...)} }
}

func has(text string) func(place, answer) bool {
	return func(_ place, a answer) bool { return a.code == 200 && strings.Contains(a.body, text) }
}

func hasNot(text string) func(place, answer) bool {
	return func(_ place, a answer) bool { return a.code == 200 && !strings.Contains(a.body, text) }
}

func code(want int) func(place, answer) bool {
	return func(_ place, a answer) bool { return a.code == want }
}

// closedDays is a ticket that was closed so many days ago.
func closedDays(p place, days int) string {
	return p.clone(sample.OwnTicket, func(t *portal.Ticket) {
		closed(t)
		t.Closed = time.Now().UTC().AddDate(0, 0, -days).Truncate(time.Millisecond)
	})
}

func onlyHigh() [][]map[string]any {
	return [][]map[string]any{{{"property": "priority", "op": "is", "values": []string{"urgent"}}, {"property": "subject", "op": "contains", "values": []string{"no ticket is called so"}}}}
}

// effects are of every setting that customers can notice.
var effects = []effect{
	{"name", map[string]any{"name": "Another name"}, "", page("sign-in"), has("Another name")},
	{"slug", map[string]any{"slug": "another-"}, "", page("sign-in"), code(307)},
	{"active", map[string]any{"active": false}, sample.Customer, page("tickets"), code(403)},
	{"active", map[string]any{"active": false}, sample.Customer, endpoint("tickets", sample.OwnTicket), code(403)},
	{"active", map[string]any{"active": false}, sample.Customer, func(p place) request {
		return request{method: "POST", path: p.api("tickets", sample.OwnTicket, "replies"), json: map[string]string{"id": dynamo.NewID(time.Now()), "text": "Hello"}}
	}, code(403)},
	{"languages", map[string]any{"languages": []string{"en"}}, sample.Customer, page("tickets"), has(`<html lang="en"`)},
	{"time_zone", map[string]any{"time_zone": "Pacific/Auckland"}, sample.Customer, page("account"), has("Pacific/Auckland)")},
	{"accent", map[string]any{"accent": "#7A1FBF"}, "", page("sign-in"), has("theme-7a1fbf")},
	{"imprint_url", map[string]any{"imprint_url": "https://elsewhere.example/imprint"}, "", page("sign-in"), has("https://elsewhere.example/imprint")},
	{"privacy_url", map[string]any{"privacy_url": "https://elsewhere.example/privacy"}, "", page("sign-in"), has("https://elsewhere.example/privacy")},
	{"header_links", map[string]any{"header_links": []any{map[string]any{"label": map[string]string{"de": "Wissen"}, "url": "https://help.example"}}}, sample.Customer, page("tickets"), has("https://help.example")},
	{"footer_links", map[string]any{"footer_links": []any{map[string]any{"label": map[string]string{"de": "AGB"}, "url": "https://terms.example"}}}, "", page("sign-in"), has("https://terms.example")},

	{"company_view", map[string]any{"company_view": false}, sample.Customer, page("tickets", sample.ColleagueTicket), code(404)},
	{"company_view", map[string]any{"company_view": false}, sample.Customer, endpoint("tickets", sample.ColleagueTicket), code(404)},
	{"company_view", map[string]any{"company_view": false}, sample.Customer, func(p place) request {
		return request{method: "POST", path: p.api("tickets", p.clone(sample.ColleagueTicket), "close")}
	}, code(404)},
	{"company_rule", map[string]any{"company_rule": [][]map[string]any{{{"property": "email", "op": "is", "values": []string{"nobody@nordwind.example"}}}}}, sample.Customer, page("tickets", sample.ColleagueTicket), code(404)},

	{"support_form", map[string]any{"support_form": map[string]any{"form": ""}}, sample.Customer, page("tickets"), hasNot("/forms/" + sample.ContactForm)},
	{"support_form", map[string]any{"support_form": map[string]any{"form": sample.ContactForm, "menu": map[string]string{"de": "Schreiben Sie uns"}}}, sample.Customer, page("tickets"), has("Schreiben Sie uns")},
	{"support_form", map[string]any{"support_form": map[string]any{"form": sample.ContactForm, "header": map[string]string{"de": "Was gibt es?"}}}, sample.Customer, func(p place) request {
		return request{path: p.path("forms", sample.ContactForm) + "?s=" + dynamo.NewID(time.Now())}
	}, has("Was gibt es?")},

	{"words", map[string]any{"words": map[string]any{"de": map[string]string{"one": "Vorgang", "many": "Vorgänge"}}}, sample.Customer, page("tickets"), has("Vorgänge")},
	{"visible", map[string]any{"visible": onlyHigh()}, sample.Customer, page("tickets", sample.OwnTicket), code(404)},
	{"visible", map[string]any{"visible": onlyHigh()}, sample.Customer, endpoint("tickets"), has(`"tickets":[]`)},
	{"visible", map[string]any{"visible": onlyHigh()}, sample.Customer, func(p place) request {
		return request{method: "POST", path: p.api("tickets", sample.OwnTicket, "replies"), json: map[string]string{"id": dynamo.NewID(time.Now()), "text": "Hello"}}
	}, code(404)},
	{"visible", map[string]any{"visible": onlyHigh()}, sample.Customer, func(p place) request {
		return request{method: "POST", path: p.path("tickets", p.clone(sample.OwnTicket), "close"), form: url.Values{}}
	}, code(404)},
	{"columns", map[string]any{"columns": []any{map[string]any{"property": "subject", "label": map[string]string{"de": "Worum es geht"}}, map[string]any{"property": "priority"}}}, sample.Customer, page("tickets"), has("Worum es geht")},
	{"columns", map[string]any{"columns": []any{map[string]any{"property": "subject"}}}, sample.Customer, page("tickets"), func(_ place, a answer) bool { return strings.Count(a.body, `role="columnheader"`) == 1 }},
	{"properties", map[string]any{"properties": "hidden"}, sample.Customer, page("tickets", sample.OwnTicket), hasNot("Produkt")},
	{"pipelines", map[string]any{"pipelines": "renamed"}, sample.Customer, page("tickets"), has("Am Werk")},
	{"owner_name", map[string]any{"owner_name": "last"}, sample.Customer, endpoint("tickets", sample.OwnTicket), has(`"owner":"Lehmann"`)},
	{"owner_name owner_alias", map[string]any{"owner_name": "alias", "owner_alias": "Team Nordlicht"}, sample.Customer, endpoint("tickets", sample.OwnTicket), has("Team Nordlicht")},
	{"custom_stages", map[string]any{"custom_stages": false}, sample.Customer, page("tickets"), hasNot("In Bearbeitung")},

	{"replies_to_closed", map[string]any{"replies_to_closed": false}, sample.Customer, func(p place) request {
		return request{method: "POST", path: p.api("tickets", p.clone(sample.OwnTicket, closed), "replies"), json: map[string]string{"id": dynamo.NewID(time.Now()), "text": "Hello"}}
	}, func(_ place, a answer) bool { return a.code == 403 || a.code == 409 }},
	{"closing", map[string]any{"closing": false}, sample.Customer, func(p place) request {
		return request{method: "POST", path: p.api("tickets", p.clone(sample.OwnTicket), "close")}
	}, code(403)},
	{"closing", map[string]any{"closing": false}, sample.Customer, page("tickets", sample.OwnTicket), hasNot("/" + sample.OwnTicket + "/close")},
	{"reopening", map[string]any{"reopening": false}, sample.Customer, func(p place) request {
		return request{method: "POST", path: p.api("tickets", closedDays(p, 1), "reopen")}
	}, code(403)},
	{"reopen_days", map[string]any{"reopen_days": 7}, sample.Customer, func(p place) request {
		return request{method: "POST", path: p.api("tickets", closedDays(p, 10), "reopen")}
	}, code(403)},
	{"reopen_days", map[string]any{"reopen_days": 7}, sample.Customer, func(p place) request {
		return request{path: p.api("tickets", closedDays(p, 10))}
	}, has(`"follow_up":true`)},

	{"groups", map[string]any{"groups": []any{
		map[string]any{"id": portal.CustomersGroup, "name": "Kunden", "static": true},
		map[string]any{"id": "everybody", "name": "Alle", "rule": [][]map[string]any{{{"property": "email", "op": "set"}}}},
	}}, "outsider", page("tickets"), code(200)},
	{"ask_access", map[string]any{"ask_access": "Frau Kunze, Telefon 12"}, "outsider", page("tickets"), func(_ place, a answer) bool {
		return a.code == 403 && strings.Contains(a.body, "Frau Kunze, Telefon 12")
	}},
	{"providers", map[string]any{"providers": []any{}}, "", page("sign-in"), hasNot("Nordlicht-Konto")},
	{"require_sso", map[string]any{"require_sso": true}, "", page("sign-in"), hasNot(`name="password"`)},
	{"require_sso", map[string]any{"require_sso": true}, "", func(p place) request {
		return request{method: "POST", path: p.api("session"), json: map[string]string{"email": "customer@nordwind.example", "password": sample.Password}}
	}, func(_ place, a answer) bool { return a.code >= 400 }},
	{"team_second_factor", map[string]any{"team_second_factor": true}, "", func(p place) request {
		return request{method: "POST", path: p.path("sign-in"), form: url.Values{"email": {"agent@postern.example"}, "password": {sample.Password}}}
	}, func(p place, a answer) bool {
		_, cookie, _ := strings.Cut(a.header.Get("Set-Cookie"), "=")
		name, _, _ := strings.Cut(a.header.Get("Set-Cookie"), "=")
		value, _, _ := strings.Cut(cookie, ";")
		inbox := session{p, name + "=" + value}.get(p.path("inbox"))
		return strings.Contains(inbox.header.Get("Location"), "/account/code")
	}},
	{"idle_minutes", map[string]any{"idle_minutes": 5}, "idle", page("tickets"), code(303)},
	{"session_hours", map[string]any{"session_hours": 1}, "", func(p place) request {
		return request{method: "POST", path: p.path("sign-in"), form: url.Values{"email": {"customer@nordwind.example"}, "password": {sample.Password}}}
	}, func(p place, a answer) bool {
		name, rest, _ := strings.Cut(a.header.Get("Set-Cookie"), "=")
		value, _, _ := strings.Cut(rest, ";")
		got := session{p, name + "=" + value}.get(p.api("session"))
		var now struct{ Seconds int }
		return got.code == 200 && json.Unmarshal([]byte(got.body), &now) == nil && now.Seconds <= 3600
	}},
	{"system_template", map[string]any{"system_template": "split"}, "", page("sign-in"), has("card-split")},
	{"system_pages", map[string]any{"system_pages": map[string]any{"sign-in": map[string]any{"title": map[string]string{"de": "Schön, dass Sie da sind"}}}}, "", page("sign-in"), has("Schön, dass Sie da sind")},
}

// elsewhere are the settings whose effect is none of a request's, or needs more than
// this deployment has, and where it is tested.
var elsewhere = map[string]string{
	"logo": "functions/settings and shared/ui", "logo_dark": "shared/ui", "favicon": "shared/ui",
	"font": "shared/ui/theme", "radius": "shared/ui/theme", "button_style": "shared/ui/theme",
	"mail_from": "functions/notify", "mail_text": "functions/notify", "default_inbox": "functions/form-submit",
	"access": "functions/link (registration is not allowed here)", "join_domains": "functions/link", "consent": "functions/link",
	"close_stage":        "functions/ticket-close",
	"contact_properties": "functions/form-submit", "company_properties": "functions/form-submit", "inboxes": "functions/inbox",
}

// Every setting takes effect wherever a customer notices it, at once for who has just
// come, and had none before.
func TestSettingsTakeEffect(t *testing.T) {
	t.Parallel()
	before := newPlace(t)
	covered := maps.Clone(elsewhere)
	each(len(effects), func(i int) {
		e := effects[i]
		look := func(p place) answer {
			by := p.nobody()
			switch e.by {
			case "":
			case "idle":
				by = p.as(sample.Customer, func(s *portal.Session) {
					s.Created = s.Created.Add(-10 * time.Minute)
					s.Seen = s.Created
				})
			case "outsider": // in no group
				who := portal.Person{ID: "outsider01", First: "Otto", Email: "otto@elsewhere.example", Role: portal.Customer, Created: time.Now().UTC(), Registered: time.Now().UTC()}
				if err := at.store.PutPeople(t.Context(), p.id(), nil, []portal.Person{who}, nil); err != nil {
					t.Error(err)
				}
				by = p.as(who.ID)
			default:
				by = p.as(e.by)
			}
			return by.do(e.request(p))
		}
		if got := look(before); e.holds(before, got) {
			t.Errorf("%s: what %v is to change holds before: %d %.200s", e.fields, e.change, got.code, got.body)
		}
		p := newPlace(t)
		change := maps.Clone(e.change)
		switch e.fields {
		case "slug":
			change["slug"] = "another-" + p.settings.Slug
		case "properties", "pipelines": // all of them, since none is taken away
			var have map[string]json.RawMessage
			have = read[map[string]json.RawMessage](t, p.as(sample.Admin).get(p.api("settings")))
			var list []map[string]any
			if err := json.Unmarshal(have[e.fields], &list); err != nil {
				t.Error(err)
				return
			}
			if e.fields == "properties" {
				list[0]["visible"] = false
			} else {
				list[0]["stages"].([]any)[1].(map[string]any)["name"] = map[string]string{"de": "Am Werk", "en": "At work"}
			}
			change[e.fields] = list
		}
		got := p.as(sample.Admin).do(request{method: http.MethodPatch, path: p.api("settings"), json: change, header: map[string]string{"If-Match": `"1"`}})
		if got.code != 200 {
			t.Errorf("%s: %d %s", e.fields, got.code, got.body)
			return
		}
		if got := look(p); !e.holds(p, got) {
			t.Errorf("%s: %v does not: %d %.300s %v", e.fields, e.change, got.code, got.body, got.header)
		}
	})
	for _, e := range effects {
		for _, field := range strings.Fields(e.fields) {
			covered[field] = "here"
		}
	}
	all := read[map[string]any](t, before.as(sample.Admin).get(before.api("settings")))
	delete(all, "version")
	if got, want := slices.Sorted(maps.Keys(covered)), slices.Sorted(maps.Keys(all)); !slices.Equal(got, want) {
		t.Errorf("held are %v, and there are %v", got, want)
	}
}
