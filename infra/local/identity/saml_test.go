package identity

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/auth/saml"
	"postern/shared/portal"
)

// The portal signs in with it as with any other provider of SAML.
func TestSignsInBySAML(t *testing.T) {
	var handler http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	var err error
	if handler, err = Handler(host); err != nil {
		t.Fatal(err)
	}
	p := WithSAML(portal.Provider{ID: sample.SAMLProvider, Name: "SAML", Kind: portal.SAML, Domains: []string{"nordwind.example"}}, host)
	if err := portal.ValidateProvider(p, true); err != nil {
		t.Fatal(err)
	}
	client, err := saml.Open(p, s.URL+"/support/sso/"+p.ID)
	if err != nil {
		t.Fatal(err)
	}
	request, address, err := client.Request("STATE")
	if err != nil {
		t.Fatal(err)
	}
	get := func(address string) (int, string) {
		t.Helper()
		a, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return a.StatusCode, string(text)
	}
	if status, text := get(address); status != 200 || !strings.Contains(text, "customer@nordwind.example") {
		t.Errorf("%d %s", status, text)
	}
	_, text := get(address + "&as=customer%40nordwind.example")
	posted := regexp.MustCompile(`name="SAMLResponse" value="([^"]+)"`).FindStringSubmatch(text)
	if posted == nil || !strings.Contains(text, `action="`+s.URL+"/support/sso/"+p.ID+`/acs"`) || !strings.Contains(text, `value="STATE"`) {
		t.Fatal(text)
	}
	got, err := client.Read(strings.ReplaceAll(posted[1], "&#43;", "+"))
	if err != nil || got.Email != "customer@nordwind.example" || got.Request != request || !p.Proves(got.Identity) {
		t.Errorf("%+v, %v", got, err)
	}
	other, err := saml.Open(p, "http://elsewhere.example/support/sso/"+p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, address, err = other.Request("STATE"); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(address); status != 400 {
		t.Errorf("a portal of another host: %d", status)
	}
}
