package form

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"postern/shared/portal"
	"postern/shared/web"
)

// A page that comes back keeps when it was first made; what is none of its tokens
// begins anew.
func TestBegan(t *testing.T) {
	s := portal.Recommended()
	s.Key = []byte("0123456789abcdef0123456789abcdef")
	now := time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)
	page := Page{Form: portal.Form{ID: "contact"}}
	shown := func(sent string) time.Duration {
		r := &web.Request{Request: &http.Request{PostForm: url.Values{Began: {sent}}}, Settings: &s, Now: now}
		took, ok := Took(&s, "contact", page.began(r), now)
		if !ok {
			t.Fatalf("after %q it has none", sent)
		}
		return took
	}
	first := BeganAt(&s, "contact", now.Add(-time.Minute))
	if got := shown(first); got != time.Minute {
		t.Errorf("it was made %s ago", got)
	}
	for _, none := range []string{"", "x.y", BeganAt(&s, "website", now.Add(-time.Minute)), first[:len(first)-1]} {
		if got := shown(none); got != 0 {
			t.Errorf("after %q it was made %s ago", none, got)
		}
	}
}

func TestBefore(t *testing.T) {
	for label, want := range map[string]string{"Betreff": "Betreff: ", "Worum geht es?": "Worum geht es? ", "": ": "} {
		if got := before(label); got != want {
			t.Errorf("%q becomes %q", label, got)
		}
	}
}
