package identity

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/auth"
	"postern/shared/auth/oidc"
	"postern/shared/outgoing"
	"postern/shared/portal"
)

// The portal signs in with it as with any other provider.
func TestSignsIn(t *testing.T) {
	var handler http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	var err error
	if handler, err = Handler(host); err != nil {
		t.Fatal(err)
	}
	provider := portal.Provider{ID: sample.Provider, Issuer: Issuer(host), ClientID: sample.ProviderClient}
	client, err := oidc.Open(t.Context(), provider, Secret, s.URL+"/back", outgoing.Client(true), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	a := auth.NewAttempt(sample.Provider, "", time.Now())
	address := client.Address(a, "")
	asked, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Body.Close()
	if text, err := io.ReadAll(asked.Body); err != nil || !strings.Contains(string(text), "customer@nordwind.example") {
		t.Errorf("%s, %v", text, err)
	}
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	chosen, err := stay.Get(address + "&as=customer%40nordwind.example")
	if err != nil {
		t.Fatal(err)
	}
	chosen.Body.Close()
	back, err := url.Parse(chosen.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(back.String(), s.URL+"/back?") || back.Query().Get("state") != a.State {
		t.Fatalf("back to %v, %v", back, err)
	}
	who, err := client.Finish(t.Context(), back.Query().Get("code"), a)
	if err != nil || who.Email != "customer@nordwind.example" || !provider.Proves(who) {
		t.Errorf("%+v, %v", who, err)
	}
}
