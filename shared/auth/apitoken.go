package auth

import (
	"net/http"
	"strings"
)

// apiPrefix is what API tokens begin with, so that whatever looks for secrets
// where there should be none knows one.
const apiPrefix = "pst_"

// APIToken is the token as a program sends it.
func (t Token) APIToken() string { return apiPrefix + t.Value() }

// ParseAPIToken reads an API token. ok is false where it has not the form of one.
func ParseAPIToken(value string) (Token, bool) {
	rest, ok := strings.CutPrefix(value, apiPrefix)
	if !ok {
		return Token{}, false
	}
	return ParseToken(rest)
}

// Bearer returns the API token of the request's Authorization (RFC 6750). asked
// tells whether there is such a header at all, of whatever scheme: then nothing
// else says who asks. ok is false where it holds no API token.
func Bearer(r *http.Request) (t Token, asked, ok bool) {
	values, asked := r.Header["Authorization"]
	if len(values) != 1 {
		return Token{}, asked, false
	}
	scheme, value, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Token{}, true, false
	}
	t, ok = ParseAPIToken(strings.TrimLeft(value, " "))
	return t, true, ok
}
