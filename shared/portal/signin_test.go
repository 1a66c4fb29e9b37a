package portal

import "testing"

func TestOwnSignIn(t *testing.T) {
	for _, role := range []Role{Customer, Manager, Agent, Admin} {
		if !(&Settings{}).OwnSignIn(role) {
			t.Errorf("%s may not, where nothing is required", role)
		}
		if got := (&Settings{RequireSSO: true}).OwnSignIn(role); got != (role == Admin) {
			t.Errorf("%s, where a provider is required: %v", role, got)
		}
		if (&Settings{}).AsksSecondFactor(role) {
			t.Errorf("%s is asked for a second factor, where none is required", role)
		}
		if got := (&Settings{TeamSecondFactor: true}).AsksSecondFactor(role); got != role.Team() {
			t.Errorf("%s is asked for a second factor: %v", role, got)
		}
	}
}
