package matrix

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"postern/infra/local/sample"
	"postern/shared/portal"
)

// device is an authenticator with one passkey.
type device struct {
	virtualwebauthn.Authenticator
	key virtualwebauthn.Credential
}

func newDevice() *device {
	d := &device{Authenticator: virtualwebauthn.NewAuthenticator()}
	// It writes coordinates that begin with a zero byte too short: 1 of 128.
	const whole = 77
	for d.key.Key == nil || len(d.key.Key.AttestationData()) != whole {
		d.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return d
}

func party() virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{ID: "localhost", Name: "Support", Origin: at.origin}
}

// proof is the body that asks for the options at the path.
func proof(path []string) map[string]string {
	if path[0] == "passkey" {
		return map[string]string{}
	}
	return map[string]string{"current": sample.Password}
}

// begun asks for the options at the path.
func begun(t *testing.T, s session, path ...string) string {
	t.Helper()
	got := s.do(request{method: "POST", path: s.api(append(path, "options")...), json: proof(path)})
	if got.code != 200 {
		t.Errorf("%s: %d %s", path, got.code, got.body)
	}
	return got.body
}

// made is what the device makes of options to add a passkey.
func (d *device) made(t *testing.T, options string) map[string]any {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		t.Error(err)
		return nil
	}
	d.Options.UserHandle = []byte(o.UserID)
	return map[string]any{"credential": json.RawMessage(virtualwebauthn.CreateAttestationResponse(party(), d.Authenticator, d.key, *o))}
}

// signed is what the device makes of options to sign in.
func (d *device) signed(t *testing.T, options string) map[string]any {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		t.Error(err)
		return nil
	}
	return map[string]any{"credential": json.RawMessage(virtualwebauthn.CreateAssertionResponse(party(), d.Authenticator, d.key, *o))}
}

// add adds the device's passkey to those of whose session it is, and returns its id.
func (d *device) add(t *testing.T, s session) string {
	t.Helper()
	got := s.do(request{method: "POST", path: s.api("account", "passkeys"), json: d.made(t, begun(t, s, "account", "passkeys"))})
	if got.code != 201 {
		t.Errorf("%d %s", got.code, got.body)
		return ""
	}
	return read[struct{ ID string }](t, got).ID
}

// passkeyExample is an example of a request as a device would have it, which answers
// each challenge once, and its path.
func passkeyExample(t *testing.T, s session, key, path string, body []byte) (string, []byte) {
	t.Helper()
	var made map[string]any
	switch key {
	case "POST /api/v1/{portal}/passkey":
		d := newDevice()
		d.add(t, s)
		made = d.signed(t, begun(t, s, "passkey"))
	case "POST /api/v1/{portal}/account/passkeys":
		made = newDevice().made(t, begun(t, s, "account", "passkeys"))
	case "PATCH /api/v1/{portal}/account/passkeys/{passkey}":
		return strings.Replace(path, "{passkey}", newDevice().add(t, s), 1), body
	default:
		return path, body
	}
	var example map[string]any
	if err := json.Unmarshal(body, &example); err != nil {
		t.Fatal(err)
	}
	example["credential"] = made["credential"]
	body, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	return path, body
}

// passkeyVisits are what a device provokes at the route, at places of their own and
// in sessions that began a while ago.
func passkeyVisits(t *testing.T, key string) []visit {
	who := func() session {
		return newPlace(t).as(sample.Customer, func(s *portal.Session) { s.Created = s.Created.Add(-portal.FreshSession) })
	}
	method, path, _ := strings.Cut(key, " ")
	next := func(by session, want int, prepare func(*visit)) visit {
		r := request{method: method, path: strings.Replace(path, "{portal}", by.settings.Slug, 1), json: map[string]string{}}
		return visit{key: key, by: by, want: want, request: r, prepare: prepare}
	}
	by := who()
	nobody := by.nobody()
	switch key {
	case "POST /api/v1/{portal}/passkey/options":
		return []visit{next(nobody, 429, func(v *visit) {
			for range 60 {
				nobody.do(v.request)
			}
		})}
	case "POST /api/v1/{portal}/passkey":
		d := newDevice()
		return []visit{
			next(nobody, 401, func(v *visit) { v.json = newDevice().signed(t, begun(t, nobody, "passkey")) }),
			next(nobody, 204, func(v *visit) {
				d.add(t, by)
				v.json = d.signed(t, begun(t, nobody, "passkey"))
			}),
		}
	case "POST /api/v1/{portal}/account/passkeys":
		d := newDevice()
		return []visit{
			next(by, 201, func(v *visit) { v.json = newDevice().made(t, begun(t, by, "account", "passkeys")) }),
			next(by, 409, func(v *visit) {
				d.add(t, by)
				v.json = d.made(t, begun(t, by, "account", "passkeys"))
			}),
		}
	case "POST /api/v1/{portal}/account/passkeys/options":
		full, guessing := who(), who()
		return []visit{
			next(full, 409, func(v *visit) {
				v.json = map[string]string{"current": sample.Password}
				for range portal.MaxPasskeys {
					newDevice().add(t, full)
				}
			}),
			next(guessing, 429, func(v *visit) {
				v.json = map[string]string{"current": "not the password"}
				for i := range 10 {
					if got := guessing.do(v.request); got.code != 422 {
						t.Errorf("guess %d: %d %s", i, got.code, got.body)
					}
				}
			}),
		}
	case "PATCH /api/v1/{portal}/account/passkeys/{passkey}", "DELETE /api/v1/{portal}/account/passkeys/{passkey}":
		return []visit{next(by, 204, func(v *visit) {
			v.path = by.api("account", "passkeys", newDevice().add(t, by))
			if method == "PATCH" {
				v.json = map[string]string{"name": "Notebook"}
			}
		})}
	}
	return nil
}
