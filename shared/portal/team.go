package portal

import (
	"slices"
	"strings"
)

// MayAppoint returns nil where the person may have somebody be in the team as the
// roles say, before a change and after it: who may change the settings, but who is no
// admin makes no admins and changes none.
func MayAppoint(by Person, roles ...Role) error {
	switch {
	case !MaySet(Viewer{Person: by}):
		return Errorf(Forbidden, "access.error.mayNot")
	case by.Role != Admin && slices.Contains(roles, Admin):
		return Errorf(Forbidden, "team.error.admins")
	}
	return nil
}

// ValidateMember checks and tidies what is said of a member of the team: a name, the
// language, and a role of the team. An admin needs no right to change the settings.
func ValidateMember(p Person, s *Settings) (Person, error) {
	p, err := ValidateProfile(p, s)
	var f fields
	if e, ok := err.(*Error); ok {
		f = append(f, e.Fields...)
	}
	if !p.Role.Team() {
		f.add("role", "team.error.role")
	}
	p.SetsUp = p.SetsUp && p.Role == Agent
	return p, f.err()
}

// OwnerOf returns the place among the staff of who has the address and no account:
// an owner who came by an import, or a former member; -1 where there is none.
func (s *Settings) OwnerOf(address string) int {
	return slices.IndexFunc(s.Staff, func(st Staff) bool {
		return !st.Role.Team() && st.Email != "" && strings.EqualFold(st.Email, address)
	})
}

// WithoutMember returns the settings after the member at the place has left the team:
// their tickets go on having an owner by name, who works in no inbox. An inbox is not
// everyone's by that its last member leaves: it is the admins' then.
func (s *Settings) WithoutMember(place int) Settings {
	after := *s
	after.Staff = slices.Clone(s.Staff)
	after.Staff[place].Role = ""
	id := after.Staff[place].ID
	after.Inboxes = slices.Clone(s.Inboxes)
	for i, b := range after.Inboxes {
		if !slices.Contains(b.Members, id) {
			continue
		}
		members := slices.DeleteFunc(slices.Clone(b.Members), func(m string) bool { return m == id })
		if len(members) == 0 {
			for _, st := range after.Staff {
				if st.Role == Admin {
					members = append(members, st.ID)
				}
			}
		}
		after.Inboxes[i].Members = members
	}
	return after
}
