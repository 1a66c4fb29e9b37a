// Package password hashes passwords with Argon2id.
package password

import (
	"fmt"

	"github.com/alexedwards/argon2id"
)

// params is OWASP's first recommendation for Argon2id: 19 MiB, two passes, one
// lane (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html).
var params = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Hash returns the password's hash in PHC form, with its parameters and salt.
func Hash(password string) (string, error) {
	h, err := argon2id.CreateHash(password, params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return h, nil
}

// nobody is the hash of a password that nobody has, made with params: an
// unknown person costs as much work as a known one.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$mmTRAZORGmihYTahJ3tP7A$puI/rwDI91cWG1lMZqGUxCWjzwXpYYgKCh/IC8URfPo"

// Match tells whether the password is the hashed one. An empty hash, of an
// unknown person or one without a password, matches nothing and takes as long.
func Match(password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = nobody
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok && known, nil
}
