package auth

import (
	"net/http"
	"strings"
	"testing"
)

func TestBearer(t *testing.T) {
	token := NewToken("01hkm4spm0samp1e0000000001")
	good := token.APIToken()
	if !strings.HasPrefix(good, "pst_01hkm4spm0samp1e0000000001.") {
		t.Error(good)
	}
	for name, c := range map[string]struct {
		header    []string
		asked, ok bool
	}{
		"none":             {nil, false, false},
		"a token":          {[]string{"Bearer " + good}, true, true},
		"in small letters": {[]string{"bearer  " + good}, true, true},
		"empty":            {[]string{""}, true, false},
		"the scheme alone": {[]string{"Bearer"}, true, false},
		"no prefix":        {[]string{"Bearer " + token.Value()}, true, false},
		"a line end":       {[]string{"Bearer " + good + "\n"}, true, false},
		"a space behind":   {[]string{"Bearer " + good + " "}, true, false},
		"a tab":            {[]string{"Bearer\t" + good}, true, false},
		"cut":              {[]string{"Bearer " + good[:len(good)-1]}, true, false},
		"longer":           {[]string{"Bearer " + good + "A"}, true, false},
		"two":              {[]string{"Bearer " + good, "Bearer " + good}, true, false},
		"two in one":       {[]string{"Bearer " + good + ", Bearer " + good}, true, false},
		"Basic":            {[]string{"Basic " + good}, true, false},
		"no scheme":        {[]string{good}, true, false},
		"another's key":    {[]string{"Bearer pst_a#b." + strings.Repeat("A", 43)}, true, false},
	} {
		r := &http.Request{Header: http.Header{}}
		if c.header != nil {
			r.Header["Authorization"] = c.header
		}
		got, asked, ok := Bearer(r)
		if asked != c.asked || ok != c.ok || ok && got != token {
			t.Errorf("%s: %v %v", name, asked, ok)
		}
	}
}
