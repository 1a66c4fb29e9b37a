package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/auth/passkey"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
	"postern/shared/web"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "passkey", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s)
	})
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	want := func(status int, key string, fields ...string) functiontest.Want {
		if fields == nil {
			fields = []string{}
		}
		return functiontest.Want{Status: status, Detail: T("de", key), Fields: fields}
	}
	status := func(status int) functiontest.Want { return functiontest.Want{Status: status} }
	gone := functiontest.Want{Status: 303, Header: map[string]string{"Location": "/{portal}/account?done=passkey-gone"}}
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"options": {Status: 200, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			var o struct {
				PublicKey struct {
					Challenge        string           `json:"challenge"`
					Timeout          int              `json:"timeout"`
					RPID             string           `json:"rpId"`
					UserVerification string           `json:"userVerification"`
					Allow            []map[string]any `json:"allowCredentials"`
				} `json:"publicKey"`
			}
			a.JSON(t, &o)
			k := o.PublicKey
			if len(k.Challenge) < 43 || k.Timeout != int(passkey.Age.Milliseconds()) || k.RPID != functiontest.Host || k.UserVerification != "required" || k.Allow != nil {
				t.Errorf("%+v", o)
			}
		}},
		"options-field": want(422, "error.invalid", "email"), "options-type": status(415),
		"options-cross-origin": status(403), "options-portal-unknown": status(404),

		"sign-in-unknown":      want(401, "passkey.error.expired"),
		"sign-in-answer":       want(422, "error.invalid", "credential"),
		"sign-in-added":        want(422, "error.invalid", "credential"),
		"sign-in-empty":        want(422, "error.invalid", "credential"),
		"sign-in-field":        want(422, "error.invalid", "person"),
		"sign-in-broken":       status(400),
		"sign-in-type":         status(415),
		"sign-in-cross-origin": status(403),

		"list": {Status: 200, Check: func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
			if a.Body != `{"passkeys":[]}` {
				t.Error(a.Body)
			}
		}},
		"list-team": status(200), "list-signed-out": want(401, "error.session"),

		"add-options": {Status: 200, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			o, err := virtualwebauthn.ParseAttestationOptions(a.Body)
			if err != nil || o.RelyingPartyID != functiontest.Host || o.RelyingPartyName != p.Settings.Name ||
				o.UserID != p.ID+"."+sample.Customer || o.UserName != "customer@nordwind.example" || o.UserDisplayName != "Anna Brandt" {
				t.Errorf("%+v, %v", o, err)
			}
			for _, part := range []string{
				`"residentKey":"required"`, `"requireResidentKey":true`, `"userVerification":"required"`,
				`"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257},{"type":"public-key","alg":-8}]`,
			} {
				if !strings.Contains(a.Body, part) {
					t.Errorf("no %s in %s", part, a.Body)
				}
			}
		}},
		"add-options-team":         status(200),
		"add-options-field":        want(422, "error.invalid", "password"),
		"add-options-signed-out":   want(401, "error.session"),
		"add-options-cross-origin": status(403),

		"add-unknown":      want(409, "passkey.error.expired"),
		"add-answer":       want(422, "error.invalid", "credential"),
		"add-name":         want(422, "error.invalid", "name"),
		"add-field":        want(422, "error.invalid", "id"),
		"add-signed-out":   want(401, "error.session"),
		"add-cross-origin": status(403),

		"rename-unknown": status(404), "rename-malformed": status(404), "rename-empty": want(422, "error.invalid", "name"),
		"rename-signed-out": want(401, "error.session"), "rename-cross-origin": status(403),
		"delete-unknown": status(404), "delete-malformed": status(404),
		"delete-signed-out": want(401, "error.session"), "delete-cross-origin": status(403),
		"remove-unknown": gone, "remove-malformed": gone, "remove-signed-out": status(401), "remove-cross-origin": status(403),
	})
}

// device is an authenticator with a passkey, and how it answers.
type device struct {
	virtualwebauthn.Authenticator
	key   virtualwebauthn.Credential
	party virtualwebauthn.RelyingParty
}

