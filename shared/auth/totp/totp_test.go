package totp

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// RFC 6238, appendix B, for SHA-1, in six digits.
func TestStep(t *testing.T) {
	secret := encoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		now := time.Unix(at, 0)
		for written, want := range map[string]bool{code: true, code[:3] + " " + code[3:]: true, code[:3] + "\u202f" + code[3:]: true, code[:5]: false, code + "0": false, "": false, "abcdef": false} {
			step, ok := Step(written, secret, now)
			if ok != want || ok && step != at/30 {
				t.Errorf("%d %q: %d, %v", at, written, step, ok)
			}
		}
		for off, want := range map[int64]bool{-60: false, -30: true, 30: true, 60: false} {
			step, ok := Step(code, secret, now.Add(time.Duration(off)*time.Second))
			if ok != want || ok && step != at/30 {
				t.Errorf("%d, %d s off: %d, %v", at, off, step, ok)
			}
		}
	}
	if _, ok := Step("287082", "no secret!", time.Unix(59, 0)); ok {
		t.Error("without a secret")
	}
}

func TestSecrets(t *testing.T) {
	a, b := NewSecret(), NewSecret()
	if a == b || !ValidSecret(a) || !ValidSecret(b) {
		t.Errorf("%q, %q", a, b)
	}
	for _, s := range []string{"", "abc", strings.ToLower(a), a + "A", a[:31], a + "===="} {
		if ValidSecret(s) {
			t.Errorf("%q is valid", s)
		}
	}
}

func TestURL(t *testing.T) {
	u, err := url.Parse(URL("Nordlicht: Support & mehr", "anna+x@nord.example", "ABC"))
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Nordlicht  Support & mehr:anna+x@nord.example" ||
		u.Query().Get("secret") != "ABC" || u.Query().Get("issuer") != "Nordlicht  Support & mehr" || strings.Contains(u.RawQuery, "+") {
		t.Errorf("%v, %v", u, err)
	}
}

func TestQR(t *testing.T) {
	path, size, err := QR(URL("Nordlicht Support", "anna@nord.example", NewSecret()))
	if err != nil || size < 29 || size > 185 || !regexp.MustCompile(`^(M\d+ \d+h1v1h-1z)+$`).MatchString(path) {
		t.Errorf("%d %v", size, err)
	}
	if _, _, err := QR(strings.Repeat("x", 5000)); err == nil {
		t.Error("a text that fits no code")
	}
}

func TestRecovery(t *testing.T) {
	codes := NewRecovery()
	seen := map[string]bool{}
	for _, c := range codes {
		if !regexp.MustCompile(`^[a-z2-9]{5}-[a-z2-9]{5}$`).MatchString(c) || seen[c] {
			t.Errorf("%q", c)
		}
		seen[c] = true
		if RecoveryHash(c) != RecoveryHash(" "+strings.ToUpper(strings.ReplaceAll(c, "-", " "))+" ") || strings.Contains(RecoveryHash(c), c[:5]) {
			t.Errorf("hash of %q", c)
		}
	}
	if len(codes) != recoveryCodes || RecoveryHash(codes[0]) == RecoveryHash(codes[1]) {
		t.Errorf("%v", codes)
	}
}
