// Package passkey has devices sign challenges, and checks what they answer
// (WebAuthn, https://www.w3.org/TR/webauthn-3/). It keeps nothing: who asks keeps
// the ceremony until the answer comes, and uses it once.
package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"postern/shared/portal"
)

// Age is how long the answer to a challenge may take.
const Age = 5 * time.Minute

// Limits of what a browser sends, in bytes. Answers are some 2 KB, keys that are
// kept some 500 bytes.
const (
	maxAnswer = 16 << 10
	maxKept   = 4 << 10
)

// Party is who passkeys are for: they work on its host alone.
type Party struct{ w *webauthn.WebAuthn }

// Open returns the party whose pages are served from the origin. Devices show its
// name.
func Open(origin, name string) (*Party, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("passkeys of %q: %w", origin, err)
	}
	timeout := webauthn.TimeoutConfig{Timeout: Age, TimeoutUVD: Age}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(), ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys of %q: %w", origin, err)
	}
	return &Party{w}, nil
}

// handle is whose a passkey is, as the device keeps it: several portals may have
// one host, and a passkey opens one of them.
func handle(portalID, person string) []byte { return []byte(portalID + "." + person) }

// Ceremony is a challenge, and what its answer is checked against.
type Ceremony struct {
	Hash string // the challenge's, by which the answer finds the ceremony
	Data []byte
}

func ceremony(s *webauthn.SessionData) (Ceremony, error) {
	data, err := json.Marshal(s)
	return Ceremony{Hash: hash(s.Challenge), Data: data}, err
}

func hash(challenge string) string {
	sum := sha256.Sum256([]byte(challenge))
	return hex.EncodeToString(sum[:])
}

// Key is a passkey as it is kept.
type Key struct {
	ID      string // stands for the credential's id, which may be long
	Counter uint32
	Synced  bool
	Data    []byte
}

func keyOf(c *webauthn.Credential) (Key, error) {
	c.Attestation = webauthn.CredentialAttestation{} // nobody looks at it again
	data, err := json.Marshal(c)
	if err == nil && len(data) > maxKept {
		err = fmt.Errorf("a passkey of %d bytes", len(data))
	}
	sum := sha256.Sum256(c.ID)
	return Key{ID: hex.EncodeToString(sum[:16]), Counter: c.Authenticator.SignCount, Synced: c.Flags.BackupState, Data: data}, err
}

// owner is a person as the library asks for one.
type owner struct {
	handle      []byte
	person      portal.Person
	credentials []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return o.handle }
func (o owner) WebAuthnName() string                       { return o.person.Email }
func (o owner) WebAuthnDisplayName() string                { return o.person.Name() }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }

func ownerOf(portalID string, p portal.Person, keys ...Key) (owner, error) {
	o := owner{handle: handle(portalID, p.ID), person: p, credentials: make([]webauthn.Credential, len(keys))}
	for i, k := range keys {
		if err := json.Unmarshal(k.Data, &o.credentials[i]); err != nil {
			return o, fmt.Errorf("passkey %s: %w", k.ID, err)
		}
	}
	return o, nil
}

// algorithms are those that devices have, the first one preferred.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
}

