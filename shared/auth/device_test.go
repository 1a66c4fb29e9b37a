package auth

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/shared/portal"
)

func TestDevice(t *testing.T) {
	s := &portal.Settings{ID: "portal0001", Key: bytes.Repeat([]byte{1}, 32)}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const clara = "clara@nordwind.example"
	device := func(c *http.Cookie, s *portal.Settings, account string, insecure bool, now time.Time) (string, bool) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Cookie", c.Name+"="+c.Value)
		return Device(r, s, account, insecure, now)
	}
	for _, insecure := range []bool{false, true} {
		c := DeviceCookie(s, clara, "", insecure, now)
		if err := c.Valid(); err != nil || !c.HttpOnly || c.Secure == insecure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 90*24*3600 ||
			strings.HasPrefix(c.Name, "__Host-") == insecure || strings.Contains(c.Value, "clara") {
			t.Errorf("%v %v", c, err)
		}
		id, ok := device(c, s, clara, insecure, now.Add(DeviceAge-time.Second))
		if !ok || len(id) != deviceID {
			t.Errorf("unknown: %q", id)
		}
		if again, ok := device(DeviceCookie(s, clara, id, insecure, now), s, clara, insecure, now); !ok || again != id {
			t.Errorf("%q becomes %q", id, again)
		}
		if other, _ := device(DeviceCookie(s, clara, "", insecure, now), s, clara, insecure, now); other == id {
			t.Error("two devices have one id")
		}
		otherPortal, otherKey := *s, *s
		otherPortal.ID, otherKey.Key = "portal0002", bytes.Repeat([]byte{2}, 32)
		for name, known := range map[string]func() (string, bool){
			"too late":        func() (string, bool) { return device(c, s, clara, insecure, now.Add(DeviceAge)) },
			"another account": func() (string, bool) { return device(c, s, "colin@nordwind.example", insecure, now) },
			"another portal":  func() (string, bool) { return device(c, &otherPortal, clara, insecure, now) },
			"another key":     func() (string, bool) { return device(c, &otherKey, clara, insecure, now) },
			"no cookie":       func() (string, bool) { return Device(httptest.NewRequest("POST", "/", nil), s, clara, insecure, now) },
		} {
			if id, ok := known(); ok || id != "" {
				t.Errorf("%s: known as %q", name, id)
			}
		}
		// Nothing in it can be changed.
		for i := range c.Value {
			forged := *c
			forged.Value = c.Value[:i] + string(c.Value[i]^1) + c.Value[i+1:]
			cut := *c
			cut.Value = c.Value[:i]
			for _, c := range []*http.Cookie{&forged, &cut} {
				if id, ok := device(c, s, clara, insecure, now); ok {
					t.Errorf("%s is taken, as %q", c.Value, id)
				}
			}
		}
	}
}