func newDevice() *device {
	d := &device{
		Authenticator: virtualwebauthn.NewAuthenticator(),
		party:         virtualwebauthn.RelyingParty{ID: functiontest.Host, Name: "Support", Origin: "https://" + functiontest.Host},
	}
	// It writes coordinates that begin with a zero byte too short: 1 of 128.
	const whole = 77
	for d.key.Key == nil || len(d.key.Key.AttestationData()) != whole {
		d.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return d
}

// made is the device's answer to the options of adding.
func (d *device) made(t *testing.T, options string) json.RawMessage {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		t.Fatal(err, options)
	}
	d.Options.UserHandle = []byte(o.UserID)
	return json.RawMessage(virtualwebauthn.CreateAttestationResponse(d.party, d.Authenticator, d.key, *o))
}

// signed is the device's answer to the options of signing in.
func (d *device) signed(t *testing.T, options string) json.RawMessage {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		t.Fatal(err, options)
	}
	return json.RawMessage(virtualwebauthn.CreateAssertionResponse(d.party, d.Authenticator, d.key, *o))
}

const (
	signInOptions = "/api/v1/{portal}/passkey/options"
	signInAt      = "/api/v1/{portal}/passkey"
	addOptions    = "/api/v1/{portal}/account/passkeys/options"
	passkeysAt    = "/api/v1/{portal}/account/passkeys"
)

func post(t *testing.T, p *functiontest.Portal, url, cookie string, body any) functiontest.Answer {
	t.Helper()
	r := functiontest.Request{Method: "POST", URL: url, JSON: body}
	if cookie != "" {
		r.Cookie = []string{cookie}
	}
	return p.Do(t, r)
}

func ask(t *testing.T, p *functiontest.Portal, url, cookie string) string {
	t.Helper()
	a := post(t, p, url, cookie, map[string]any{})
	if a.Status != 200 {
		t.Fatalf("%s: %d %s %v", url, a.Status, a.Body, a.Log["error"])
	}
	return a.Body
}

// add makes a passkey of whose session it is.
func (d *device) add(t *testing.T, p *functiontest.Portal, cookie, name string) passkeyView {
	t.Helper()
	a := post(t, p, passkeysAt, cookie, map[string]any{"credential": d.made(t, ask(t, p, addOptions, cookie)), "name": name})
	if a.Status != 201 {
		t.Fatalf("%d %s %v", a.Status, a.Body, a.Log["error"])
	}
	var v passkeyView
	a.JSON(t, &v)
	return v
}

func (d *device) signIn(t *testing.T, p *functiontest.Portal) functiontest.Answer {
	t.Helper()
	return post(t, p, signInAt, "", map[string]any{"credential": d.signed(t, ask(t, p, signInOptions, ""))})
}

// personOf is whose session the answer begins, "" where it begins none.
func personOf(t *testing.T, p *functiontest.Portal, a functiontest.Answer) string {
	t.Helper()
	c := a.Cookie(auth.CookieName(p.ID, p.Config.Insecure()))
	if c == nil {
		return ""
	}
	token, ok := auth.ParseToken(c.Value)
	if !ok {
		t.Fatal(c.Value)
	}
	_, v, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false)
	if err != nil {
		t.Fatal(err)
	}
	return v.ID
}

// refused fails the test where the answer is anything but the refusal.
func refused(t *testing.T, p *functiontest.Portal, a functiontest.Answer, status int, key string, pairs ...string) {
	t.Helper()
	if a.Status != status || personOf(t, p, a) != "" {
		t.Errorf("%d, signs in %q: %s %v", a.Status, personOf(t, p, a), a.Body, a.Log["error"])
		return
	}
	got := a.Problem(t)
	said := []string{got.Detail}
	for _, e := range got.Errors {
		said = append(said, e.Message)
	}
	if want := functiontest.T("de", key, pairs...); !slices.Contains(said, want) {
		t.Errorf("says %q, not %q (%v)", said, want, a.Log["error"])
	}
}

func logged(t *testing.T, p *functiontest.Portal) map[portal.AuditAction]int {
	t.Helper()
	all, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	count := map[portal.AuditAction]int{}
	for _, e := range all {
		if e.Details["way"] != "passkey" || e.Actor == "" || e.ActorName == "" {
			t.Errorf("%+v", e)
		}
		count[e.Action]++
	}
	return count
}

