// Package password says which passwords are good enough, and hashes them with
// Argon2id.
package password

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"postern/shared/portal"
)

// params is OWASP's first recommendation for Argon2id: 19 MiB, two passes, one
// lane (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html).
var params = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Hash returns the password's hash in PHC form, with its parameters and salt.
// Whether the password is good enough is Check's to say.
func Hash(password string) (string, error) {
	h, err := argon2id.CreateHash(normal(password), params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return h, nil
}

// nobody is the hash of a password that nobody has, made with params: an
// unknown person costs as much work as a known one.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$mmTRAZORGmihYTahJ3tP7A$puI/rwDI91cWG1lMZqGUxCWjzwXpYYgKCh/IC8URfPo"

// Match tells whether the password is the hashed one. An empty hash, of an
// unknown person or one without a password, matches nothing and takes as long;
// so does a password that is longer than one may be, whatever its length.
func Match(password, hash string) (bool, error) {
	possible := hash != ""
	if !possible {
		hash = nobody
	}
	if len(password) > longest {
		password, possible = "", false
	}
	if password = normal(password); len(password) > portal.MaxPassword {
		password, possible = "", false
	}
	ok, err := compare(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok && possible, nil
}

// compare is replaced by the tests that count how often it is asked.
var compare = argon2id.ComparePasswordAndHash

// longest is how many bytes are normalised at all. No text shrinks to less
// than a third by it (Unicode TR 15, 9, of NFC with what it composes).
const longest = 4 * portal.MaxPassword

// normal returns the password as it is hashed: in the normal form C, so that a
// password is the same on every keyboard and system (NIST SP 800-63B-4,
// 3.1.1.2), and with one kind of space, which some keyboards make others of
// (RFC 8265, 4.2.2). Unlike RFC 8265 it takes every character, because what a
// newer version of Unicode would take or refuse must not lock anybody out. Of
// printable ASCII it changes nothing.
func normal(password string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, password))
}
