package main

import (
	"crypto/rand"
	"time"

	"postern/shared/dynamo"
	"postern/shared/portal"
)

// firstPortal returns a new portal: see portal.First.
func firstPortal(slug string, now time.Time) portal.Settings {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return portal.First(dynamo.NewID(now), slug, key)
}
