package ui

import (
	"strings"

	"github.com/a-h/templ"
)

func themeAttribute(theme string) templ.Attributes {
	if theme == "" {
		return nil
	}
	return templ.Attributes{"data-theme": theme}
}

func pageClass(f Frame) string {
	if f.Wide {
		return "page wide"
	}
	return "page"
}

func current(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

// describedBy is aria-describedby for a control with help and an error below.
func describedBy(id, help, err string) templ.Attributes {
	var ids []string
	if err != "" {
		ids = append(ids, id+"-error")
	}
	if help != "" {
		ids = append(ids, id+"-help")
	}
	a := templ.Attributes{}
	if len(ids) > 0 {
		a["aria-describedby"] = strings.Join(ids, " ")
	}
	if err != "" {
		a["aria-invalid"] = "true"
		a["autofocus"] = true // of several, browsers take the first
	}
	return a
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
