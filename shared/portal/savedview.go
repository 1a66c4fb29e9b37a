package portal

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// SavedView is a question to the list of tickets that somebody has given a name.
type SavedView struct {
	ID    string
	Name  string
	Query string // as an address says it
	// Default is the one that the list opens with; one of a person's at most.
	Default bool
}

// Limits of saved views. They are in the person's item, which every request reads.
const (
	MaxSavedViews     = 20
	MaxSavedViewName  = 60  // runes
	MaxSavedViewQuery = 500 // bytes
)

// View returns the person's saved view.
func (p Person) View(id string) (SavedView, bool) {
	i := slices.IndexFunc(p.Views, func(v SavedView) bool { return v.ID == id })
	if i < 0 {
		return SavedView{}, false
	}
	return p.Views[i], true
}

// DefaultView returns the one that the person's list opens with.
func (p Person) DefaultView() (SavedView, bool) {
	i := slices.IndexFunc(p.Views, func(v SavedView) bool { return v.Default })
	if i < 0 {
		return SavedView{}, false
	}
	return p.Views[i], true
}

// WithView returns the person's views with v, in place of the one of its id or as a new
// one, in the order of their names. It is Invalid where it has no name, another's, or one
// that is too long, and Conflict where there are too many.
func (p Person) WithView(v SavedView) ([]SavedView, error) {
	v.Name = strings.Join(strings.Fields(v.Name), " ")
	views := slices.DeleteFunc(slices.Clone(p.Views), func(other SavedView) bool { return other.ID == v.ID })
	switch {
	case v.Name == "":
		return nil, FieldErrorf("name", "views.error.name")
	case utf8.RuneCountInString(v.Name) > MaxSavedViewName:
		return nil, FieldErrorf("name", "views.error.nameLong", "max", MaxSavedViewName)
	case slices.ContainsFunc(views, func(other SavedView) bool { return strings.EqualFold(other.Name, v.Name) }):
		return nil, FieldErrorf("name", "views.error.nameTaken")
	case len(v.Query) > MaxSavedViewQuery:
		return nil, FieldErrorf("query", "views.error.queryLong")
	case len(views) >= MaxSavedViews:
		return nil, Errorf(Conflict, "views.error.many", "max", MaxSavedViews)
	}
	if v.Default {
		for i := range views {
			views[i].Default = false
		}
	}
	views = append(views, v)
	slices.SortFunc(views, func(a, b SavedView) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return views, nil
}

// WithoutView returns the person's views without one.
func (p Person) WithoutView(id string) []SavedView {
	return slices.DeleteFunc(slices.Clone(p.Views), func(v SavedView) bool { return v.ID == id })
}
