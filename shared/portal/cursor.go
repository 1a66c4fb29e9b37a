package portal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Cursor is a place in an ordered list, from which a page goes on in either
// direction. It is one position, not a page number, so that what arrives or
// moves meanwhile neither repeats nor hides anything.
type Cursor struct {
	Position string // the sort key that the page starts behind
	Back     bool   // towards the beginning of the list
}

// Sign returns the cursor as a text for a URL, bound to the query: the portal,
// the viewer and whatever decides what the list holds. With another query, or
// changed, it is refused.
func (c Cursor) Sign(key []byte, query string) string {
	payload := "n" + c.Position
	if c.Back {
		payload = "p" + c.Position
	}
	return base64.RawURLEncoding.EncodeToString(append(cursorMAC(key, query, payload), payload...))
}

// ParseCursor returns the cursor of a text that Sign made for the same query.
// It is an Invalid error otherwise.
func ParseCursor(text string, key []byte, query string) (Cursor, error) {
	invalid := &Error{Kind: Invalid, Key: "error.cursor", Fields: []FieldError{{Field: "cursor", Key: "error.cursor"}}}
	if len(text) > 300 {
		return Cursor{}, invalid
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < macBytes+2 {
		return Cursor{}, invalid
	}
	mac, payload := b[:macBytes], string(b[macBytes:])
	// The decoder passes over line ends and spare bits.
	if !hmac.Equal(mac, cursorMAC(key, query, payload)) || base64.RawURLEncoding.EncodeToString(b) != text {
		return Cursor{}, invalid
	}
	return Cursor{Position: payload[1:], Back: strings.HasPrefix(payload, "p")}, nil
}

const macBytes = 12 // 96 bits: a guess at a position inside one's own list gains nothing

func cursorMAC(key []byte, query, payload string) []byte {
	return Derive(key, "cursor", query, payload)[:macBytes]
}

// Derive returns 32 bytes made of the key for one purpose, by HMAC-SHA-256.
// Parts are kept apart by their lengths.
func Derive(key []byte, purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range append([]string{purpose}, parts...) {
		n := len(p)
		h.Write([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}
