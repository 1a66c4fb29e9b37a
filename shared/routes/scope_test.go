package routes

import (
	"slices"
	"testing"
)

// Every route of the API has a scope, or no token may act on it: what is there is
// somebody's own, or makes sessions and tokens.
func TestScope(t *testing.T) {
	without := []string{"", "account", "session", "links", "tokens", "view-as", "colleagues"}
	for _, r := range Table {
		switch scope := r.Scope(); {
		case !r.API():
			if scope != "" {
				t.Errorf("%s is a page, for %s", r.Key(), scope)
			}
		case (scope == "") != slices.Contains(without, r.segment()):
			t.Errorf("%s has the scope %q", r.Key(), scope)
		}
	}
	for key, want := range map[string]string{
		"GET /api/v1/{portal}/tickets":                 "tickets:read",
		"GET /api/v1/{portal}/inbox/{ticket}":          "tickets:read",
		"GET /api/v1/{portal}/inbox-counts":            "tickets:read",
		"PATCH /api/v1/{portal}/inbox/{ticket}":        "tickets:write",
		"POST /api/v1/{portal}/attachments":            "tickets:write",
		"POST /api/v1/{portal}/tickets/{ticket}/close": "tickets:write",
		"PUT /api/v1/{portal}/account/password":        "",
		"DELETE /api/v1/{portal}/account/sessions":     "",
		"POST /{portal}/inbox/{ticket}/replies":        "",
		"GET " + Document:                              "",
	} {
		i := slices.IndexFunc(Table, func(r Route) bool { return r.Key() == key })
		if i < 0 {
			t.Errorf("there is no %s", key)
			continue
		}
		if got := Table[i].Scope(); got != want {
			t.Errorf("%s has the scope %q, not %q", key, got, want)
		}
	}
}

// Who sees the portal as a customer does changes nothing, sees nothing of the
// team's, and nothing that is the customer's own.
func TestViewingAs(t *testing.T) {
	allowed := []string{
		"POST /{portal}/sign-in", "POST /api/v1/{portal}/session",
		"POST /{portal}/sign-out", "DELETE /api/v1/{portal}/session",
		"POST /{portal}/link/{link}", "POST /api/v1/{portal}/links/{link}",
		"GET /api/v1/{portal}/account", "POST /{portal}/view-as/end", "DELETE /api/v1/{portal}/view-as",
	}
	for _, r := range Table {
		open := r.Method == "GET" && r.Access != Team && r.segment() != "account"
		if want := open || slices.Contains(allowed, r.Key()); r.ViewingAs() != want &&
			!slices.Contains([]string{"consents", "colleagues"}, r.segment()) {
			t.Errorf("%s: %v", r.Key(), r.ViewingAs())
		}
		if r.Access == Team && r.ViewingAs() || r.Method != "GET" && r.ViewingAs() && !slices.Contains(allowed, r.Key()) {
			t.Errorf("%s is open", r.Key())
		}
	}
}
