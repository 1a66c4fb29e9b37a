package main

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/auth"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "single-sign-on", func(cfg app.Config, s *dynamo.Store, _ *functiontest.Files) http.Handler {
		return newHandler(cfg, s, &http.Client{Transport: provider}, time.Now)
	})
}

// identity is what the provider says of who signs in with it, and how it breaks
// its word.
type identity struct {
	claims map[string]any
	alg    jose.SignatureAlgorithm
	forge  func(token string) string
	status int // of the token's answer
}

// fake is an identity provider, reached without a network. It keeps to OpenID
// Connect where an identity does not have it do otherwise, PKCE included.
type fake struct {
	key, other *rsa.PrivateKey

	mu    sync.Mutex
	codes map[string]session
	down  bool
}

type session struct {
	identity
	nonce, challenge, redirect string
}

var provider = newFake()

func newFake() *fake {
	f := &fake{codes: map[string]session{}}
	for _, to := range []**rsa.PrivateKey{&f.key, &f.other} {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		*to = k
	}
	return f
}

// authorize is the browser's visit at the provider, as somebody: it returns the
// query that the provider sends it back with.
func (f *fake) authorize(t *testing.T, location string, as identity) url.Values {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil || u.Scheme+"://"+u.Host+u.Path != sample.ProviderIssuer+"/authorize" {
		t.Fatalf("sent to %q, %v", location, err)
	}
	q := u.Query()
	for name, want := range map[string]string{"client_id": sample.ProviderClient, "response_type": "code", "code_challenge_method": "S256", "scope": "openid email profile"} {
		if q.Get(name) != want {
			t.Errorf("%s is %q", name, q.Get(name))
		}
	}
	if len(q.Get("state")) < 22 || len(q.Get("nonce")) < 22 || len(q.Get("code_challenge")) < 43 {
		t.Errorf("weak: %v", q)
	}
	code := rand.Text()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.codes[code] = session{as, q.Get("nonce"), q.Get("code_challenge"), q.Get("redirect_uri")}
	return url.Values{"code": {code}, "state": {q.Get("state")}}
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, io.ErrUnexpectedEOF
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch r.URL.String() {
	case sample.ProviderIssuer + "/.well-known/openid-configuration":
		answer(map[string]any{
			"issuer": sample.ProviderIssuer, "authorization_endpoint": sample.ProviderIssuer + "/authorize", "token_endpoint": sample.ProviderIssuer + "/token",
			"jwks_uri": sample.ProviderIssuer + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		})
	case sample.ProviderIssuer + "/keys":
		answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &f.key.PublicKey, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	case sample.ProviderIssuer + "/token":
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		s, ok := f.codes[r.PostForm.Get("code")]
		delete(f.codes, r.PostForm.Get("code"))
		_, secret, _ := r.BasicAuth()
		secret, _ = url.QueryUnescape(secret) // RFC 6749, 2.3.1
		if !ok || challenge(r.PostForm.Get("code_verifier")) != s.challenge || r.PostForm.Get("redirect_uri") != s.redirect || cmp.Or(secret, r.PostForm.Get("client_secret")) != theSecret {
			w.WriteHeader(http.StatusBadRequest)
			answer(map[string]string{"error": "invalid_grant"})
			break
		}
		if s.status != 0 {
			w.WriteHeader(s.status)
		}
		answer(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": f.token(s)})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// token is the session's ID token.
func (f *fake) token(s session) string {
	now := time.Now()
	claims := map[string]any{
		"iss": sample.ProviderIssuer, "aud": sample.ProviderClient, "sub": "subject", "nonce": s.nonce,
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "email_verified": true,
	}
	maps.Copy(claims, s.claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	key := jose.SigningKey{Algorithm: cmp.Or(s.alg, jose.RS256), Key: jose.JSONWebKey{Key: f.key, KeyID: "1"}}
	switch s.alg {
	case "none":
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
	case jose.HS256:
		key.Key = []byte(theSecret + strings.Repeat("0", 32))
	case "other":
		key = jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: f.other, KeyID: "1"}}
	}
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		panic(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	if s.forge != nil {
		compact = s.forge(compact)
	}
	return compact
}

const theSecret = "the secret with the provider"

func newPortal(t *testing.T, change ...func(*portal.Settings)) *functiontest.Portal {
	t.Helper()
	p := functiontest.New(t, change...)
	if err := p.Store.PutProviderSecret(t.Context(), p.ID, sample.Provider, theSecret); err != nil {
		t.Fatal(err)
	}
	return p
}

// visit goes to the provider as somebody, and comes back.
func visit(t *testing.T, p *functiontest.Portal, query string, as identity) functiontest.Answer {
	t.Helper()
	went, cookie := leave(t, p, query)
	return p.Do(t, functiontest.Request{URL: callback + "?" + provider.authorize(t, went, as).Encode(), Cookie: []string{cookie}, Header: map[string]string{"sec-fetch-site": "cross-site"}})
}

const (
	begin    = "/{portal}/sso/" + sample.Provider
	callback = begin + "/callback"
)

// leave begins to sign in: it returns where the browser is sent, and its cookie.
func leave(t *testing.T, p *functiontest.Portal, query string) (location, cookie string) {
	t.Helper()
	a := p.Do(t, functiontest.Request{URL: begin + query})
	if a.Status != 303 {
		t.Fatalf("%d %s %v", a.Status, a.Body, a.Log["error"])
	}
	return a.Header.Get("Location"), cookieOf(t, a, p)
}

// cookieOf is the attempt's cookie, name and value.
func cookieOf(t *testing.T, a functiontest.Answer, p *functiontest.Portal) string {
	t.Helper()
	c := a.Cookie("__Host-" + p.ID + "-sso")
	if c == nil || c.Value == "" {
		t.Fatalf("it sets %v", a.Cookies)
	}
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	return c.Name + "=" + c.Value
}

// sessionOf returns whose session the answer begins, "" where it begins none.
func sessionOf(t *testing.T, p *functiontest.Portal, a functiontest.Answer) string {
	t.Helper()
	c := a.Cookie(auth.CookieName(p.ID, false))
	if c == nil {
		return ""
	}
	token, ok := auth.ParseToken(c.Value)
	if !ok {
		t.Fatalf("cookie %v", c)
	}
	if _, _, err := p.Store.Viewer(t.Context(), p.ID, token.Person, token.Hash(), false); err != nil {
		t.Fatal(err)
	}
	return token.Person
}

func person(email string) identity {
	return identity{claims: map[string]any{"sub": "of " + email, "email": email}}
}

func TestFixtures(t *testing.T) {
	T := functiontest.T
	nothing := func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		if who := sessionOf(t, p, a); who != "" {
			t.Errorf("signs in %s", who)
		}
	}
	attempt := functiontest.Want{Status: 403, Lang: "de", Check: nothing, See: map[string]string{
		"main": T("de", "sso.error.attempt", "provider", "Nordlicht-Konto"), `main a[href$="/sign-in"]`: "",
	}}
	hidden := functiontest.Want{Status: 404, Lang: "de", See: map[string]string{"main": T("de", "error.notFound")}}
	to := functiontest.Want{Status: 303, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		cookieOf(t, a, p)
		if got := a.Header.Get("Location"); !strings.HasPrefix(got, sample.ProviderIssuer+"/authorize?") {
			t.Errorf("sent to %q", got)
		}
	}}
	saml := func(key string) functiontest.Want {
		return functiontest.Want{Status: 403, Lang: "de", Check: nothing, See: map[string]string{"main": T("de", "sso.error."+key, "provider", "Nordlicht SAML")}}
	}
	delete(attempt.See, `main a[href$="/sign-in"]`)
	functiontest.Fixtures(t, true, map[string]functiontest.Want{
		"begin": to, "begin-next": to, "begin-next-elsewhere": to, "begin-signed-in": to,
		"begin-unknown":        hidden,
		"begin-portal-unknown": {Status: 404, Lang: "de", See: map[string]string{"main": T("de", "error.noPortal")}},
		"callback-no-attempt":  attempt,
		"callback-forged":      attempt,
		"callback-en":          {Status: 403, Lang: "en", See: map[string]string{"main": T("en", "sso.error.attempt", "provider", "Nordlicht-Konto")}},
		"callback-unknown":     hidden,

		"begin-saml": {Status: 303, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			cookieOf(t, a, p)
			if got := a.Header.Get("Location"); !strings.HasPrefix(got, sample.SAMLSignIn+"?SAMLRequest=") {
				t.Errorf("sent to %q", got)
			}
		}},
		"metadata":         {Status: 200, Header: map[string]string{"Content-Type": "application/samlmetadata+xml"}},
		"metadata-openid":  hidden,
		"metadata-unknown": hidden,
		"acs-forged":       saml("refused"),
		"acs-empty":        saml("refused"),
		"acs-denied":       saml("denied"),
		"acs-forged-en":    {Status: 403, Lang: "en", See: map[string]string{"main": T("en", "sso.error.refused", "provider", "Nordlicht SAML")}},
		"acs-not-form":     {Status: 415, Lang: "de", Check: nothing},
		"acs-openid":       hidden,
		"acs-unknown":      hidden,

		"callback-saml-no-attempt": saml("attempt"),
	})
}