// Add returns what has a browser make a passkey of the person, on a device that
// has none of theirs yet: PublicKeyCredentialCreationOptionsJSON below "publicKey".
func (p *Party) Add(portalID string, person portal.Person, have []Key) (options any, c Ceremony, err error) {
	o, err := ownerOf(portalID, person, have...)
	if err != nil {
		return nil, c, err
	}
	creation, session, err := p.w.BeginRegistration(o,
		webauthn.WithCredentialParameters(algorithms),
		webauthn.WithExclusions(webauthn.Credentials(o.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, c, fmt.Errorf("begin a passkey: %w", err)
	}
	c, err = ceremony(session)
	return creation, c, err
}

// SignIn returns what has a browser sign in with any passkey that it has for the
// party: PublicKeyCredentialRequestOptionsJSON below "publicKey".
func (p *Party) SignIn() (options any, c Ceremony, err error) {
	assertion, session, err := p.w.BeginDiscoverableLogin()
	if err != nil {
		return nil, c, fmt.Errorf("begin to sign in: %w", err)
	}
	c, err = ceremony(session)
	return assertion, c, err
}

// ErrRefused is in the chain of every error that an answer is to blame for.
var ErrRefused = errors.New("refused")

// ErrCloned is in the chain where the answer is right, but the passkey has counted
// fewer signatures than are known: there is a copy of it.
var ErrCloned = errors.New("the passkey's counter went back")

func refused(err error) error {
	info := ""
	if e := (*protocol.Error)(nil); errors.As(err, &e) {
		info = ": " + e.DevInfo
	}
	return fmt.Errorf("%w: %w%s", ErrRefused, err, info)
}

// Added is a browser's answer to Add.
type Added struct {
	Hash   string // of the challenge that it says it answers
	parsed *protocol.ParsedCredentialCreationData
}

// ParseAdded reads an answer: RegistrationResponseJSON.
func ParseAdded(answer []byte) (Added, error) {
	if len(answer) > maxAnswer {
		return Added{}, refused(fmt.Errorf("%d bytes", len(answer)))
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Added{}, refused(err)
	}
	return Added{hash(parsed.Response.CollectedClientData.Challenge), parsed}, nil
}

// Key checks the answer against the ceremony that Add began for the person, and
// returns their passkey. Its errors have ErrRefused in the chain.
func (p *Party) Key(portalID string, person portal.Person, data []byte, a Added) (Key, error) {
	var session webauthn.SessionData
	if err := json.Unmarshal(data, &session); err != nil {
		return Key{}, refused(err)
	}
	o, err := ownerOf(portalID, person)
	if err != nil {
		return Key{}, err
	}
	c, err := p.w.CreateCredential(o, session, a.parsed)
	if err != nil {
		return Key{}, refused(err)
	}
	k, err := keyOf(c)
	if err != nil {
		return Key{}, refused(err)
	}
	return k, nil
}

// Answer is a browser's answer to SignIn.
type Answer struct {
	Hash   string // of the challenge that it says it answers
	ID     string // of the passkey that it says it is signed with
	parsed *protocol.ParsedCredentialAssertionData
}

// ParseAnswer reads an answer: AuthenticationResponseJSON.
func ParseAnswer(answer []byte) (Answer, error) {
	if len(answer) > maxAnswer {
		return Answer{}, refused(fmt.Errorf("%d bytes", len(answer)))
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Answer{}, refused(err)
	}
	sum := sha256.Sum256(parsed.RawID)
	return Answer{hash(parsed.Response.CollectedClientData.Challenge), hex.EncodeToString(sum[:16]), parsed}, nil
}

// Person is whose passkey the answer says it is signed with. ok is false where it
// is nobody's of the portal.
func (a Answer) Person(portalID string) (person string, ok bool) {
	rest, ok := bytes.CutPrefix(a.parsed.Response.UserHandle, handle(portalID, ""))
	return string(rest), ok && portal.ValidID(string(rest))
}

// Check checks the answer against the ceremony that SignIn began and the person's
// passkey, and returns the passkey as it is from then on. Its errors have
// ErrRefused in the chain, or ErrCloned.
func (p *Party) Check(portalID string, person portal.Person, data []byte, a Answer, k Key) (Key, error) {
	var session webauthn.SessionData
	if err := json.Unmarshal(data, &session); err != nil {
		return k, refused(err)
	}
	o, err := ownerOf(portalID, person, k)
	if err != nil {
		return k, err
	}
	_, c, err := p.w.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return o, nil }, session, a.parsed)
	if err != nil {
		return k, refused(err)
	}
	if c.Authenticator.CloneWarning {
		return k, refused(ErrCloned)
	}
	return keyOf(c)
}
