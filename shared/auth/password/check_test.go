package password

import (
	"errors"
	"strings"
	"testing"

	"postern/shared/portal"
)

func TestCheck(t *testing.T) {
	clara := portal.Person{First: "Clara", Last: "Müller-Lüdenscheidt", Email: "c.mueller@nordwind.example"}
	const (
		short  = "account.error.passwordShort"
		long   = "account.error.passwordLong"
		own    = "account.error.passwordOwn"
		common = "account.error.passwordCommon"
	)
	for secret, want := range map[string]string{
		"":                                    short,
		"kf93mz!qp":                           short,
		"äöüßéàçñø":                           short,
		"a\u0301e\u0301o\u0301u\u0301i\u0301": short, // five letters, each of two characters
		strings.Repeat("kf93mz!qp ", 26):      long,
		strings.Repeat("x", 1<<20):            long,

		"1234567890": common, "123456789012": common, "0987654321": common, "password123": common, "PassWord123": common,
		"qwertyuiop": common, "qwertzuiop": common, "poiuztrewq": common, "QWERTZUIOPÜ": common, "abcdefghij": common,
		"basketball": common, "Passwort2026!": common, "2026Sommer!!": common, "!!!deutschland!!!": common, "asdfghjkl1": common,
		"aaaaaaaaaa": common, "abababababab": common, "abcabcabcabca": common, "12341234123412": common, "sommer24sommer24": common,
		"  password  ": common, "wahrscheinlich": common, "password\u00a0\u00a0": common,

		"c.mueller@nordwind.example": own, "C.Mueller@Nordwind.example": own, "c.mueller@nordwind.example1": own, "nordwind2026!": own,
		"Clara-Müller-Lüdenscheidt": own, "MÜLLERclara85": own, "Mu\u0308ller1985!!": own, "claraclaraclara": own, "xxClara1985": own,
		"Kundenportal": own, "kunden portal 1": own, "Clara@Kundenportal": own,

		"correct horse battery": "", "pass word\t\u00a0 🔑": "", "kf93mz!qpw": "", "äöüäüöäüäö": "", "Clara mag Tee": "", "19851130": short,
		"1985113019": "", "73de829104": "", "sommer-regen-nordwind-tee": "", "KUNDENPORTAL ohne Kunden": "", "password-of-a-walrus": "",
		strings.Repeat("kf93mz!qp ", 25) + "kf93mz": "", "\xff\xfe binary here": "", "nq7-mine-48": "",
	} {
		err := Check("secret", secret, clara, "Kunden-Portal")
		var e *portal.Error
		switch {
		case want == "" && err != nil:
			t.Errorf("%.40q: %v", secret, err)
		case want != "" && (!errors.As(err, &e) || e.Kind != portal.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != "secret" || e.Fields[0].Key != want):
			t.Errorf("%.40q: %v, not %s", secret, err, want)
		}
	}
	// Who has neither name nor address is told nothing about either.
	if err := Check("secret", "correct horse", portal.Person{}, ""); err != nil {
		t.Error(err)
	}
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		if err := Check("secret", "correct horse battery", portal.Person{First: "Clara", Email: "clara@nordwind.example"}, "Portal"); err != nil {
			b.Fatal(err)
		}
	}
}
