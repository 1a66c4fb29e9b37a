// Package password hashes passwords with Argon2id.
package password

import (
	"fmt"
	"sync"

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

// Match tells whether the password is the hashed one. An empty hash, of an
// unknown person or one without a password, matches nothing and takes as long.
func Match(password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		var err error
		if hash, err = nobody(); err != nil {
			return false, err
		}
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok && known, nil
}

var nobody = sync.OnceValues(func() (string, error) { return Hash("nobody has this password") })