// Who has the address is signed in, and from then on whoever has the account, even
// with another address.
func TestSignsIn(t *testing.T) {
	p := newPortal(t)
	ticket := "/" + p.Slug + "/tickets/" + sample.OwnTicket
	as := person("Customer@Nordwind.example")
	a := visit(t, p, "?next="+url.QueryEscape(ticket), as)
	if got := sessionOf(t, p, a); got != sample.Customer || a.Status != 303 || a.Header.Get("Location") != ticket {
		t.Fatalf("%d, %q to %q: %s %v", a.Status, got, a.Header.Get("Location"), a.Body, a.Log["error"])
	}
	as.claims["email"], as.claims["email_verified"] = "anna@elsewhere.example", false
	if a = visit(t, p, "", as); sessionOf(t, p, a) != sample.Customer || a.Header.Get("Location") != "/"+p.Slug+"/tickets" {
		t.Errorf("the second time: %d %s", a.Status, a.Body)
	}
	as.claims["sub"] = "another"
	if a = visit(t, p, "", as); sessionOf(t, p, a) != "" || a.Status != 403 {
		t.Errorf("another account: %d", a.Status)
	}
	if a = visit(t, p, "", person("agent@postern.example")); sessionOf(t, p, a) != sample.Agent || a.Header.Get("Location") != "/"+p.Slug+"/inbox" {
		t.Errorf("of the team: %d %s", a.Status, a.Body)
	}
	linked, err := p.Store.Identities(t.Context(), p.ID, sample.Customer)
	if err != nil || len(linked) != 1 || linked[0].Subject != "of Customer@Nordwind.example" {
		t.Fatalf("%+v, %v", linked, err)
	}
	entries, _, err := p.Store.Audit(t.Context(), p.ID, time.Now(), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	count := map[portal.AuditAction]int{}
	for _, e := range entries {
		count[e.Action]++
	}
	if count[portal.AuditFactorAdded] != 2 || count[portal.AuditSignedIn] != 3 {
		t.Errorf("the log: %v", count)
	}
	// Whose account is taken away is nobody again, until the address is proven.
	if err := p.Store.UnlinkIdentity(t.Context(), p.ID, sample.Customer, linked[0].Identity, portal.AuditEntry{ID: "entry00001", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	as.claims["sub"] = linked[0].Subject
	if a = visit(t, p, "", as); sessionOf(t, p, a) != "" {
		t.Errorf("taken away: %d", a.Status)
	}
}

// What a provider says wrong, or somebody in its name, signs nobody in.
func TestRefuses(t *testing.T) {
	p := newPortal(t)
	says := func(claims map[string]any) identity {
		i := person("customer@nordwind.example")
		maps.Copy(i.claims, claims)
		return i
	}
	past := time.Now().Add(-time.Hour).Unix()
	for name, c := range map[string]struct {
		as  identity
		key string
	}{
		"another issuer":               {says(map[string]any{"iss": "https://evil.example"}), "refused"},
		"another client's":             {says(map[string]any{"aud": "another"}), "refused"},
		"for several clients":          {says(map[string]any{"aud": []string{sample.ProviderClient, "another"}}), "refused"},
		"for several, by another":      {says(map[string]any{"aud": []string{sample.ProviderClient, "another"}, "azp": "another"}), "refused"},
		"by another client":            {says(map[string]any{"azp": "another"}), "refused"},
		"another nonce":                {says(map[string]any{"nonce": "another"}), "refused"},
		"no nonce":                     {says(map[string]any{"nonce": nil}), "refused"},
		"expired":                      {says(map[string]any{"exp": past}), "refused"},
		"no end":                       {says(map[string]any{"exp": nil}), "refused"},
		"no subject":                   {says(map[string]any{"sub": ""}), "refused"},
		"a subject without end":        {says(map[string]any{"sub": strings.Repeat("x", 256)}), "refused"},
		"a subject that is no text":    {says(map[string]any{"sub": 7}), "refused"},
		"signed by nobody":             {identity{claims: says(nil).claims, alg: "none"}, "refused"},
		"signed with a shared secret":  {identity{claims: says(nil).claims, alg: jose.HS256}, "refused"},
		"signed by another key":        {identity{claims: says(nil).claims, alg: "other"}, "refused"},
		"changed after it was signed":  {identity{claims: says(nil).claims, forge: changed}, "refused"},
		"no ID token":                  {identity{claims: says(nil).claims, forge: func(string) string { return "" }}, "refused"},
		"an error":                     {identity{claims: says(nil).claims, status: 500}, "refused"},
		"an address nobody verified":   {says(map[string]any{"email_verified": false}), "unproven"},
		"verified or not":              {says(map[string]any{"email_verified": nil}), "unproven"},
		"verified in other words":      {says(map[string]any{"email_verified": "yes"}), "unproven"},
		"no address":                   {says(map[string]any{"email": nil}), "unproven"},
		"no such address":              {says(map[string]any{"email": "customer@nordwind.example\r\nBcc: x@y.example"}), "unproven"},
		"of a domain that is not its":  {says(map[string]any{"email": "solo@einzel.example"}), "unproven"},
		"of a domain below one of its": {says(map[string]any{"email": "a@sub.nordwind.example"}), "unproven"},
		"whom nobody knows":            {says(map[string]any{"email": "nobody@nordwind.example"}), "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			a := visit(t, p, "", c.as)
			if who := sessionOf(t, p, a); who != "" || a.Status != 403 {
				t.Fatalf("%d, signs in %q: %s", a.Status, who, a.Body)
			}
			want, _, _ := strings.Cut(functiontest.T("de", "sso.error."+c.key, "provider", "Nordlicht-Konto", "email", "\x00"), "\x00")
			if got := a.Page(t).Find("main").Text(); !strings.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
			if linked, err := p.Store.Identities(t.Context(), p.ID, sample.Customer); err != nil || len(linked) > 0 {
				t.Errorf("linked: %v, %v", linked, err)
			}
		})
	}
	if a := visit(t, p, "", says(map[string]any{"email_verified": "true"})); sessionOf(t, p, a) != sample.Customer {
		t.Errorf("verified, as a text: %d %s", a.Status, a.Body)
	}
}

// changed is the token with another subject, under the signature that it had.
func changed(token string) string {
	parts := strings.Split(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		panic(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), "customer@", "manager@", -1)))
	return strings.Join(parts, ".")
}

