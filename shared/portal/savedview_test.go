package portal

import (
	"fmt"
	"strings"
	"testing"
)

func TestSavedViews(t *testing.T) {
	open := SavedView{ID: "view00000001", Name: "Open ones", Query: "status=open", Default: true}
	p := Person{ID: clara, Views: []SavedView{open}}
	for name, tt := range map[string]struct {
		view SavedView
		want string // of the views, or of the error
	}{
		"another":              {SavedView{ID: "view00000002", Name: "  Late   ones "}, "Late ones, Open ones*"},
		"another default":      {SavedView{ID: "view00000002", Name: "Zoo", Default: true}, "Open ones, Zoo*"},
		"the same, renamed":    {SavedView{ID: open.ID, Name: "open ONES"}, "open ONES"},
		"no name":              {SavedView{ID: "view00000002", Name: " \t"}, "name:views.error.name"},
		"a name that is taken": {SavedView{ID: "view00000002", Name: "OPEN ones"}, "name:views.error.nameTaken"},
		"a long name":          {SavedView{ID: "view00000002", Name: strings.Repeat("ü", 61)}, "name:views.error.nameLong"},
		"a long question":      {SavedView{ID: "view00000002", Name: "Long", Query: strings.Repeat("x", 501)}, "query:views.error.queryLong"},
	} {
		views, err := p.WithView(tt.view)
		got := strings.Join(fieldKeys(err), " ")
		if err == nil {
			var all []string
			for _, v := range views {
				name := v.Name
				if v.Default {
					name += "*"
				}
				all = append(all, name)
			}
			got = strings.Join(all, ", ")
		}
		if got != tt.want {
			t.Errorf("%s: %s, not %s", name, got, tt.want)
		}
	}
	if len(p.Views) != 1 || !p.Views[0].Default {
		t.Errorf("what was there has changed: %+v", p.Views)
	}
	for i := range MaxSavedViews - 1 {
		p.Views = append(p.Views, SavedView{ID: fmt.Sprint("other", i), Name: fmt.Sprint(i)})
	}
	if _, err := p.WithView(SavedView{ID: "more", Name: "More"}); keyOf(err) != "views.error.many" || KindOf(err) != Conflict {
		t.Errorf("one too many: %v", err)
	}
	if _, err := p.WithView(SavedView{ID: "other3", Name: "Renamed"}); err != nil {
		t.Errorf("as many as may be: %v", err)
	}
	if left := p.WithoutView(open.ID); len(left) != MaxSavedViews-1 {
		t.Errorf("%d are left", len(left))
	}
	if d, ok := p.DefaultView(); !ok || d.ID != open.ID {
		t.Errorf("the default is %+v", d)
	}
}
