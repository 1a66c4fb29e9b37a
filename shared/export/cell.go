package export

import (
	"regexp"
	"strings"
	"unicode"

	"postern/shared/list"
	"postern/shared/portal"
	"postern/shared/web"
)

// Label is what a column is called in the file: as in the list, and where it holds
// times, in which time zone they are.
func Label(r *web.Request, c list.Column) string {
	label := c.Label
	if c.Property.Type == portal.TypeDateTime {
		label += " (" + zone(r).String() + ")"
	}
	return neutral(clean(label))
}

// number is what spreadsheets read as a number and nothing else: what more a property
// of that type may hold, imported from elsewhere, is a text.
var number = regexp.MustCompile(`^-?[0-9]+(?:\.[0-9]+)?$`)

// Cell is the value of a property as it stands in the file: nothing that a spreadsheet
// takes for a formula, but for a number's minus sign.
func Cell(value string, p portal.Property) string {
	value = clean(value)
	if p.Type == portal.TypeNumber && number.MatchString(value) {
		return value
	}
	return neutral(value)
}

// clean leaves out what no file should hold: what is not UTF-8, and control characters
// but tabs and ends of lines.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// neutral puts an apostrophe before whatever a spreadsheet might take for a formula
// (CWE-1236, https://owasp.org/www-community/attacks/CSV_Injection): what begins with
// one of = + - @, a tab or the end of a line, or with their full-width forms, also
// behind quotes and characters that cannot be seen. Spreadsheets that take the
// semicolon for the separator, as those in German do, cut within a cell: what stands
// behind it, or behind a tab or the end of a line, begins one as well.
func neutral(s string) string {
	if !strings.ContainsAny(s, "=+-@\t\r\n＝＋－＠") {
		return s
	}
	var out strings.Builder
	for s != "" {
		if formula(s) {
			out.WriteByte('\'')
		}
		end := strings.IndexAny(s, ";\t\r\n") + 1
		if end == 0 {
			end = len(s)
		}
		out.WriteString(s[:end])
		s = s[end:]
	}
	return out.String()
}

// formula tells whether the text would begin one.
func formula(s string) bool {
	for _, r := range s {
		switch r {
		case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
			return true
		case '"':
			continue
		}
		if !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
			return false
		}
	}
	return false
}