// Who comes back is who went: with the cookie and the state of one attempt, once,
// in time, to the same portal and from the same provider.
func TestAttempts(t *testing.T) {
	p := newPortal(t, func(s *portal.Settings) {
		other := s.Providers[0]
		other.ID, other.Name = "otherprovider", "Other"
		s.Providers = append(s.Providers, other)
	})
	as := person("customer@nordwind.example")
	back := func(url string, cookie ...string) functiontest.Answer {
		return p.Do(t, functiontest.Request{URL: url, Cookie: cookie})
	}
	went, cookie := leave(t, p, "")
	q := provider.authorize(t, went, as).Encode()
	_, cookie2 := leave(t, p, "")
	flipped := cookie[:len(cookie)-1] + string('A'+(cookie[len(cookie)-1]-'A'+1)%26)
	name, value, _ := strings.Cut(cookie, "=")
	for what, a := range map[string]functiontest.Answer{
		"without the cookie":           back(callback + "?" + q),
		"with another attempt's":       back(callback+"?"+q, cookie2),
		"with a changed one":           back(callback+"?"+q, flipped),
		"with half of it":              back(callback+"?"+q, cookie[:len(cookie)/2]),
		"with another portal's":        back(callback+"?"+q, "__Host-other0001-sso="+value),
		"with no state":                back(callback+"?code=abc", cookie),
		"with another state":           back(callback+"?code=abc&state=another", cookie),
		"from another provider":        back("/{portal}/sso/otherprovider/callback?"+q, cookie),
		"signed by nobody":             back(callback+"?"+q, name+"="+strings.Split(value, ".")[0]+"."),
		"with the provider's refusal":  back(callback+"?error=access_denied&"+strings.ReplaceAll(q, "code=", "x="), cookie),
		"with neither code nor reason": back(callback+"?"+strings.ReplaceAll(q, "code=", "x="), cookie),
	} {
		if who := sessionOf(t, p, a); who != "" || a.Status != 403 {
			t.Errorf("%s: %d, %q", what, a.Status, who)
		}
		if c := a.Cookie(name); c == nil || c.MaxAge >= 0 || len(a.Cookies) != 1 {
			t.Errorf("%s: the attempt is not over: %v", what, a.Cookies)
		}
	}
	if a := back(callback+"?"+q, cookie); sessionOf(t, p, a) != sample.Customer {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := back(callback+"?"+q, cookie); sessionOf(t, p, a) != "" {
		t.Error("the code signs in twice")
	}
	a := visit(t, p, "?next="+url.QueryEscape("https://evil.example/"), as)
	if got := a.Header.Get("Location"); got != "/"+p.Slug+"/tickets" {
		t.Errorf("leads to %q", got)
	}
}

// The session that the browser had ends: what it did as somebody else is over.
func TestReplacesSession(t *testing.T) {
	p := newPortal(t)
	before := p.Session(t, "manager")
	went, cookie := leave(t, p, "")
	q := provider.authorize(t, went, person("customer@nordwind.example")).Encode()
	a := p.Do(t, functiontest.Request{URL: callback + "?" + q, Cookie: []string{cookie, before}})
	if sessionOf(t, p, a) != sample.Customer {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	_, value, _ := strings.Cut(before, "=")
	old, _ := auth.ParseToken(value)
	if _, _, err := p.Store.Viewer(t.Context(), p.ID, old.Person, old.Hash(), false); portal.KindOf(err) != portal.Unauthenticated {
		t.Errorf("the old session: %v", err)
	}
}

// Another portal's accounts are its own.
func TestAnotherPortal(t *testing.T) {
	one, two := newPortal(t), newPortal(t)
	as := person("customer@nordwind.example")
	if a := visit(t, one, "", as); sessionOf(t, one, a) != sample.Customer {
		t.Fatal(a.Body)
	}
	as.claims["email_verified"] = false
	if a := visit(t, two, "", as); sessionOf(t, two, a) != "" {
		t.Error("linked there, signs in here")
	}
}

func TestUnavailable(t *testing.T) {
	p := newPortal(t)
	provider.mu.Lock()
	provider.down = true
	provider.mu.Unlock()
	a := p.Do(t, functiontest.Request{URL: begin})
	provider.mu.Lock()
	provider.down = false
	provider.mu.Unlock()
	if a.Status != 503 || !strings.Contains(a.Page(t).Find("main").Text(), functiontest.T("de", "sso.error.unavailable", "provider", "Nordlicht-Konto")) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a = visit(t, p, "", person("customer@nordwind.example")); sessionOf(t, p, a) != sample.Customer {
		t.Errorf("afterwards: %d", a.Status)
	}
}

// A provider that settings must not have is asked nothing, however it came there.
func TestForbiddenProvider(t *testing.T) {
	for name, change := range map[string]func(*portal.Provider){
		"on plain HTTP":             func(p *portal.Provider) { p.Issuer = strings.Replace(p.Issuer, "https:", "http:", 1) },
		"of everybody at Microsoft": func(p *portal.Provider) { p.Preset = portal.Microsoft },
	} {
		p := newPortal(t, func(s *portal.Settings) { change(&s.Providers[0]) })
		if a := p.Do(t, functiontest.Request{URL: begin}); a.Status != 503 || a.Header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", name, a.Status, a.Header.Get("Location"))
		}
	}
}

// Who has no login yet has one by it; where there is more to ask than the
// provider tells, that is asked first.
func TestFirstTime(t *testing.T) {
	fresh := portal.Person{ID: "fresh00000001", First: "Frieda", Email: "frieda@nordwind.example", Role: portal.Customer, Created: time.Now(), Groups: []string{portal.CustomersGroup}, Invitation: portal.Pending}
	consent := func(s *portal.Settings) {
		s.Consent = portal.Consent{Text: portal.Text{"de": "Wir speichern, was Sie schreiben."}, Label: portal.Text{"de": "Einverstanden"}}
	}
	open := func(s *portal.Settings) { s.Access = portal.ByRegistration }
	for name, c := range map[string]struct {
		change  []func(*portal.Settings)
		allowed bool
		address string
		link    bool
		status  int
	}{
		"invited":                         {address: fresh.Email, status: 303},
		"invited, with something to ask":  {address: fresh.Email, change: []func(*portal.Settings){consent}, link: true, status: 303},
		"unknown where people register":   {address: "new@nordwind.example", change: []func(*portal.Settings){open}, allowed: true, link: true, status: 303},
		"unknown where they may not":      {address: "new@nordwind.example", change: []func(*portal.Settings){open}, status: 403},
		"unknown where groups are let in": {address: "new@nordwind.example", allowed: true, status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPortal(t, c.change...)
			if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{fresh}, nil); err != nil {
				t.Fatal(err)
			}
			invite := dynamo.AccessChange{Settings: p.Settings, Mode: portal.ByGroup, Entry: portal.AuditEntry{At: time.Now()}}
			if _, err := p.Store.Reinvite(t.Context(), invite, fresh.ID); err != nil {
				t.Fatal(err)
			}
			if _, at, err := p.Store.Contact(t.Context(), p.ID, fresh.ID); err != nil || at.IsZero() {
				t.Fatalf("not invited: %v", err)
			}
			p.Config.Registration = c.allowed
			p.Restart(t)
			a := visit(t, p, "", person(c.address))
			if a.Status != c.status {
				t.Fatalf("%d %s %v", a.Status, a.Body, a.Log["error"])
			}
			token, isLink := strings.CutPrefix(a.Header.Get("Location"), "/"+p.Slug+"/link/")
			if isLink != c.link {
				t.Errorf("leads to %s", a.Header.Get("Location"))
			}
			known, err := p.Store.ContactByEmail(t.Context(), p.ID, c.address)
			if !c.link && c.status == 303 {
				if sessionOf(t, p, a) != fresh.ID || err != nil || known.Registered.IsZero() || known.Invitation != portal.Accepted {
					t.Errorf("signs in %q: %+v, %v", sessionOf(t, p, a), known, err)
				}
				if _, at, err := p.Store.Contact(t.Context(), p.ID, fresh.ID); err != nil || !at.IsZero() {
					t.Errorf("the invitation is open: %v, %v", at, err)
				}
				return
			}
			if sessionOf(t, p, a) != "" || err == nil && !known.Registered.IsZero() {
				t.Errorf("signs in %q: %+v", sessionOf(t, p, a), known)
			}
			if !c.link {
				return
			}
			secret, ok := auth.ParseToken(token)
			if !ok {
				t.Fatalf("no link: %q", token)
			}
			l, who, err := p.Store.Link(t.Context(), p.ID, secret.Person, secret.Hash(), time.Now())
			if err != nil || l.Kind != portal.LinkFirst || l.New != (c.address != fresh.Email) || who.Email != c.address {
				t.Errorf("%+v of %+v, %v", l, who, err)
			}
		})
	}
}

