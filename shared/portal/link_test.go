package portal

import (
	"testing"
	"time"
)

func TestMaskedEmail(t *testing.T) {
	for address, want := range map[string]string{
		"customer@nordwind.example": "c•••@nordwind.example",
		"a@b.example":               "a•••@b.example",
		"öz@b.example":              "ö•••@b.example",
		`"a@b"@c.example`:           `"•••@c.example`,
		"nothing":                   "•••",
		"@b.example":                "•••@b.example",
	} {
		if got := MaskedEmail(address); got != want {
			t.Errorf("%s is %s, not %s", address, got, want)
		}
	}
}

func TestLinkKind(t *testing.T) {
	for kind, want := range map[LinkKind]struct {
		valid, asked, setsUp bool
		age                  time.Duration
	}{
		LinkSignIn:   {true, true, false, LinkAge},
		LinkReset:    {true, true, false, LinkAge},
		LinkRegister: {true, true, true, LinkAge},
		LinkInvite:   {true, false, true, 14 * 24 * time.Hour},
		LinkFirst:    {true, false, true, LinkAge},
		"":           {age: LinkAge},
		"bogus":      {age: LinkAge},
	} {
		l := Link{Kind: kind}
		if kind.Valid() != want.valid || kind.Asked() != want.asked || l.SetsUp() != want.setsUp || kind.Age() != want.age {
			t.Errorf("%q: %v, %v, %v, %v", kind, kind.Valid(), kind.Asked(), l.SetsUp(), kind.Age())
		}
	}
}

func TestLinkKindOfMail(t *testing.T) {
	for kind, want := range map[LinkKind]struct{ mailed, password bool }{
		LinkSignIn: {true, false}, LinkReset: {true, true}, LinkRegister: {true, true}, LinkInvite: {true, true}, LinkFirst: {}, "bogus": {},
	} {
		if kind.Mailed() != want.mailed || kind.SetsPassword() != want.password {
			t.Errorf("%q: %v, %v", kind, kind.Mailed(), kind.SetsPassword())
		}
	}
}