func TestPasskey(t *testing.T) {
	p := functiontest.New(t)
	d := newDevice()
	added := d.add(t, p, p.Session(t, "customer"), "  Notebook ")
	if added.Name != "Notebook" || added.Used != nil || added.Synced || !portal.ValidID(added.ID) {
		t.Errorf("%+v", added)
	}
	d.key.Counter = 1
	a := d.signIn(t, p)
	if a.Status != 204 || personOf(t, p, a) != sample.Customer {
		t.Fatalf("%d, %q: %s %v", a.Status, personOf(t, p, a), a.Body, a.Log["error"])
	}
	if trips, read, write := a.Price(); trips != 6 || read != 2 || write != 5 {
		t.Errorf("costs %d round trips, %g read, %g written", trips, read, write)
	}
	var view passkeysView
	list := func() passkeysView {
		view = passkeysView{}
		p.Do(t, functiontest.Request{URL: passkeysAt, As: "customer"}).JSON(t, &view)
		return view
	}
	if list(); len(view.Passkeys) != 1 || view.Passkeys[0].Used == nil || view.Passkeys[0].ID != added.ID {
		t.Fatalf("%+v", view)
	}
	at := passkeysAt + "/" + added.ID
	if a := p.Do(t, functiontest.Request{Method: "PATCH", URL: at, As: "customer", JSON: nameBody{"Telefon"}}); a.Status != 204 {
		t.Errorf("renamed: %d %s", a.Status, a.Body)
	}
	for _, other := range []string{"colleague", "admin"} {
		if a := p.Do(t, functiontest.Request{Method: "PATCH", URL: at, As: other, JSON: nameBody{"Meins"}}); a.Status != 404 {
			t.Errorf("renamed by %s: %d", other, a.Status)
		}
		if a := p.Do(t, functiontest.Request{Method: "DELETE", URL: at, As: other}); a.Status != 404 {
			t.Errorf("removed by %s: %d", other, a.Status)
		}
	}
	if list(); len(view.Passkeys) != 1 || view.Passkeys[0].Name != "Telefon" {
		t.Fatalf("%+v", view)
	}
	a = p.Do(t, functiontest.Request{Method: "POST", URL: "/{portal}/account/passkeys/" + added.ID + "/remove", As: "customer"})
	if a.Status != 303 || a.Header.Get("Location") != "/"+p.Slug+"/account?done=passkey-removed" {
		t.Errorf("removed: %d %s", a.Status, a.Header.Get("Location"))
	}
	if list(); len(view.Passkeys) != 0 {
		t.Errorf("%+v", view)
	}
	d.key.Counter = 2
	refused(t, p, d.signIn(t, p), 401, "passkey.error.failed")
	if got := logged(t, p); got[portal.AuditFactorAdded] != 1 || got[portal.AuditSignedIn] != 1 || got[portal.AuditFactorRemoved] != 1 || len(got) != 3 {
		t.Errorf("the log: %v", got)
	}
	if a := p.Do(t, functiontest.Request{Method: "DELETE", URL: at, As: "customer"}); a.Status != 404 {
		t.Errorf("removed twice: %d", a.Status)
	}
}

// An RSA key, one that is on further devices, and one of the team.
func TestKinds(t *testing.T) {
	p := functiontest.New(t)
	rsa, synced := newDevice(), newDevice()
	rsa.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA)
	synced.Options.BackupEligible, synced.Options.BackupState = true, true
	rsa.add(t, p, p.Session(t, "agent"), "")
	if v := synced.add(t, p, p.Session(t, "agent"), ""); !v.Synced || !strings.HasPrefix(v.Name, "Passkey vom ") {
		t.Errorf("%+v", v)
	}
	for range 2 { // neither counts
		for _, d := range []*device{rsa, synced} {
			if a := d.signIn(t, p); personOf(t, p, a) != sample.Agent {
				t.Errorf("%d %s %v", a.Status, a.Body, a.Log["error"])
			}
		}
	}
	synced.Options.BackupEligible, synced.Options.BackupState = false, false
	refused(t, p, synced.signIn(t, p), 401, "passkey.error.failed")
}

