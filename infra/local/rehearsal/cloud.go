package rehearsal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"postern/infra/local/queue"
)

// cloud is the account that stacks are made in: what really exists on this
// machine, and what has merely been accepted.
type cloud struct {
	root    string // the working copy
	account string
	region  string
	spec    *spec
	dynamo  *dynamodb.Client
	s3      *s3.Client
	url     string                         // where the stand-in answers
	lambda  func(name string) []string     // the endpoints that a function is told
	log     io.Writer                      // what functions say
	streams func(mapping *resource) func() // drives an event source mapping; it returns what ends that

	mu        sync.Mutex
	living    []*resource
	retained  []string
	accepted  map[string]map[string]bool // type → logical ids of what nothing carried out
	guessed   map[string]bool            // attributes that were made up: "AWS::X::Y.Attribute"
	queues    map[string]*queue.Queue    // by URL
	secrets   map[string]*secret         // by ARN
	functions map[string]*function       // by name
	values    map[string]string          // SSM parameters
	mappings  map[*resource]func()       // what ends an event source mapping
	answers   map[string]chan []byte     // what custom resources wait for
}

func newCloud() *cloud {
	return &cloud{
		accepted: map[string]map[string]bool{}, guessed: map[string]bool{}, queues: map[string]*queue.Queue{},
		secrets: map[string]*secret{}, functions: map[string]*function{}, values: map[string]string{},
		mappings: map[*resource]func(){}, answers: map[string]chan []byte{},
	}
}

// kind is how resources of a type are really made. What a type lacks is accepted
// as it is.
type kind struct {
	create func(context.Context, *cloud, *resource) error
	update func(ctx context.Context, c *cloud, before, after *resource) error
	remove func(context.Context, *cloud, *resource) error
	// exists tells of a resource that is there without a stack's knowing.
	exists func(ctx context.Context, c *cloud, name string) bool
	// carries are the properties that are carried out; nil is all of them.
	carries []string
}

func kindOf(name string) kind {
	if isCustom(name) {
		return custom
	}
	return kinds[name]
}

// create makes the resource and gives it its physical id.
func (c *cloud) create(ctx context.Context, r *resource) error {
	k, carried := kinds[r.Type]
	if isCustom(r.Type) {
		k, carried = custom, true
	} else {
		r.Physical = c.identify(r)
		if property := c.nameProperty(r.Type); property != "" && r.Properties[property] != nil && c.exists(r.Type, asText(r.Properties[property])) {
			return saying("Resource of type '%s' with identifier '%s' already exists.", r.Type, asText(r.Properties[property]))
		}
	}
	c.accept(r, k, carried)
	if k.create != nil {
		if err := k.create(ctx, c, r); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.living = append(c.living, r)
	return nil
}

// adopt finds the resource that has the name.
func (c *cloud) adopt(ctx context.Context, r *resource) error {
	k, carried := kinds[r.Type]
	c.accept(r, k, carried)
	property := c.nameProperty(r.Type)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, there := range c.living {
		if there.Type == r.Type && equal(there.Properties[property], r.Properties[property]) {
			r.Physical, r.Attributes, c.living[i] = there.Physical, there.Attributes, r
			c.retained = slices.DeleteFunc(c.retained, func(kept string) bool { return kept == r.Type+" "+r.Physical })
			return nil
		}
	}
	return fmt.Errorf("there is no %s %s to import", r.Type, asText(r.Properties[property]))
}

func (c *cloud) update(ctx context.Context, before, after *resource) error {
	k := kindOf(after.Type)
	if k.update != nil {
		if err := k.update(ctx, c, before, after); err != nil {
			return err
		}
	} else if k.create != nil {
		return fmt.Errorf("the rehearsal cannot change a %s (%s)", after.Type, after.Logical)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.living, before); i >= 0 {
		c.living[i] = after
	} else {
		c.living = append(c.living, after)
	}
	return nil
}

func (c *cloud) remove(ctx context.Context, r *resource) error {
	if k := kindOf(r.Type); k.remove != nil {
		if err := k.remove(ctx, c, r); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.living = slices.DeleteFunc(c.living, func(l *resource) bool { return l == r })
	return nil
}

// retain keeps the resource, which no stack owns from now on.
func (c *cloud) retain(r *resource) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retained = append(c.retained, r.Type+" "+r.Physical)
}

// accept remembers what of the resource is not carried out.
func (c *cloud) accept(r *resource, k kind, carried bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add := func(what string) {
		if c.accepted[what] == nil {
			c.accepted[what] = map[string]bool{}
		}
		c.accepted[what][r.Stack.Name+"/"+r.Logical] = true
	}
	if !carried {
		add(r.Type)
		return
	}
	for p := range r.Properties {
		if k.carries != nil && !slices.Contains(k.carries, p) {
			add(r.Type + "." + p)
		}
	}
}

// exists tells whether a resource of the type has the name.
func (c *cloud) exists(kind, name string) bool {
	c.mu.Lock()
	for _, r := range c.living {
		if property := c.nameProperty(kind); r.Type == kind && asText(r.Properties[property]) == name {
			c.mu.Unlock()
			return true
		}
	}
	c.mu.Unlock()
	if k := kindOf(kind); k.exists != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return k.exists(ctx, c, name)
	}
	return false
}

