package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type behavior struct {
	PathPattern, CachePolicyId, TargetOriginId, ViewerProtocolPolicy string
	OriginRequestPolicyId                                            string
	AllowedMethods                                                   []string
	ResponseHeadersPolicyId                                          any
	FunctionAssociations                                             []struct {
		EventType   string
		FunctionARN any
	}
}

type distribution struct {
	DistributionConfig struct {
		Aliases              []string
		CacheBehaviors       []behavior
		DefaultCacheBehavior behavior
		Enabled, IPV6Enabled bool
		HttpVersion          string
		OriginGroups         struct {
			Items []struct {
				Id               string
				FailoverCriteria struct{ StatusCodes struct{ Items []int } }
				Members          struct{ Items []struct{ OriginId string } }
			}
		}
		Origins []struct {
			Id, OriginAccessControlId any
			DomainName                any
			CustomOriginConfig        struct{ OriginProtocolPolicy string }
			OriginCustomHeaders       []struct {
				HeaderName  string
				HeaderValue any
			}
		}
		ViewerCertificate struct{ AcmCertificateArn, MinimumProtocolVersion, SslSupportMethod string }
	}
}

// CloudFront's own policies
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html).
const (
	cachingDisabled         = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	cachingOptimized        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	allViewerExceptHost     = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
	everyMethod             = "DELETE GET HEAD OPTIONS PATCH POST PUT"
	originOfTheApi          = "api"
	redirectToHTTPS         = "redirect-to-https"
	viewerRequestFunction   = "ViewerRequest"
	securityHeaders         = "Headers"
	staticFilesPathAtTheTop = "/assets/v/*"
)

func testEdge(t *testing.T, tmpl template) {
	c := only[distribution](t, tmpl, "AWS::CloudFront::Distribution")[single(t, tmpl, "AWS::CloudFront::Distribution")].DistributionConfig
	if !c.Enabled || !c.IPV6Enabled || c.HttpVersion != "http2and3" {
		t.Errorf("it is enabled %t, for IPv6 %t, %s", c.Enabled, c.IPV6Enabled, c.HttpVersion)
	}

	// Pages and JSON are one person's: nothing of them is kept at the edge, and all
	// that the browser says is passed on: Accept-Language, If-None-Match, cookies.
	pages := c.DefaultCacheBehavior
	slices.Sort(pages.AllowedMethods)
	if pages.CachePolicyId != cachingDisabled || pages.OriginRequestPolicyId != allViewerExceptHost || pages.TargetOriginId != originOfTheApi ||
		pages.ViewerProtocolPolicy != redirectToHTTPS || strings.Join(pages.AllowedMethods, " ") != everyMethod {
		t.Errorf("pages: %+v", pages)
	}
	if f := pages.FunctionAssociations; len(f) != 1 || f[0].EventType != "viewer-request" ||
		text(f[0].FunctionARN) != "${"+named(t, tmpl, "AWS::CloudFront::Function", viewerRequestFunction)+".FunctionARN}" {
		t.Errorf("functions of pages: %+v", f)
	}
	for _, b := range append(c.CacheBehaviors, pages) {
		if text(b.ResponseHeadersPolicyId) != "${"+named(t, tmpl, "AWS::CloudFront::ResponseHeadersPolicy", securityHeaders)+"}" {
			t.Errorf("headers of %q: %v", b.PathPattern, b.ResponseHeadersPolicyId)
		}
	}

	var api, files string
	for _, o := range c.Origins {
		switch {
		case o.Id == originOfTheApi:
			api = fmt.Sprint(o.Id)
			if o.CustomOriginConfig.OriginProtocolPolicy != "https-only" || !strings.Contains(fmt.Sprint(o.DomainName), "ApiEndpoint") {
				t.Errorf("the API's origin: %+v", o)
			}
			if h := o.OriginCustomHeaders; len(h) != 1 || h[0].HeaderName != "X-Postern-Edge" || text(h[0].HeaderValue) != secrets(t, tmpl, 1)[0] {
				t.Errorf("it is told %+v", h)
			}
		default:
			files = fmt.Sprint(o.Id)
			if text(o.DomainName) != "${"+static(t, tmpl)+".RegionalDomainName}" || o.OriginAccessControlId == nil || len(o.OriginCustomHeaders) > 0 {
				t.Errorf("the files' origin: %+v", o)
			}
		}
	}
	if api == "" || files == "" || len(c.Origins) != 2 {
		t.Fatalf("origins %+v", c.Origins)
	}

	// Static files: the bucket, and the API for what is not there.
	if len(c.CacheBehaviors) != 1 || len(c.OriginGroups.Items) != 1 {
		t.Fatalf("behaviours %+v of %+v", c.CacheBehaviors, c.OriginGroups)
	}
	b, group := c.CacheBehaviors[0], c.OriginGroups.Items[0]
	if b.PathPattern != staticFilesPathAtTheTop || b.CachePolicyId != cachingOptimized || b.OriginRequestPolicyId != "" || b.TargetOriginId != group.Id ||
		!slices.Equal(b.AllowedMethods, []string{"GET", "HEAD"}) || b.ViewerProtocolPolicy != redirectToHTTPS {
		t.Errorf("static files: %+v", b)
	}
	if m := group.Members.Items; len(m) != 2 || m[0].OriginId != files || m[1].OriginId != api || !slices.Contains(group.FailoverCriteria.StatusCodes.Items, 403) {
		t.Errorf("from %+v", group)
	}

	for _, h := range only[struct {
		ResponseHeadersPolicyConfig struct {
			SecurityHeadersConfig struct {
				ContentTypeOptions      struct{ Override bool }
				FrameOptions            struct{ FrameOption string }
				ReferrerPolicy          struct{ ReferrerPolicy string }
				StrictTransportSecurity struct{ AccessControlMaxAgeSec int }
			}
		}
	}](t, tmpl, "AWS::CloudFront::ResponseHeadersPolicy") {
		if h := h.ResponseHeadersPolicyConfig.SecurityHeadersConfig; h.FrameOptions.FrameOption != "DENY" || h.ReferrerPolicy.ReferrerPolicy != "same-origin" ||
			h.StrictTransportSecurity.AccessControlMaxAgeSec != 63072000 || h.ContentTypeOptions.Override {
			t.Errorf("headers %+v", h)
		}
	}
}

