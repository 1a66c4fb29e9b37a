// Package totp makes and checks the codes of an authenticator app (RFC 6238), and
// the recovery codes that stand in for it.
package totp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// What authenticator apps take for granted.
const (
	period = 30 // seconds
	digits = otp.DigitsSix
)

// secretSize is what RFC 4226 recommends, in bytes.
const secretSize = 20

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret returns a new secret, as apps are given it: in base32.
func NewSecret() string {
	b := make([]byte, secretSize)
	rand.Read(b) // never fails: crypto/rand
	return encoding.EncodeToString(b)
}

// ValidSecret tells whether it is a secret as NewSecret returns them.
func ValidSecret(secret string) bool {
	b, err := encoding.DecodeString(secret)
	return err == nil && len(b) == secretSize && len(secret) == encoding.EncodedLen(secretSize)
}

// URL is what an app takes the secret from, of the account at the portal
// (https://github.com/google/google-authenticator/wiki/Key-Uri-Format).
func URL(portal, account, secret string) string {
	// A colon parts the two.
	name := strings.ReplaceAll(portal, ":", " ")
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + name + ":" + account}
	u.RawQuery = strings.ReplaceAll(url.Values{"secret": {secret}, "issuer": {name}}.Encode(), "+", "%20")
	return u.String()
}

// QR is the text as a QR code: the path of an SVG image whose user units are
// modules, and how many it is wide and high, with the quiet zone of 4.
func QR(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 0, fmt.Errorf("QR code: %w", err)
	}
	const quiet = 4
	var b strings.Builder
	bounds := code.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return b.String(), bounds.Dx() + 2*quiet, nil
}

// Step tells which period the code is of: the current one, or for clocks that
// differ a little the one before or after. ok is false where it is of none.
func Step(code, secret string, now time.Time) (step int64, ok bool) {
	code = digitsOf(code)
	for _, off := range []int64{0, -1, 1} {
		at := now.Add(time.Duration(off*period) * time.Second)
		valid, err := totp.ValidateCustom(code, secret, at, totp.ValidateOpts{Period: period, Digits: digits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && valid {
			return at.Unix() / period, true
		}
	}
	return 0, false
}

// digitsOf is the code without the spaces that people write into it.
func digitsOf(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\u202f' || r == '-' {
			return -1
		}
		return r
	}, code)
}

// recoveryCodes is how many of them there are.
const recoveryCodes = 10

// letters are those of recovery codes, without what looks alike.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// NewRecovery returns recovery codes, each of which stands in for the app once:
// two groups of five letters, 49 bits.
func NewRecovery() []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		var b strings.Builder
		for b.Len() < 11 {
			if b.Len() == 5 {
				b.WriteByte('-')
			}
			var one [1]byte
			rand.Read(one[:])
			// Those beyond the last whole round would make some letters likelier.
			if n := int(one[0]); n < 256/len(letters)*len(letters) {
				b.WriteByte(letters[n%len(letters)])
			}
		}
		codes[i] = b.String()
	}
	return codes
}

// RecoveryHash is a recovery code as the store knows it, however it is written.
// Codes are random, used once, and tries at them are counted: a plain hash
// suffices.
func RecoveryHash(code string) string {
	sum := sha256.Sum256([]byte("recovery " + strings.ToLower(digitsOf(strings.TrimSpace(code)))))
	return hex.EncodeToString(sum[:])
}
