package portal

import "unicode/utf8"

// StoredValue returns a value from elsewhere as the property keeps it. ok is
// false where the property can't: it is none of the options, or no number, or
// too long. An empty value is kept as none.
func StoredValue(p Property, value string, s *Settings) (stored string, ok bool) {
	if value == "" {
		return "", true
	}
	if !utf8.ValidString(value) {
		return "", false
	}
	stored, key := propertyValue(p, value, s)
	return stored, key == ""
}