// The static files' bucket is read by the distribution alone, and written by setup
// alone (see testGrants).
func testStatic(t *testing.T, tmpl template) {
	edge := single(t, tmpl, "AWS::CloudFront::Distribution")
	allowed := 0
	for _, p := range only[bucketPolicy](t, tmpl, "AWS::S3::BucketPolicy") {
		if text(p.Bucket) != "${"+static(t, tmpl)+"}" {
			continue
		}
		for _, s := range p.PolicyDocument.Statement {
			if s.Effect == "Deny" {
				continue
			}
			allowed++
			condition, _ := s.Condition.(map[string]any)["StringEquals"].(map[string]any)
			if fmt.Sprint(s.Principal) != "map[Service:cloudfront.amazonaws.com]" || text(s.Action) != "s3:GetObject" ||
				!strings.HasSuffix(text(condition["AWS:SourceArn"]), ":distribution/${"+edge+"}") || text(s.Resource) != "${"+static(t, tmpl)+".Arn}/*" {
				t.Errorf("%+v", s)
			}
		}
	}
	if allowed != 1 {
		t.Errorf("%d statements allow something", allowed)
	}
}

// With a domain, CloudFront answers to it with its certificate, and the zone leads
// there; what SES asks for is in the zone as well.
func TestDomain(t *testing.T) {
	tmpl := synthesise(t, ownDomain)
	c := only[distribution](t, tmpl, "AWS::CloudFront::Distribution")[single(t, tmpl, "AWS::CloudFront::Distribution")].DistributionConfig
	if v := c.ViewerCertificate; !slices.Equal(c.Aliases, []string{"help.example.com"}) || v.AcmCertificateArn != ownDomain["certificate"] ||
		v.MinimumProtocolVersion != "TLSv1.2_2021" || v.SslSupportMethod != "sni-only" {
		t.Errorf("%v with %+v", c.Aliases, v)
	}
	var records []string
	for _, r := range only[struct {
		HostedZoneId, Type string
		Name               any
		ResourceRecords    []any
		AliasTarget        struct{ DNSName any }
	}](t, tmpl, "AWS::Route53::RecordSet") {
		target := text(r.AliasTarget.DNSName)
		if r.ResourceRecords != nil {
			target = texts(r.ResourceRecords)[0]
		}
		records = append(records, r.HostedZoneId+" "+text(r.Name)+" "+r.Type+" "+target)
	}
	slices.Sort(records)
	identity := single(t, tmpl, "AWS::SES::EmailIdentity")
	var want []string
	for _, kind := range []string{"A", "AAAA"} {
		want = append(want, "Z0123456789AB help.example.com. "+kind+" "+edge(t, tmpl))
	}
	for i := range 3 {
		want = append(want, fmt.Sprintf("Z0123456789AB ${%s.DkimDNSTokenName%d} CNAME ${%s.DkimDNSTokenValue%d}", identity, i+1, identity, i+1))
	}
	slices.Sort(want)
	if !slices.Equal(records, want) {
		t.Errorf("records\n%s\nwant\n%s", strings.Join(records, "\n"), strings.Join(want, "\n"))
	}
	if got := outputs(tmpl); got["PortalUrl"] != "https://help.example.com/support" || got["DomainTarget"] != "" || got["MailRecord1"] != "" {
		t.Errorf("outputs %v", got)
	}
}

