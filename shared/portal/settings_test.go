package portal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOwner(t *testing.T) {
	tests := []struct {
		name  string
		shown OwnerName
		alias string
		staff Staff
		id    string
		want  string
	}{
		{"first name", OwnerFirst, "", Staff{First: "Anna", Last: "Arnold"}, anna, "Anna"},
		{"full name", OwnerFull, "", Staff{First: "Anna", Last: "Arnold"}, anna, "Anna Arnold"},
		{"last name", OwnerLast, "", Staff{First: "Anna", Last: "Arnold"}, anna, "Arnold"},
		{"alias", OwnerAliased, "Team Nord", Staff{First: "Anna", Last: "Arnold"}, anna, "Team Nord"},
		{"alias, none set", OwnerAliased, "", Staff{First: "Anna", Last: "Arnold"}, anna, "Nordwind Support"},
		{"alias not in use", OwnerFirst, "Team Nord", Staff{First: "Anna"}, anna, "Anna"},
		{"a setting of another version", "initials", "", Staff{First: "Anna", Last: "Arnold"}, anna, "Anna"},
		{"not set", "", "", Staff{First: "Anna", Last: "Arnold"}, anna, "Anna"},
		{"no first name", OwnerFirst, "", Staff{Last: "Arnold"}, anna, "Nordwind Support"},
		{"no last name", OwnerLast, "", Staff{First: "Anna"}, anna, "Nordwind Support"},
		{"half a full name", OwnerFull, "", Staff{Last: "Arnold"}, anna, "Arnold"},
		{"no name", OwnerFull, "", Staff{Email: "anna@nordwind.example"}, anna, "Nordwind Support"},
		{"someone who left", OwnerFull, "", Staff{First: "Anna", Last: "Arnold"}, "gone000001", "Nordwind Support"},
		{"someone who left, alias", OwnerAliased, "Team Nord", Staff{First: "Anna"}, "gone000001", "Team Nord"},
		{"nobody", OwnerFull, "", Staff{First: "Anna"}, "", ""},
		{"nobody, alias", OwnerAliased, "Team Nord", Staff{First: "Anna"}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := settings(func(s *Settings) {
				tt.staff.ID = anna
				s.Staff, s.OwnerName, s.OwnerAlias = []Staff{tt.staff}, tt.shown, tt.alias
			})
			if got := s.Owner(tt.id); got != tt.want {
				t.Errorf("Owner = %q, want %q", got, tt.want)
			}
			if tt.id == "" {
				tt.want = "Nordwind Support"
			}
			// The name that was written with a message is not shown.
			if got := s.AuthorName(Author{ID: tt.id, Team: true, Name: "Anna Arnold"}); got != tt.want {
				t.Errorf("AuthorName = %q, want %q", got, tt.want)
			}
		})
	}
	if got := settings().AuthorName(Author{ID: anna, Name: "Colin Customer"}); got != "Colin Customer" {
		t.Errorf("a contact's name: %q", got)
	}
}

// Whatever the setting and whoever it is, no part of a name shows that the
// setting leaves out, and no address.
func TestOwnerLeaksNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := func(label, prefix string) string {
			return rapid.SampledFrom([]string{"", prefix + "one", prefix + "two"}).Draw(t, label)
		}
		s := settings(func(s *Settings) {
			s.OwnerName = rapid.SampledFrom([]OwnerName{OwnerFirst, OwnerFull, OwnerLast, OwnerAliased, "", "newer"}).Draw(t, "shown")
			s.OwnerAlias = part("alias", "Alias")
			s.Staff = nil
			for _, id := range []string{"staff00001", "staff00002"} {
				s.Staff = append(s.Staff, Staff{ID: id, First: part("first", "First"), Last: part("last", "Last"), Email: "mail@nordwind.example"})
			}
		})
		id := rapid.SampledFrom([]string{"staff00001", "staff00002", "gone000001", ""}).Draw(t, "id")
		got := s.AuthorName(Author{ID: id, Team: true, Name: "First Last"})
		allowed := map[OwnerName]string{OwnerFirst: "First", OwnerLast: "Last", OwnerFull: "First Last", OwnerAliased: "Alias", "": "First", "newer": "First"}
		for _, p := range []string{"First", "Last", "Alias", "mail@"} {
			if strings.Contains(got, p) && !strings.Contains(allowed[s.OwnerName], p) {
				t.Errorf("%q shows %q where %q is set", got, p, s.OwnerName)
			}
		}
		if got == "" {
			t.Error("no name at all")
		}
	})
}

