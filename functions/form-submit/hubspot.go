package main

import (
	"context"

	"postern/shared/portal"
	"postern/shared/web"
)

func (h handler) sendHubSpot(_ context.Context, r *web.Request) (web.Result, error) {
	return web.Result{}, portal.Hidden()
}

func (h handler) sendHubSpotSecure(_ context.Context, r *web.Request) (web.Result, error) {
	return web.Result{}, portal.Hidden()
}
