package portal

import "testing"

// What a column can show is what validation lets it show, and what the list then has.
func TestColumnProperties(t *testing.T) {
	s := Recommended()
	s.Name, s.Slug = "x", "slug"
	s.Properties = []Property{
		{Name: "plain", Type: TypeText, Visible: true}, {Name: "file", Type: TypeFile, Visible: true},
		{Name: "long", Type: TypeLongText, Visible: true}, {Name: "hidden", Type: TypeText}, {Name: "old", Type: TypeText, Visible: true, Archived: true},
	}
	can := map[string]bool{}
	for _, p := range s.ColumnProperties() {
		can[p.Name] = true
	}
	for _, name := range []string{"plain", "file", PropSubject, PropNumber, PropStatus} {
		if !can[name] {
			t.Errorf("no column can show %s", name)
		}
	}
	for _, p := range append(s.Properties, standard...) {
		s.Columns = []Column{{Property: p.Name}}
		if err := ValidateSettings(s, Rules{Languages: []string{"en"}}); (err == nil) != can[p.Name] {
			t.Errorf("%s: %v, and a column can show it: %t", p.Name, err, can[p.Name])
		}
		shown := s.ShownColumns()
		if got := shown[len(shown)-1].Property == p.Name; got != can[p.Name] {
			t.Errorf("%s is shown: %t", p.Name, got)
		}
	}
}
