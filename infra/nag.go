package main

import (
	"regexp"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"postern/infra/grants"
	"postern/shared/routes"
)

// explain answers what cdk-nag's rules for AWS solutions find in the stack: each
// answer says why it stays as it is. Anything else that they find ends the
// synthesis.
func (s *stack) explain() {
	accept := func(construct constructs.IConstruct, rule, reason string) {
		cdknag.NagSuppressions_AddResourceSuppressions(construct, &[]*cdknag.NagPackSuppression{{
			Id: jsii.String("AwsSolutions-" + rule), Reason: jsii.String(reason),
		}}, jsii.Bool(true))
	}
	child := func(id string) constructs.IConstruct { return s.Node().FindChild(jsii.String(id)) }

	const authorized = "Each function asks for a session itself, as the table of routes says (Access in postern/shared/routes, checked in postern/shared/web); a test asks every route as everybody."
	accept(s.api, "APIG4", authorized)
	accept(child("DefaultRoute"), "APIG4", authorized)
	accept(s.api, "APIG1", "Each function logs every request in a line, with route, status, time and price. A second log would double what logging costs.")

	accept(s.edge, "CFR1", "Customers may be anywhere.")
	accept(s.edge, "CFR2", "A web ACL costs more each month than all else at small sizes; one is attached by hand where it is wanted. Tries to sign in are counted by the functions, and the API takes a bounded rate.")
	accept(s.edge, "CFR3", "The functions log every request; a log of who fetched which style sheet would keep addresses of people for nothing.")
	if s.deployment.Domain == "" {
		accept(s.edge, "CFR4", "Without a domain the distribution has CloudFront's own certificate, whose policy cannot be chosen. With one, TLS 1.2 is the least.")
	}
	for _, bucket := range []constructs.IConstruct{s.static, s.bucket} {
		accept(bucket, "S1", "Nobody reads it but the distribution, and the functions' own short links, which are logged where they are signed.")
	}
	for _, secret := range s.secretIDs() {
		accept(child(secret), "SMG4", "It is changed by deploying with the next edgeSecret (RUNBOOKS.md): the distribution holds a copy, which a rotation by itself would leave behind.")
	}
	accept(s.dead, "SQS3", "It is the dead-letter queue.")
	for _, function := range routes.Functions() {
		s.explainWildcards(function)
	}
}

// explainWildcards answers for the grants that name more than one thing, and for no
// other wildcard.
func (s *stack) explainWildcards(function string) {
	for _, g := range grants.Of(function) {
		pattern, reason := "", "Which of the objects, the function decides for each request by who asks."
		switch {
		case g.Resource == grants.Mail:
			pattern, reason = `:identity\/\*$`, "Every portal may have an address of its own to send from."
		case g.Resource == grants.Static:
			pattern, reason = `\.Arn>\/assets\/v\/\*$`, "It uploads all static files, whose names change with their content."
		case strings.HasSuffix(g.Resource, "/*"):
			pattern = `\.Arn>\/` + regexp.QuoteMeta(strings.TrimSuffix(g.Resource, "/*")) + `\/\*$`
		default:
			continue
		}
		cdknag.NagSuppressions_AddResourceSuppressions(s.functions[function].Role(), &[]*cdknag.NagPackSuppression{{
			Id: jsii.String("AwsSolutions-IAM5"), Reason: jsii.String(reason),
			AppliesTo: &[]any{&cdknag.RegexAppliesTo{Regex: jsii.String("/^Resource::.*" + pattern + "/")}},
		}}, jsii.Bool(true))
	}
}
