package main

import (
	"context"
	"net/http"

	"postern/infra/local/stack"
)

// What the portal is composed with here.
var (
	// sampleData fills empty tables; it is called at every start and decides.
	sampleData func(context.Context, *stack.Stack) error
	// pages are those below /_local/ that are not the stack's own.
	pages func(*http.ServeMux)
	// welcome says who can sign in.
	welcome string
)