// Without a zone in Route 53, the outputs say which records to write elsewhere.
func TestDomainElsewhere(t *testing.T) {
	over := maps.Clone(ownDomain)
	over["hostedZone"], over["mailFrom"] = "", "desk@example.com"
	tmpl := synthesise(t, over)
	if n := len(only[struct{}](t, tmpl, "AWS::Route53::RecordSet")); n != 0 {
		t.Errorf("%d records", n)
	}
	identity := single(t, tmpl, "AWS::SES::EmailIdentity")
	got := outputs(tmpl)
	if got["DomainTarget"] != edge(t, tmpl) {
		t.Errorf("the domain leads to %q", got["DomainTarget"])
	}
	for i := range 3 {
		want := fmt.Sprintf("${%s.DkimDNSTokenName%d} CNAME ${%s.DkimDNSTokenValue%d}", identity, i+1, identity, i+1)
		if record := got[fmt.Sprintf("MailRecord%d", i+1)]; record != want {
			t.Errorf("record %q, want %q", record, want)
		}
	}
	over["mailIdentity"] = "existing"
	if n := len(only[struct{}](t, synthesise(t, over), "AWS::SES::EmailIdentity")); n != 0 {
		t.Errorf("%d identities of a domain that SES knows", n)
	}
}

// What runs at the edge, run by Node: it tells the client's address and the host,
// whatever the client says of them.
func TestViewerRequest(t *testing.T) {
	node, err := filepath.Abs("../node_modules/.bin/node")
	if err != nil {
		t.Fatal(err)
	}
	const event = `{"viewer": {"ip": "2001:db8::7"}, "request": {"method": "GET", "uri": "/support", "headers": {
		"host": {"value": "help.example.com"}, "x-postern-client": {"value": "192.0.2.1"}, "x-postern-host": {"value": "evil.example"},
		"accept-language": {"value": "de"}}}}`
	out, err := exec.Command(node, "--eval", viewerRequest+`;process.stdout.write(JSON.stringify(handler(`+event+`)))`).Output()
	if err != nil {
		t.Fatal(err)
	}
	var request struct {
		URI     string
		Headers map[string]struct{ Value string }
	}
	if err := json.Unmarshal(out, &request); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, h := range request.Headers {
		got[name] = h.Value
	}
	want := map[string]string{"host": "help.example.com", "accept-language": "de", "x-postern-client": "2001:db8::7", "x-postern-host": "help.example.com"}
	if request.URI != "/support" || !maps.Equal(got, want) {
		t.Errorf("%s with %v", request.URI, got)
	}
}

// The next secret takes over without a refused request: the distribution has to
// have changed before the functions do.
func TestNextSecret(t *testing.T) {
	tmpl := synthesise(t, map[string]any{"edgeSecret": "2"})
	if ids := slices.Sorted(maps.Keys(only[struct{}](t, tmpl, "AWS::SecretsManager::Secret"))); len(ids) != 2 {
		t.Errorf("secrets %v", ids)
	}
	secrets(t, tmpl, 2)
	edge := single(t, tmpl, "AWS::CloudFront::Distribution")
	names := functionNames(t, tmpl)
	for id, name := range names {
		after := slices.Contains(tmpl.Resources[id].DependsOn, edge)
		if slices.Contains(serving(), name) != after {
			t.Errorf("%s follows the distribution: %t", name, after)
		}
	}
}