// What is wrong with an answer to sign in with, it signs nobody in, and its
// challenge is used up.
func TestSignInRefused(t *testing.T) {
	p, other := functiontest.New(t), functiontest.New(t)
	d, theirs := newDevice(), newDevice()
	d.add(t, p, p.Session(t, "customer"), "")
	theirs.add(t, p, p.Session(t, "manager"), "")
	d.add(t, other, other.Session(t, "customer"), "") // the same key there
	d.Options.UserHandle = []byte(p.ID + "." + sample.Customer)

	for name, change := range map[string]func(*device){
		"another origin":             func(d *device) { d.party.Origin = "https://evil.example" },
		"another origin's port":      func(d *device) { d.party.Origin += ":8443" },
		"over plain HTTP":            func(d *device) { d.party.Origin = "http://" + functiontest.Host },
		"for another party":          func(d *device) { d.party.ID = "example" },
		"nobody verified":            func(d *device) { d.Options.UserNotVerified = true },
		"nobody there":               func(d *device) { d.Options.UserNotPresent = true },
		"somebody else's handle":     func(d *device) { d.Options.UserHandle = []byte(p.ID + "." + sample.Manager) },
		"nobody's handle":            func(d *device) { d.Options.UserHandle = []byte(p.ID + ".nobody0001") },
		"another portal's handle":    func(d *device) { d.Options.UserHandle = []byte(other.ID + "." + sample.Customer) },
		"a handle that is no id":     func(d *device) { d.Options.UserHandle = []byte(p.ID + ".a#b") },
		"no handle":                  func(d *device) { d.Options.UserHandle = nil },
		"another key":                func(d *device) { d.key.Key = theirs.key.Key },
		"another passkey's id":       func(d *device) { d.key.ID = theirs.key.ID },
		"a passkey that nobody has":  func(d *device) { d.key = newDevice().key },
		"a backup that it cannot be": func(d *device) { d.Options.BackupState = true },
	} {
		t.Run(name, func(t *testing.T) {
			wrong := *d
			change(&wrong)
			options := ask(t, p, signInOptions, "")
			refused(t, p, post(t, p, signInAt, "", map[string]any{"credential": wrong.signed(t, options)}), 401, "passkey.error.failed")
			refused(t, p, post(t, p, signInAt, "", map[string]any{"credential": d.signed(t, options)}), 401, "passkey.error.expired")
		})
	}
	if got := logged(t, p); got[portal.AuditSignedIn] != 0 || got[portal.AuditSignInFailed] == 0 {
		t.Errorf("the log: %v", got)
	}

	answer := d.signed(t, ask(t, p, signInOptions, ""))
	flipped := bytes.Replace(answer, []byte(`"signature":"ME`), []byte(`"signature":"MF`), 1)
	refused(t, p, post(t, p, signInAt, "", map[string]any{"credential": json.RawMessage(flipped)}), 401, "passkey.error.failed")
	refused(t, p, post(t, p, signInAt, "", map[string]any{"credential": d.signed(t, ask(t, other, signInOptions, ""))}), 401, "passkey.error.expired")
	refused(t, p, post(t, p, signInAt, "", map[string]any{"credential": d.signed(t, addingAsSignIn(t, ask(t, p, addOptions, p.Session(t, "customer"))))}), 401, "passkey.error.expired")

	if a := d.signIn(t, p); personOf(t, p, a) != sample.Customer {
		t.Errorf("%d %s %v", a.Status, a.Body, a.Log["error"])
	}
}

// addingAsSignIn is the challenge of adding, as if it were one to sign in.
func addingAsSignIn(t *testing.T, options string) string {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	return `{"publicKey":{"rpId":"` + functiontest.Host + `","challenge":"` + base64.RawURLEncoding.EncodeToString(o.Challenge) + `"}}`
}

// An answer counts once, however many send it at the same moment.
func TestReplay(t *testing.T) {
	p := functiontest.New(t)
	d := newDevice()
	d.add(t, p, p.Session(t, "customer"), "")
	body := map[string]any{"credential": d.signed(t, ask(t, p, signInOptions, ""))}
	answers := make([]functiontest.Answer, 6)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = post(t, p, signInAt, "", body) })
	}
	all.Wait()
	in := 0
	for _, a := range answers {
		if personOf(t, p, a) == sample.Customer {
			in++
		} else {
			refused(t, p, a, 401, "passkey.error.expired")
		}
	}
	if in != 1 {
		t.Errorf("%d are signed in", in)
	}
}

