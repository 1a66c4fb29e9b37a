package grants

import (
	"slices"
	"strings"
	"testing"

	"postern/shared/blob"
	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

func TestEveryFunctionHasGrants(t *testing.T) {
	if got, want := Functions(), routes.Functions(); !slices.Equal(got, want) {
		t.Errorf("grants for %q, functions are %q", got, want)
	}
}

// A misspelt table or action would deploy, and deny at run time.
func TestGrantsNameWhatExists(t *testing.T) {
	resources := map[string]string{Bucket: "s3:", Incoming: "s3:", Attachments: "s3:", Exports: "s3:", Static: "s3:", Mail: "ses:", DeadLetters: "sqs:"}
	for _, table := range schema.Tables {
		resources[table.Name] = "dynamodb:"
		for _, index := range table.Indexes {
			resources[table.Name+"/"+index.Name] = "dynamodb:"
		}
	}
	for _, function := range Functions() {
		for _, g := range Of(function) {
			service, ok := resources[g.Resource]
			if !ok {
				t.Errorf("%s: there is no %q", function, g.Resource)
			}
			if len(g.Actions) == 0 {
				t.Errorf("%s: nothing is granted on %s", function, g.Resource)
			}
			for _, action := range g.Actions {
				if !strings.HasPrefix(action, service) || strings.Contains(action, "*") {
					t.Errorf("%s: %s on %s", function, action, g.Resource)
				}
				if strings.Contains(g.Resource, "/gsi") && action != query {
					t.Errorf("%s: %s on index %s", function, action, g.Resource)
				}
				if action == "dynamodb:Scan" {
					t.Errorf("%s may scan %s", function, g.Resource)
				}
			}
		}
	}
}

func TestUploadsArriveWhereTheyAreGranted(t *testing.T) {
	if Incoming != blob.Incoming+"*" {
		t.Errorf("granted are %s, blob uploads to %s", Incoming, blob.Incoming)
	}
}

func TestLinesOfPermission(t *testing.T) {
	for _, function := range Functions() {
		for _, g := range Of(function) {
			switch {
			case g.Resource == schema.Credentials && function == "setup" && !slices.Equal(g.Actions, []string{putItem}),
				g.Resource == schema.Credentials && function == "link" && !slices.Equal(g.Actions, []string{getItem, putItem, query}):
				t.Errorf("%s does more than write password hashes, and look for a second factor: %v", function, g.Actions)
			case g.Resource == schema.Credentials && function == "settings" && !slices.Equal(g.Actions, []string{putItem}):
				// Who sets identity providers decides who signs in as whom anyway.
				t.Errorf("%s does more than write providers' secrets: %v", function, g.Actions)
			case g.Resource == schema.Credentials && !slices.Contains([]string{"access", "account", "contacts", "link", "passkey", "personal-data", "second-factor", "settings", "setup", "sign-in", "single-sign-on"}, function):
				t.Errorf("%s reaches password hashes", function)
			case g.Resource == schema.Credentials && (function == "access" || function == "contacts") && !slices.Equal(g.Actions, []string{deleteItem, query}):
				t.Errorf("%s does more than end how people sign in: %v", function, g.Actions)
			case g.Resource == schema.Credentials && function == "personal-data" && !slices.Equal(g.Actions, []string{query}):
				t.Errorf("%s does more than tell how people sign in: %v", function, g.Actions)
			case g.Resource == Static && (function != "setup" || !slices.Equal(g.Actions, []string{putObject})):
				t.Errorf("%s does more to the static files than setup may: %v", function, g.Actions)
			case g.Resource == schema.Audit && slices.ContainsFunc(g.Actions, func(a string) bool { return a != putItem && a != query }):
				t.Errorf("%s does more than append to the audit log, and read it: %v", function, g.Actions)
			case g.Resource == schema.Audit && slices.Contains(g.Actions, query) && !slices.Contains([]string{"access", "personal-data"}, function):
				t.Errorf("%s reads the audit log", function)
			case g.Resource == schema.Tickets && slices.Contains(g.Actions, deleteItem):
				t.Errorf("%s may delete tickets", function)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	var all []Use
	for _, g := range Of("ticket-list") {
		for _, action := range g.Actions {
			all = append(all, Use{g.Resource, action}, Use{g.Resource, action})
		}
	}
	if missing, superfluous := Compare("ticket-list", all); missing != nil || superfluous != nil {
		t.Errorf("all uses granted and all grants used, but missing %v, superfluous %v", missing, superfluous)
	}
	extra := Use{schema.Tickets, deleteItem}
	missing, superfluous := Compare("ticket-list", append(all[2:], extra, extra))
	if !slices.Equal(missing, []Use{extra}) || !slices.Equal(superfluous, all[:1]) {
		t.Errorf("missing %v, superfluous %v", missing, superfluous)
	}
	if missing, _ := Compare("no-such-function", all[:1]); !slices.Equal(missing, all[:1]) {
		t.Errorf("a function without grants may %v", all[:1])
	}
}
