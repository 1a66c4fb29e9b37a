// Package edit has what the forms of the settings are made of: texts in the portal's
// languages, rows that have an order, and filters; how they are shown, and how they
// are read. Their buttons named _do are carried out by the server, and save nothing:
// with script in place, without it by loading the page again.
package edit

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"postern/shared/portal"
)

// Form is what was sent.
type Form struct {
	url.Values
	Lang      string              // in which numbers are typed
	Languages []string            // that texts are read in
	Wrong     []portal.FieldError // of what was typed
	Typed     map[string]string   // what is no value of its field, as it was typed
	Focus     string              // the id of what is to have the focus, after a button
	Open      []string            // the ids of folds that stay open
}

// Line is a text of one line.
func (f *Form) Line(name string) string { return strings.TrimSpace(f.Get(name)) }

// Lines is a text of several.
func (f *Form) Lines(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(f.Get(name), "\r\n", "\n"))
}

// On tells whether a switch is on.
func (f *Form) On(name string) bool { return f.Has(name) }

// Number takes a whole number. What is none is wrong, and stays in the form.
func (f *Form) Number(name string, to *int) {
	text := f.Line(name)
	n, err := strconv.Atoi(text)
	if err != nil {
		f.Wrong = append(f.Wrong, portal.FieldError{Field: name, Key: "settings.error.number"})
		f.Typed[name] = text
		return
	}
	*to = n
}

// Text takes a text in each of the languages; what it says in others stays.
func (f *Form) Text(name string, to *portal.Text) {
	if *to == nil {
		*to = portal.Text{}
	}
	for _, lang := range f.Languages {
		if !f.Has(name + "." + lang) {
			continue
		}
		(*to)[lang] = f.Lines(name + "." + lang)
		if (*to)[lang] == "" {
			delete(*to, lang)
		}
	}
}

// Order is in which order the rows of a list stand in the form, by the numbers that
// their fields have.
func (f *Form) Order(name string) []string {
	var rows []string
	for _, row := range f.Values[name+".row"] {
		if n, err := strconv.Atoi(row); err == nil && n >= 0 && !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// Rows carries out the buttons of a list's rows, and returns the list as it is then:
// "add", which appends what is new, and of a row "remove", "up" and "down".
func Rows[T any](f *Form, list []T, name, what string, added T) []T {
	rest, ok := strings.CutPrefix(what, name+".")
	if !ok {
		return list
	}
	if rest == "add" {
		f.Focus = name + "." + strconv.Itoa(len(list))
		return append(slices.Clone(list), added)
	}
	row, verb, _ := strings.Cut(rest, ".")
	i, err := strconv.Atoi(row)
	if err != nil || i < 0 || i >= len(list) {
		return list
	}
	list = slices.Clone(list)
	j := i
	switch verb {
	case "remove":
		f.Focus = name + ".add"
		return slices.Delete(list, i, i+1)
	case "up":
		j = max(i-1, 0)
	case "down":
		j = min(i+1, len(list)-1)
	default:
		return list
	}
	list[i], list[j] = list[j], list[i]
	switch { // at an end the button that led there does nothing more
	case verb == "up" && j == 0:
		verb = "down"
	case verb == "down" && j == len(list)-1:
		verb = "up"
	}
	f.Focus = name + "." + strconv.Itoa(j) + "." + verb
	return list
}

// CutPrefix is [strings.CutPrefix] of what is not all of the text.
func CutPrefix(s, prefix string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(s, prefix)
	return rest, ok && rest != ""
}