// A passkey whose counter does not go on has a copy.
func TestCloned(t *testing.T) {
	p := functiontest.New(t)
	d := newDevice()
	d.key.Counter = 5
	d.add(t, p, p.Session(t, "customer"), "")
	d.key.Counter = 7
	if a := d.signIn(t, p); personOf(t, p, a) != sample.Customer {
		t.Fatal(a.Body)
	}
	for _, counter := range []uint32{7, 6, 0} {
		d.key.Counter = counter
		refused(t, p, d.signIn(t, p), 401, "passkey.error.failed")
	}
	all, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 10)
	if err != nil || len(all) < 3 || all[0].Action != portal.AuditSignInFailed || all[0].Details["copied"] != "true" || all[0].Actor != sample.Customer {
		t.Errorf("%+v, %v", all, err)
	}
	d.key.Counter = 8
	if a := d.signIn(t, p); personOf(t, p, a) != sample.Customer {
		t.Errorf("afterwards: %s", a.Body)
	}
}

func TestExpired(t *testing.T) {
	p := functiontest.New(t)
	d := newDevice()
	session := p.Session(t, "customer")
	d.add(t, p, session, "")
	past := func(options, person, session string) {
		t.Helper()
		var o struct{ PublicKey struct{ Challenge string } }
		if err := json.Unmarshal([]byte(options), &o); err != nil {
			t.Fatal(err)
		}
		if session != "" {
			_, value, _ := strings.Cut(session, "=")
			token, _ := auth.ParseToken(value)
			session = token.Hash()
		}
		sum := sha256.Sum256([]byte(o.PublicKey.Challenge))
		hash := hex.EncodeToString(sum[:])
		c, err := p.Store.UsePasskeyChallenge(t.Context(), p.ID, hash, person, session, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(c.Ends); left > passkey.Age || left < passkey.Age-time.Minute {
			t.Errorf("ends in %v", left)
		}
		c.Ends = time.Now().Add(-time.Second)
		if err := p.Store.PutPasskeyChallenge(t.Context(), p.ID, hash, c); err != nil {
			t.Fatal(err)
		}
	}
	options := ask(t, p, signInOptions, "")
	past(options, "", "")
	refused(t, p, post(t, p, signInAt, "", map[string]any{"credential": d.signed(t, options)}), 401, "passkey.error.expired")
	options = ask(t, p, addOptions, session)
	past(options, sample.Customer, session)
	refused(t, p, post(t, p, passkeysAt, session, map[string]any{"credential": newDevice().made(t, options)}), 409, "passkey.error.expired")
}

// What is wrong with a new passkey, it is not added.
func TestAddRefused(t *testing.T) {
	p, other := functiontest.New(t), functiontest.New(t)
	session, again := p.Session(t, "customer"), p.SessionOf(t, sample.Customer)
	add := func(cookie string, answer json.RawMessage) functiontest.Answer {
		t.Helper()
		return post(t, p, passkeysAt, cookie, map[string]any{"credential": answer})
	}
	for name, change := range map[string]func(*device){
		"another origin":    func(d *device) { d.party.Origin = "https://evil.example" },
		"for another party": func(d *device) { d.party.ID = "example" },
		"nobody verified":   func(d *device) { d.Options.UserNotVerified = true },
		"nobody there":      func(d *device) { d.Options.UserNotPresent = true },
		"an id without end": func(d *device) { d.key.ID = bytes.Repeat([]byte("x"), 1100) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice()
			options := ask(t, p, addOptions, session)
			good := d.made(t, options)
			change(d)
			a := add(session, d.made(t, options))
			if a.Status != 422 || !slices.Equal(a.Problem(t).Fields(), []string{"credential"}) {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			if name != "an id without end" { // which nobody can read
				refused(t, p, add(session, good), 409, "passkey.error.expired")
			}
		})
	}
	d := newDevice()
	for name, c := range map[string]struct{ options, cookie string }{
		"a challenge of another person":  {ask(t, p, addOptions, p.Session(t, "manager")), session},
		"a challenge of another session": {ask(t, p, addOptions, again), session},
		"a challenge of another portal":  {ask(t, other, addOptions, other.Session(t, "customer")), session},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, p, add(c.cookie, d.made(t, c.options)), 409, "passkey.error.expired")
		})
	}
	var o struct{ PublicKey struct{ Challenge string } }
	if err := json.Unmarshal([]byte(ask(t, p, signInOptions, "")), &o); err != nil {
		t.Fatal(err)
	}
	signIn := strings.Replace(ask(t, p, addOptions, session), `"challenge":"`, `"challenge":"`+o.PublicKey.Challenge+`","was":"`, 1)
	refused(t, p, add(session, d.made(t, signIn)), 409, "passkey.error.expired")

	for size, status := range map[int]int{20_000: 422, 300_000: 413} {
		a := p.Do(t, functiontest.Request{Method: "POST", URL: passkeysAt, Cookie: []string{session}, JSON: map[string]any{"credential": map[string]string{"id": strings.Repeat("a", size)}}})
		if a.Status != status {
			t.Errorf("%d bytes: %d", size, a.Status)
		}
		if a := post(t, p, signInAt, "", map[string]any{"credential": map[string]string{"id": strings.Repeat("a", size)}}); a.Status != status {
			t.Errorf("%d bytes to sign in: %d", size, a.Status)
		}
	}

	good := d.made(t, ask(t, p, addOptions, session))
	if a := add(session, good); a.Status != 201 {
		t.Fatal(a.Body)
	}
	refused(t, p, add(session, good), 409, "passkey.error.expired")
	refused(t, p, add(session, d.made(t, ask(t, p, addOptions, session))), 409, "passkey.error.known")
	if got, err := p.Store.Passkeys(t.Context(), p.ID, sample.Customer); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

