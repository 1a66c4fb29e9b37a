package portal

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTextIn(t *testing.T) {
	tests := []struct {
		text  Text
		langs []string
		want  string
	}{
		{Text{"de": "Neu", "en": "New"}, []string{"de"}, "Neu"},
		{Text{"de": "Neu", "en": "New"}, []string{"fr", "de"}, "Neu"},
		{Text{"de": "Neu", "en": "New"}, []string{"fr"}, "New"},
		{Text{"de": "", "en": "New"}, []string{"de"}, "New"},
		{Text{"nl": "Nieuw", "de": "Neu"}, []string{"fr"}, "Neu"},
		{Text{"de": "Neu", "en": ""}, []string{"en"}, "Neu"},
		{Text{}, []string{"en"}, ""},
		{nil, nil, ""},
	}
	for _, tt := range tests {
		for range 3 { // the order of a map must not matter
			if got := tt.text.In(tt.langs...); got != tt.want {
				t.Errorf("%v in %v: %q", tt.text, tt.langs, got)
			}
		}
	}
}

func TestValidID(t *testing.T) {
	for _, id := range []string{"abcdefgh", "01234567", "01kkpd8q4t0000000000000000", strings.Repeat("z", 32)} {
		if !ValidID(id) {
			t.Errorf("%q is refused", id)
		}
	}
	for _, id := range []string{"", "abcdefg", strings.Repeat("z", 33), "ABCDEFGH", "abc-efgh", "abcdefgh\n", "abcdefgh#", "äbcdefgh", "abcd efgh", "\x00abcdefg"} {
		if ValidID(id) {
			t.Errorf("%q is let through", id)
		}
	}
}

func TestErrors(t *testing.T) {
	inner := errors.New("table gone")
	err := fmt.Errorf("close: %w", Errorf(Unavailable, "error.unavailable", "n", 3, inner))
	if KindOf(err) != Unavailable || !errors.Is(err, inner) {
		t.Errorf("%v is %d", err, KindOf(err))
	}
	var e *Error
	if !errors.As(err, &e) || len(e.Pairs) != 2 || e.Pairs[1] != 3 {
		t.Errorf("pairs %v", e.Pairs)
	}
	if KindOf(inner) != Internal || KindOf(nil) != Internal {
		t.Error("an error of no kind is not internal")
	}
	if got := (&Error{Kind: Invalid, Key: "error.invalid", Fields: []FieldError{{Field: "a", Key: "b"}}}).Error(); got != "error.invalid a:b" {
		t.Errorf("for the log: %s", got)
	}
}