// A team's account does more than a customer's: it takes a provider whose domains
// are named.
func TestTeamWithoutDomains(t *testing.T) {
	p := newPortal(t, func(s *portal.Settings) { s.Providers[0].Domains = nil })
	agent := portal.Person{ID: "agent00000001", Email: "agent@nordwind.example", Role: portal.Agent, Created: time.Now()}
	if err := p.Store.PutPeople(t.Context(), p.ID, nil, []portal.Person{agent}, nil); err != nil {
		t.Fatal(err)
	}
	if a := visit(t, p, "", person(agent.Email)); sessionOf(t, p, a) != "" || a.Status != 403 {
		t.Errorf("%d", a.Status)
	}
	if a := visit(t, p, "", person("solo@einzel.example")); sessionOf(t, p, a) != sample.Solo {
		t.Errorf("a customer: %d %s", a.Status, a.Body)
	}
}

func TestTooMany(t *testing.T) {
	p := newPortal(t)
	if _, _, err := p.Store.Attempt(t.Context(), p.ID, "sso", "192.0.2.1", networkTries, window, time.Now()); err != nil {
		t.Fatal(err)
	}
	if a := visit(t, p, "", person("customer@nordwind.example")); a.Status != 429 || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
}

// Many browsers of one person at once: all are signed in, or told to begin again.
func TestAtOnce(t *testing.T) {
	p := newPortal(t)
	answers := make([]functiontest.Answer, 4)
	var all sync.WaitGroup
	for i := range answers {
		went, cookie := leave(t, p, "")
		q := provider.authorize(t, went, person("customer@nordwind.example")).Encode()
		all.Go(func() {
			answers[i] = p.Do(t, functiontest.Request{URL: callback + "?" + q, Cookie: []string{cookie}})
		})
	}
	all.Wait()
	in := 0
	for _, a := range answers {
		if sessionOf(t, p, a) == sample.Customer {
			in++
		} else if a.Status != 403 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if linked, err := p.Store.Identities(t.Context(), p.ID, sample.Customer); in == 0 || err != nil || len(linked) != 1 {
		t.Errorf("%d signed in, %v, %v", in, linked, err)
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "begin-signed-in") }

func TestFaults(t *testing.T) {
	functiontest.Faults(t, false, "begin", nil, nil)
	functiontest.Faults(t, false, "begin-saml", nil, nil)
}
