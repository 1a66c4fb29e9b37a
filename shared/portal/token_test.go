package portal

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestValidateToken(t *testing.T) {
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	good := APIToken{Name: "  Export  ", Scopes: []Scope{AuditRead, TicketsRead, TicketsRead}}
	got, err := ValidateToken(good, 30, now)
	if err != nil || got.Name != "Export" || !slices.Equal(got.Scopes, []Scope{TicketsRead, AuditRead}) ||
		!got.Created.Equal(now) || !got.Expires.Equal(now.AddDate(0, 0, 30)) {
		t.Errorf("%+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		token  APIToken
		days   int
		fields []string
	}{
		"nothing":         {APIToken{}, 0, []string{"name", "scopes", "days"}},
		"blank":           {APIToken{Name: " \t", Scopes: good.Scopes}, 30, []string{"name"}},
		"long":            {APIToken{Name: strings.Repeat("ä", MaxTokenName+1), Scopes: good.Scopes}, 30, []string{"name"}},
		"turned":          {APIToken{Name: "a\u202eb", Scopes: good.Scopes}, 30, []string{"name"}},
		"unknown scope":   {APIToken{Name: "a", Scopes: []Scope{TicketsRead, "tickets:*"}}, 30, []string{"scopes"}},
		"no route's":      {APIToken{Name: "a", Scopes: []Scope{"audit:write"}}, 30, []string{"scopes"}},
		"for ever":        {APIToken{Name: "a", Scopes: good.Scopes}, -1, []string{"days"}},
		"as it likes":     {APIToken{Name: "a", Scopes: good.Scopes}, 36500, []string{"days"}},
		"longest is good": {APIToken{Name: strings.Repeat("ä", MaxTokenName), Scopes: Scopes}, 365, nil},
	} {
		_, err := ValidateToken(c.token, c.days, now)
		var e *Error
		var fields []string
		if errors.As(err, &e) {
			for _, f := range e.Fields {
				fields = append(fields, f.Field)
			}
		}
		if !slices.Equal(fields, c.fields) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokenHas(t *testing.T) {
	token := APIToken{Scopes: []Scope{TicketsWrite, AccessRead}}
	for scope, want := range map[Scope]bool{
		TicketsRead: true, TicketsWrite: true, AccessRead: true,
		AccessWrite: false, AuditRead: false, "": false, "tickets:": false, "tickets": false,
	} {
		if got := token.Has(scope); got != want {
			t.Errorf("%q: %v", scope, got)
		}
	}
}
