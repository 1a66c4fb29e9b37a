package matrix

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	pquerna "github.com/pquerna/otp/totp"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/auth/totp"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

const recoveryCode = "abcde-fghjk"

// codeNow is what an authenticator app shows now.
func codeNow(t *testing.T, secret string) string {
	t.Helper()
	code, err := pquerna.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// withApp gives the session's person an authenticator app.
func withApp(t *testing.T, s session) {
	t.Helper()
	_, value, _ := strings.Cut(s.cookie, "=")
	token, ok := auth.ParseToken(value)
	if !ok {
		t.Fatalf("cookie %q", s.cookie)
	}
	e := portal.AuditEntry{ID: dynamo.NewID(time.Now()), At: time.Now(), Action: portal.AuditFactorAdded}
	if err := at.store.AddCodeFactor(t.Context(), s.id(), token.Person, token.Hash(), totp.NewSecret(), 0, []string{totp.RecoveryHash(recoveryCode)}, e); err != nil {
		t.Fatal(err)
	}
}

// half is the browser of the customer, who has proved the password.
func (p place) half() session {
	token := auth.NewToken(sample.Customer)
	h := portal.Half{Person: sample.Customer, Way: "link", Ends: time.Now().Add(portal.HalfAge)}
	if err := at.store.PutHalf(context.Background(), p.id(), token.Hash(), h); err != nil {
		panic(err)
	}
	c := auth.HalfCookie(p.id(), token, true)
	return session{p, c.Name + "=" + c.Value}
}

// codeVisits are requests that take an authenticator app, or give one.
func codeVisits(t *testing.T, key string) []visit {
	method, path, _ := strings.Cut(key, " ")
	next := func(by session, want int, body map[string]string) visit {
		return visit{key: key, by: by, want: want, request: request{method: method, path: strings.Replace(path, "{portal}", by.settings.Slug, 1), json: body}}
	}
	with := func() session {
		s := newPlace(t).as(sample.Customer)
		withApp(t, s)
		return s
	}
	tired := func(v visit) visit {
		before := v.prepare
		v.prepare = func(v *visit) {
			if before != nil {
				before(v)
			}
			for range web.PasswordTries.Most {
				v.by.do(v.request)
			}
		}
		return v
	}
	right, wrong := map[string]string{"code": recoveryCode}, map[string]string{"code": "none"}
	switch key {
	case "POST /api/v1/{portal}/session":
		s := with()
		return []visit{next(s.nobody(), 202, map[string]string{"email": "customer@nordwind.example", "password": sample.Password})}
	case "POST /api/v1/{portal}/links/{link}":
		s := with()
		v := next(s.nobody(), 202, map[string]string{})
		v.path = s.api("links", s.link(sample.Customer, portal.LinkSignIn))
		return []visit{v}
	case "POST /api/v1/{portal}/session/code":
		return []visit{
			next(with().half(), 204, right), next(with().half(), 422, wrong), tired(next(with().half(), 429, wrong)),
		}
	case "POST /api/v1/{portal}/account/code/removals":
		return []visit{next(with(), 204, right), next(with(), 422, wrong), tired(next(with(), 429, wrong))}
	case "POST /api/v1/{portal}/account/code":
		adds := func(by session, want int) visit {
			secret := totp.NewSecret()
			v := next(by, want, nil)
			v.prepare = func(v *visit) { // when it is sent: a code is good for a minute or so
				v.json = map[string]string{"secret": secret, "code": codeNow(t, secret), "password": "wrong"}
			}
			return v
		}
		stale := newPlace(t).as(sample.Customer, func(s *portal.Session) { s.Created = s.Created.Add(-portal.FreshSession) })
		return []visit{adds(newPlace(t).as(sample.Customer), 201), adds(with(), 409), tired(adds(stale, 429))}
	}
	return nil
}

// codeExample puts into the example of an operation about authenticator apps what
// is right at the time.
func codeExample(t *testing.T, p place, who session, key string, example []byte) (session, []byte) {
	t.Helper()
	body := map[string]string{"code": recoveryCode}
	switch key {
	case "POST /api/v1/{portal}/session/code":
		withApp(t, who)
		who = p.half()
	case "POST /api/v1/{portal}/account/code/removals":
		withApp(t, who)
	case "POST /api/v1/{portal}/account/code":
		if err := json.Unmarshal(example, &body); err != nil {
			t.Fatal(err)
		}
		body["code"] = codeNow(t, body["secret"])
	default:
		return who, example
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return who, text
}
