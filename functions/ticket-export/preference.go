package main

import (
	"strconv"
	"strings"

	"postern/shared/web"
)

// readsGzip tells whether who asks takes an answer that is compressed by gzip (RFC 9110,
// section 12.5.3).
func readsGzip(r *web.Request) bool {
	weight := -1.0
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, params, _ := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && (coding != "*" || weight >= 0) {
			continue
		}
		weight = 1
		if q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); ok {
			if n, err := strconv.ParseFloat(q, 64); err == nil {
				weight = n
			}
		}
		if coding == "gzip" {
			break
		}
	}
	return weight > 0
}

// prefersLater tells whether who asks would rather ask again than wait (RFC 7240, section
// 4.1).
func prefersLater(r *web.Request) bool {
	for _, preference := range strings.Split(strings.Join(r.Header.Values("Prefer"), ","), ",") {
		name, _, _ := strings.Cut(preference, ";")
		if strings.EqualFold(strings.TrimSpace(name), "respond-async") {
			return true
		}
	}
	return false
}
