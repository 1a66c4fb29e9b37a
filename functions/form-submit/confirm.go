package main

import (
	"context"

	"postern/shared/portal"
	"postern/shared/web"
)

func (h handler) showConfirm(_ context.Context, r *web.Request) (web.Result, error) {
	return web.Result{}, portal.Hidden()
}

func (h handler) confirmForm(_ context.Context, r *web.Request) (web.Result, error) {
	return web.Result{}, portal.Hidden()
}

func (h handler) confirmJSON(_ context.Context, r *web.Request) (web.Result, error) {
	return web.Result{}, portal.Hidden()
}