func TestShownColumns(t *testing.T) {
	custom := []Property{
		{Name: "product", Type: TypeSelect, Visible: true}, {Name: "cost", Type: TypeNumber},
		{Name: "old", Type: TypeText, Visible: true, Archived: true}, {Name: "long", Type: TypeLongText, Visible: true},
	}
	for _, n := range strings.Fields("a b c d e f g h i j k l") {
		custom = append(custom, Property{Name: n, Type: TypeText, Visible: true})
	}
	tests := []struct {
		columns string
		want    string
	}{
		{"subject requested_by created_at owner last_activity_at status", "subject requested_by created_at owner last_activity_at status"},
		{"", "subject"},
		{"status subject", "status subject"},
		{"status owner", "subject status owner"},
		{"subject product", "subject product"},
		{"subject cost old long unknown pipeline stage inbox", "subject"},
		{"subject subject status status", "subject status"},
		{"a b c d e f g h i subject", "a b c d e f g h i subject"},
		{"a b c d e f g h i j", "subject a b c d e f g h i"},
		{"a b c d e f g h i j k subject", "subject a b c d e f g h i"},
		{"cost a b c d e f g h i j", "subject a b c d e f g h i"},
	}
	for _, tt := range tests {
		t.Run(tt.columns, func(t *testing.T) {
			s := settings(func(s *Settings) {
				s.Properties, s.Columns = custom, nil
				for _, c := range strings.Fields(tt.columns) {
					s.Columns = append(s.Columns, Column{Property: c, Label: Text{"en": c}})
				}
			})
			before := slices.Clone(s.Columns)
			var got []string
			for _, c := range s.ShownColumns() {
				got = append(got, c.Property)
			}
			if joined := strings.Join(got, " "); joined != tt.want {
				t.Errorf("shown: %s", joined)
			}
			if !slices.EqualFunc(before, s.Columns, func(a, b Column) bool { return a.Property == b.Property }) {
				t.Errorf("the settings changed: %v", s.Columns)
			}
		})
	}
	if got := Recommended(); len(got.ShownColumns()) != 6 {
		t.Errorf("recommended: %v", got.ShownColumns())
	}
}

func TestShownProperties(t *testing.T) {
	s := settings(func(s *Settings) {
		s.Properties = []Property{
			{Name: "b", Visible: true}, {Name: "hidden"}, {Name: "old", Visible: true, Archived: true}, {Name: "a", Visible: true, Type: TypeLongText},
		}
	})
	var got []string
	for _, p := range s.ShownProperties() {
		got = append(got, p.Name)
	}
	if !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("shown: %v", got)
	}
}

// A custom property cannot take the place of a standard one.
func TestStandardProperties(t *testing.T) {
	s := settings(func(s *Settings) { s.Properties = []Property{{Name: PropStage, Type: TypeText, Visible: true}} })
	if p, ok := s.Property(PropStage); !ok || p.Visible || p.Type != TypeSelect {
		t.Errorf("stage is %+v", p)
	}
	p, _ := s.Property(PropPriority)
	if len(p.Options) != 4 {
		t.Errorf("priority is %+v", p)
	}
	if _, ok := s.Property("unknown"); ok {
		t.Error("there is an unknown property")
	}
}

// Two portals' recommended settings share nothing.
func TestRecommendedIsFresh(t *testing.T) {
	a, b := Recommended(), Recommended()
	a.Columns[0].Property, a.ForbiddenExts[0], a.Languages[0] = "x", "x", "x"
	if b.Columns[0].Property == "x" || b.ForbiddenExts[0] == "x" || b.Languages[0] == "x" {
		t.Error("they share their lists")
	}
}

func TestLanguage(t *testing.T) {
	s := settings()
	for _, tt := range []struct {
		wanted []string
		want   string
	}{
		{nil, "en"}, {[]string{"de"}, "de"}, {[]string{"fr", "de", "en"}, "de"}, {[]string{"fr"}, "en"}, {[]string{""}, "en"},
	} {
		if got := s.Language(tt.wanted...); got != tt.want {
			t.Errorf("Language(%v) = %q", tt.wanted, got)
		}
	}
	if got := (&Settings{}).Language("de"); got != "en" {
		t.Errorf("of a portal without languages: %q", got)
	}
}

func TestLocation(t *testing.T) {
	for _, tt := range []struct{ person, portal, want string }{
		{"America/New_York", "Europe/Berlin", "America/New_York"},
		{"", "Europe/Berlin", "Europe/Berlin"},
		{"Mars/Base", "Europe/Berlin", "Europe/Berlin"},
		{"Local", "Europe/Berlin", "Europe/Berlin"},
		{"../../etc/passwd", "", "UTC"},
		{"", "Mars/Base", "UTC"},
		{"", "", "UTC"},
	} {
		s := settings(func(s *Settings) { s.TimeZone = tt.portal })
		for range 2 { // newly read, and kept
			if got := s.Location(Person{TimeZone: tt.person}).String(); got != tt.want {
				t.Errorf("Location of %q in %q = %s", tt.person, tt.portal, got)
			}
		}
	}
	summer := time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC)
	if got := summer.In(settings(func(s *Settings) { s.TimeZone = "Europe/Berlin" }).Location(Person{})).Format(time.DateTime); got != "2026-07-02 00:30:00" {
		t.Errorf("summer time: %s", got)
	}
}
