package routes

import (
	"slices"
	"testing"
)

// Every route of the API has a scope, or no token may act on it: what is there is
// somebody's own, or makes sessions and tokens.
func TestScope(t *testing.T) {
	without := []string{"", "account", "session", "links", "tokens", "view-as", "colleagues", "passkey", "confirmations", "views"}
	// What only a browser asks, or who shows nothing at all.
	bare := []string{
		"GET /api/v1/{portal}/forms/{form}/challenge", "OPTIONS /api/v1/{portal}/forms/{form}/submissions",
		"POST /submissions/v3/integration/submit/{portal}/{form}", "OPTIONS /submissions/v3/integration/submit/{portal}/{form}",
	}
	for _, r := range Table {
		switch scope := r.Scope(); {
		case !r.API():
			if scope != "" {
				t.Errorf("%s is a page, for %s", r.Key(), scope)
			}
		case (scope == "") != (slices.Contains(without, r.segment()) && r.Scope() == "" && !slices.Contains(submissions, r.Key()) || slices.Contains(bare, r.Key())):
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

		"GET /api/v1/{portal}/forms/{form}":                              "forms:submit",
		"POST /api/v1/{portal}/forms/{form}/submissions":                 "forms:submit",
		"POST /submissions/v3/integration/secure/submit/{portal}/{form}": "forms:submit",
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
	for _, r := range Table {
		switch {
		case r.EndsViewAs(), r.ForPerson(), slices.Contains(duringViewAs, r.Key()):
			if !r.ViewingAs() {
				t.Errorf("%s is closed", r.Key())
			}
		case r.ViewingAs() != (r.Method == "GET" && r.Access != Team && !slices.Contains(personal, r.segment())):
			t.Errorf("%s: %v", r.Key(), r.ViewingAs())
		}
		if r.Method != "GET" && r.ViewingAs() && r.Access != Public && !r.EndsViewAs() {
			t.Errorf("%s changes what is the customer's", r.Key())
		}
		if r.Access == Team && r.ViewingAs() {
			t.Errorf("%s is the team's", r.Key())
		}
	}
	for _, key := range []string{"GET /{portal}/account", "GET /api/v1/{portal}/account/sessions", "POST /{portal}/language", "PATCH /api/v1/{portal}/account"} {
		i := slices.IndexFunc(Table, func(r Route) bool { return r.Key() == key })
		if i < 0 || Table[i].ViewingAs() {
			t.Errorf("%s is open", key)
		}
	}
}
