package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// outside answers what the function asks others: addresses of idp.example have
// metadata, and all else cannot be reached.
var outside = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
	answer := func(status int, text string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
	}
	switch {
	case r.URL.Host != "idp.example":
		return nil, errors.New("no route to " + r.URL.Host)
	case r.URL.Path == "/metadata":
		return answer(http.StatusOK, theMetadata)
	case r.URL.Path == "/page":
		return answer(http.StatusOK, "<!doctype html><title>Sign in</title>")
	}
	return answer(http.StatusNotFound, "")
})}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

var theMetadata = ""