// The eleventh is one too many, also of those that are begun at once.
func TestTooManyPasskeys(t *testing.T) {
	p := functiontest.New(t)
	session := p.Session(t, "customer")
	max := functiontest.T("de", "passkey.error.tooMany", "max", "10")
	late := newDevice()
	options := ask(t, p, addOptions, session)
	var first passkeyView
	for i := range portal.MaxPasskeys {
		if v := newDevice().add(t, p, session, ""); i == 0 {
			first = v
		}
	}
	refused(t, p, post(t, p, addOptions, session, map[string]any{}), 409, "passkey.error.tooMany", "max", "10")
	if a := post(t, p, passkeysAt, session, map[string]any{"credential": late.made(t, options)}); a.Status != 409 || a.Problem(t).Detail != max {
		t.Errorf("begun before: %d %s", a.Status, a.Body)
	}
	if a := p.Do(t, functiontest.Request{Method: "DELETE", URL: passkeysAt + "/" + first.ID, As: "customer"}); a.Status != 204 {
		t.Fatal(a.Body)
	}
	if o, err := virtualwebauthn.ParseAttestationOptions(ask(t, p, addOptions, session)); err != nil || len(o.ExcludeCredentials) != portal.MaxPasskeys-1 {
		t.Errorf("%+v, %v", o, err)
	}
	late.add(t, p, session, "")
}

// An older session is no way to keep access for good.
func TestProof(t *testing.T) {
	p := functiontest.New(t)
	old := func(person string) string {
		return p.SessionOf(t, person, func(s *portal.Session) { s.Created = s.Created.Add(-portal.FreshSession) })
	}
	session := old(sample.Customer)
	options := func(cookie, current string) functiontest.Answer {
		return post(t, p, addOptions, cookie, map[string]any{"current": current})
	}
	refused(t, p, options(session, ""), 422, "passkey.error.current")
	refused(t, p, options(session, "not the password"), 422, "account.error.current")
	a := options(session, sample.Password)
	if a.Status != 200 {
		t.Fatal(a.Body)
	}
	if a := post(t, p, passkeysAt, session, map[string]any{"credential": newDevice().made(t, a.Body)}); a.Status != 201 {
		t.Error(a.Body)
	}
	for range web.PasswordTries.Most - 1 {
		options(session, "not the password")
	}
	if a := options(session, sample.Password); a.Status != 429 {
		t.Errorf("after ten wrong ones: %d", a.Status)
	}
	// Who has no password signs in anew.
	fresh := portal.Person{ID: "fresh00000001", First: "Frieda", Email: "frieda@nordwind.example", Role: portal.Customer, Created: time.Now(), Groups: []string{portal.CustomersGroup}}
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{fresh}, nil); err != nil {
		t.Fatal(err)
	}
	refused(t, p, options(old(fresh.ID), "anything"), 403, "passkey.error.again")
	newDevice().add(t, p, p.SessionOf(t, fresh.ID), "")
}

