package form

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"

	"postern/shared/portal"
)

// Work is a challenge in ALTCHA's form (altcha.org/docs/v2/server-integration): a
// device finds the number whose hash, with the salt, is the challenge. It keeps those
// out who would send a thousand, and asks nobody to look at pictures.
type Work struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber int64  `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// solution is what comes back, in base64 of JSON.
type solution struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	Number    int64  `json:"number"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

const (
	workAlgorithm = "SHA-256"
	workMost      = 50_000 // hashes: about a second on a phone
	workAge       = 20 * time.Minute
)

// NewWork returns a challenge for who sends the form.
func NewWork(s *portal.Settings, formID string, now time.Time) Work {
	n, err := rand.Int(rand.Reader, big.NewInt(workMost))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	salt := rand.Text() + "?" + url.Values{"expires": {strconv.FormatInt(now.Add(workAge).Unix(), 10)}, "form": {formID}}.Encode()
	w := Work{Algorithm: workAlgorithm, Challenge: Hash(salt, n.Int64()), MaxNumber: workMost, Salt: salt}
	w.Signature = signWork(s, w.Challenge, salt)
	return w
}

// Hash is what a device tries: of the salt and the number after it, in hexadecimal.
func Hash(salt string, n int64) string {
	sum := sha256.Sum256([]byte(salt + strconv.FormatInt(n, 10)))
	return hex.EncodeToString(sum[:])
}

func signWork(s *portal.Settings, challenge, salt string) string {
	return hex.EncodeToString(portal.Derive(s.Key, "form-challenge", challenge, salt))
}

// Solved returns the challenge that the payload solves, by which it is used up, and
// when it ends. ok is false where it is none of the form's, not solved, or too old.
func Solved(s *portal.Settings, formID, payload string, now time.Time) (challenge string, ends time.Time, ok bool) {
	text, err := base64.StdEncoding.DecodeString(payload)
	var so solution
	if err != nil || json.Unmarshal(text, &so) != nil || so.Algorithm != workAlgorithm {
		return "", time.Time{}, false
	}
	_, query, _ := strings.Cut(so.Salt, "?")
	q, err := url.ParseQuery(query)
	expires, wrong := strconv.ParseInt(q.Get("expires"), 10, 64)
	switch {
	case err != nil || wrong != nil || q.Get("form") != formID,
		!hmac.Equal([]byte(so.Signature), []byte(signWork(s, so.Challenge, so.Salt))),
		so.Number < 0 || Hash(so.Salt, so.Number) != so.Challenge,
		now.Unix() > expires:
		return "", time.Time{}, false
	}
	return so.Challenge, time.Unix(expires, 0), true
}