// of returns the resources of the type.
func (c *cloud) of(kind string) []*resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*resource
	for _, r := range c.living {
		if r.Type == kind {
			all = append(all, r)
		}
	}
	return all
}

// all returns every resource that is there.
func (c *cloud) all() []*resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.living)
}

// nameProperty is the property by which a template names a resource of the type
// in its account, or "".
func (c *cloud) nameProperty(kind string) string {
	t := c.spec.resources[kind]
	if t == nil {
		return ""
	}
	last := "Name"
	if len(t.Identifier) == 1 {
		last = t.Identifier[0]
	} else if len(t.Identifier) > 1 {
		return "" // The name is one within another resource.
	}
	short := kind[strings.LastIndex(kind, ":")+1:]
	for _, candidate := range []string{last, short + "Name", "Name"} {
		if p, ok := t.Properties[candidate]; ok && p.Type.Kind == "string" {
			return candidate
		}
	}
	return ""
}

// identify gives a physical id: the template's own name, or one such as
// CloudFormation makes.
func (c *cloud) identify(r *resource) string {
	t := c.spec.resources[r.Type]
	name := c.generated(r)
	if property := c.nameProperty(r.Type); property != "" {
		if given := r.Properties[property]; given != nil {
			name = asText(given)
		}
	}
	id := "Id"
	if n := len(t.Identifier); n > 0 {
		id = t.Identifier[n-1]
	}
	_, settable := t.Properties[id]
	switch {
	case r.Type == "AWS::SQS::Queue":
		return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", c.region, c.account, name)
	case r.Type == "AWS::SecretsManager::Secret":
		return c.arn(t, r, name+"-"+random(6)[:6])
	case settable:
		if given := r.Properties[id]; given != nil {
			return asText(given)
		}
		return name
	case strings.HasSuffix(id, "Arn") || strings.HasSuffix(id, "ARN"):
		return c.arn(t, r, name)
	case id == "Id" && c.nameProperty(r.Type) != "":
		return name
	default:
		return random(10)[:10]
	}
}

var notInName = regexp.MustCompile(`[^a-z0-9-]`)

func (c *cloud) generated(r *resource) string {
	name := r.Stack.Name + "-" + r.Logical + "-" + random(12)[:12]
	if r.Type == "AWS::S3::Bucket" {
		name = notInName.ReplaceAllString(strings.ToLower(name), "")
	}
	return name
}

var placeholder = regexp.MustCompile(`\$\{(\w+)\}`)

