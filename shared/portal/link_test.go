package portal

import "testing"

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
	for kind, want := range map[LinkKind]bool{LinkSignIn: true, LinkReset: true, "": false, "invite": false} {
		if kind.Valid() != want {
			t.Errorf("%q: %v", kind, !want)
		}
	}
}
