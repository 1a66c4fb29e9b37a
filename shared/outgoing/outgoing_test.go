package outgoing

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"code.dny.dev/ssrf"
)

func TestPrivateAddresses(t *testing.T) {
	for _, address := range []string{
		"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data/",
		"https://[fd00:ec2::254]/", "https://[::ffff:127.0.0.1]/", "https://0.0.0.0/", "https://100.64.0.1/", "https://localhost/", "http://8.8.8.8:8080/",
	} {
		answer, err := Client(false).Get(address)
		if err == nil {
			answer.Body.Close()
			t.Errorf("%s answers %s", address, answer.Status)
			continue
		}
		if !errors.Is(err, ssrf.ErrProhibitedIP) && !errors.Is(err, ssrf.ErrProhibitedPort) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	reached := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			reached = true
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer s.Close()
	if _, err := Client(true).Get(s.URL); !errors.Is(err, errRedirect) || reached {
		t.Errorf("%v, reached %v", err, reached)
	}
}