// Where people sign in with a provider, an admin alone has another way.
func TestRequireSSO(t *testing.T) {
	p := functiontest.New(t)
	agent, admin := newDevice(), newDevice()
	agent.add(t, p, p.Session(t, "agent"), "")
	admin.add(t, p, p.Session(t, "admin"), "")
	changed := *p.Settings
	changed.RequireSSO = true
	if err := p.Store.PutSettings(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	p.Restart(t)
	refused(t, p, agent.signIn(t, p), 403, "passkey.error.requireSSO")
	refused(t, p, post(t, p, addOptions, p.Session(t, "agent"), map[string]any{}), 403, "passkey.error.requireSSO")
	if a := admin.signIn(t, p); personOf(t, p, a) != sample.Admin {
		t.Error(a.Body)
	}
}

// The session that the browser had ends, and one that has ended adds nothing.
func TestSessions(t *testing.T) {
	p := functiontest.New(t)
	d := newDevice()
	d.add(t, p, p.Session(t, "customer"), "")
	before := p.SessionOf(t, sample.Manager)
	a := post(t, p, signInAt, before, map[string]any{"credential": d.signed(t, ask(t, p, signInOptions, ""))})
	if personOf(t, p, a) != sample.Customer {
		t.Fatal(a.Body)
	}
	if a := p.Do(t, functiontest.Request{URL: passkeysAt, Cookie: []string{before}}); a.Status != 401 {
		t.Errorf("the old session: %d", a.Status)
	}
	// Others go on.
	if a := p.Do(t, functiontest.Request{URL: passkeysAt, As: "customer"}); a.Status != 200 {
		t.Errorf("another session: %d", a.Status)
	}
}

func TestTooMany(t *testing.T) {
	p := functiontest.New(t)
	d := newDevice()
	d.add(t, p, p.Session(t, "customer"), "")
	if _, _, err := p.Store.Attempt(t.Context(), p.ID, "passkey", "192.0.2.1", networkTries-1, window, time.Now()); err != nil {
		t.Fatal(err)
	}
	for range 3 { // who signs in takes nothing away from others
		if a := d.signIn(t, p); personOf(t, p, a) != sample.Customer {
			t.Fatal(a.Body)
		}
	}
	ask(t, p, signInOptions, "")
	if a := post(t, p, signInOptions, "", map[string]any{}); a.Status != 429 || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	if a := p.Do(t, functiontest.Request{Method: "POST", URL: signInOptions, JSON: struct{}{}, From: "198.51.100.9"}); a.Status != 200 {
		t.Errorf("another network: %d", a.Status)
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "list") }

func TestFaults(t *testing.T) {
	for _, fixture := range []string{"options", "list", "add-options"} {
		functiontest.Faults(t, false, fixture, nil, nil)
	}
}

// Passkeys are of the host that the portal is served from, if that is a domain.
func TestAddress(t *testing.T) {
	p := functiontest.New(t)
	for origin, want := range map[string]string{"": functiontest.Host, "http://localhost:8080": "localhost", "https://192.0.2.7": ""} {
		h := handler{origin: origin}
		party, err := h.party(&web.Request{Request: &http.Request{Host: functiontest.Host}, Settings: p.Settings})
		if want == "" {
			if portal.KindOf(err) != portal.Forbidden {
				t.Errorf("%s: %v", origin, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		options, _, err := party.SignIn()
		text, wrong := json.Marshal(options)
		if err != nil || wrong != nil || !strings.Contains(string(text), `"rpId":"`+want+`"`) {
			t.Errorf("%s: %s, %v", origin, text, err)
		}
	}
}