// arn fills the ARN template of the type.
func (c *cloud) arn(t *resourceType, r *resource, name string) string {
	if t.ARN == "" {
		part := strings.Split(t.Name, "::")
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s/%s", strings.ToLower(part[1]), c.region, c.account, strings.ToLower(part[2]), name)
	}
	return placeholder.ReplaceAllStringFunc(t.ARN, func(match string) string {
		switch what := placeholder.FindStringSubmatch(match)[1]; what {
		case "Partition":
			return "aws"
		case "Region":
			return c.region
		case "Account":
			return c.account
		default:
			if given, ok := r.Properties[what].(string); ok {
				return given
			}
			return name
		}
	})
}

// attribute is what Fn::GetAtt gives of a resource.
func (c *cloud) attribute(r *resource, name string) (any, error) {
	if v, ok := r.Attributes[name]; ok {
		return v, nil
	}
	if isCustom(r.Type) {
		return nil, fmt.Errorf("CustomResource attribute error: Vendor response doesn't contain %s attribute", name)
	}
	t := c.spec.resources[r.Type]
	a, ok := t.Attributes[name]
	if !ok {
		return nil, saying("Requested attribute %s does not exist in schema for %s", name, r.Type)
	}
	if f := attributes[r.Type+"."+name]; f != nil {
		return f(c, r), nil
	}
	base := r.Physical[strings.LastIndex(r.Physical, "/")+1:]
	switch {
	case strings.HasPrefix(r.Physical, "arn:") && strings.HasSuffix(strings.ToLower(name), "arn"):
		return r.Physical, nil
	case strings.HasSuffix(strings.ToLower(name), "arn"):
		return c.arn(t, r, base), nil
	case len(t.Identifier) > 0 && t.Identifier[len(t.Identifier)-1] == name:
		return r.Physical, nil
	}
	if given, ok := r.Properties[name]; ok {
		return given, nil
	}
	c.mu.Lock()
	c.guessed[r.Type+"."+name] = true
	c.mu.Unlock()
	made := strings.ToLower(strings.ReplaceAll(name, ".", "-")) + "-" + base
	if a.Type.Kind == "array" {
		return []any{made}, nil
	}
	return made, nil
}

// attributes are those that have a form of their own.
var attributes = map[string]func(*cloud, *resource) any{
	"AWS::ApiGatewayV2::Api.ApiEndpoint": func(c *cloud, r *resource) any {
		return "https://" + r.Physical + ".execute-api." + c.region + ".amazonaws.com"
	},
	"AWS::CloudFront::Distribution.DomainName": func(_ *cloud, r *resource) any {
		return "d" + strings.ToLower(r.Physical) + ".cloudfront.net"
	},
	"AWS::ECR::Repository.RepositoryUri": func(c *cloud, r *resource) any {
		return c.account + ".dkr.ecr." + c.region + ".amazonaws.com/" + r.Physical
	},
	"AWS::Logs::LogGroup.Arn": func(c *cloud, r *resource) any {
		return c.arn(c.spec.resources[r.Type], r, r.Physical) + ":*"
	},
	"AWS::S3::Bucket.DomainName": func(_ *cloud, r *resource) any { return r.Physical + ".s3.amazonaws.com" },
	"AWS::S3::Bucket.RegionalDomainName": func(c *cloud, r *resource) any {
		return r.Physical + ".s3." + c.region + ".amazonaws.com"
	},
	"AWS::SQS::Queue.QueueName": func(_ *cloud, r *resource) any { return r.Physical[strings.LastIndex(r.Physical, "/")+1:] },
}

// random is n hexadecimal digits or more.
func random(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// close ends what runs.
func (c *cloud) close() {
	c.mu.Lock()
	mappings, functions := c.mappings, c.functions
	c.mappings, c.functions = map[*resource]func(){}, map[string]*function{}
	c.mu.Unlock()
	for _, end := range mappings {
		end()
	}
	for _, f := range functions {
		f.close()
	}
}
