package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postern/shared/portal"
)

// A known device is a browser that an account was signed in with before. It has
// a cookie that says so, and its tries at that account are counted apart, so
// that strangers who guess at the account do not lock its owner out
// (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
// It opens nothing by itself, and a guess costs a known device as much as
// anybody: so the cookie is signed, and nothing is stored or looked up. It
// survives signing out, and another password.

// DeviceAge is how long a device is known after the last time that it signed in.
const DeviceAge = 90 * 24 * time.Hour

// deviceID is a random id of 96 bits, in base64.
const deviceID = 16

// Device returns the id of the browser, where the account (an address as
// portal.NormalEmail returns it) is known to have been signed in with it.
func Device(r *http.Request, s *portal.Settings, account string, insecure bool, now time.Time) (id string, known bool) {
	c, err := r.Cookie(deviceCookie(s.ID, insecure))
	if err != nil {
		return "", false
	}
	id, rest, _ := strings.Cut(c.Value, ".")
	until, mac, ok := strings.Cut(rest, ".")
	if !ok || len(id) != deviceID || !hmac.Equal([]byte(mac), []byte(deviceMAC(s, account, id, until))) {
		return "", false
	}
	ends, err := strconv.ParseInt(until, 10, 64)
	if err != nil || now.Unix() >= ends {
		return "", false
	}
	return id, true
}

// DeviceCookie returns the cookie that makes the browser a known device of the
// account, which has just proved to be theirs. A device that is known already
// keeps its id; without one it gets a new one.
func DeviceCookie(s *portal.Settings, account, id string, insecure bool, now time.Time) *http.Cookie {
	if id == "" {
		b := make([]byte, base64.RawURLEncoding.DecodedLen(deviceID))
		rand.Read(b) // never fails: crypto/rand
		id = base64.RawURLEncoding.EncodeToString(b)
	}
	until := strconv.FormatInt(now.Add(DeviceAge).Unix(), 10)
	return &http.Cookie{
		Name: deviceCookie(s.ID, insecure), Value: id + "." + until + "." + deviceMAC(s, account, id, until),
		Path: "/", MaxAge: int(DeviceAge.Seconds()), HttpOnly: true, Secure: !insecure, SameSite: http.SameSiteLaxMode,
	}
}

// deviceCookie is no portal's session cookie: ids have no hyphen.
func deviceCookie(portalID string, insecure bool) string {
	return CookieName(portalID, insecure) + "-device"
}

func deviceMAC(s *portal.Settings, account, id, until string) string {
	return base64.RawURLEncoding.EncodeToString(portal.Derive(s.Key, "device", account, id, until))
}
