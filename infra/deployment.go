package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postern/shared/configuration/file"
	"postern/shared/portal"
	"postern/shared/routes"
)

// deployment is what the person who deploys chooses, as CDK context: in cdk.json
// or with -c name=value. All is text there.
type deployment struct {
	// StackName names the stack and, with a hyphen, precedes the names of its
	// tables and functions (stackName).
	StackName string
	// DefaultPortal is the slug that / leads to (defaultPortal).
	DefaultPortal string
	// Domain is the host name where browsers reach the portal (domain); empty
	// where that is the distribution's own.
	Domain string
	// Certificate is the ARN of the domain's certificate, in us-east-1
	// (certificate).
	Certificate string
	// HostedZone is the id of the Route 53 zone that the domain's records go into
	// (hostedZone); empty where they are kept elsewhere.
	HostedZone string
	// MailFrom is the address that mails come from (mailFrom); empty is no-reply
	// at the domain, where there is one.
	MailFrom string
	// MailIdentity is "existing" where SES knows the address's domain already
	// (mailIdentity); empty has the stack make it known.
	MailIdentity string
	// AlarmMail is the address that alarms are sent to (alarmMail); empty is
	// nobody.
	AlarmMail string
	// EdgeSecret counts the secrets between the distribution and the API
	// (edgeSecret): one more is another secret.
	EdgeSecret int
	// Adopt takes tables into the stack that an earlier one has left behind
	// (adopt, "true"), beside the CLI's --import-existing-resources.
	Adopt bool
	// SelfRegistration is "allowed" where portals may let people register
	// themselves (selfRegistration); empty has them be invited.
	SelfRegistration string
	// Configuration is the path of the file that the default portal is made of, and
	// that is applied to it as long as nobody changes it otherwise (configuration);
	// empty makes it like any new portal.
	Configuration string
}

const (
	existingIdentity    = "existing"
	registrationAllowed = "allowed"
)

// sender is the address that mails come from, "" where none was chosen and none
// follows: then only portals with an address of their own send any.
func (d deployment) sender() string {
	if d.MailFrom != "" || d.Domain == "" {
		return d.MailFrom
	}
	return "no-reply@" + d.Domain
}

// A bucket's name has at most 63 characters, of which bucketName adds 34 to the
// stack's name.
var stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,27}$`)

// What the buckets hold, as part of their names.
const (
	filesBucket = "files" // of messages
	pagesBucket = "pages" // their static files
)

// bucketName is the name of a bucket in an account and a region.
func (d deployment) bucketName(holds, account, region string) string {
	return strings.ToLower(d.StackName) + "-" + holds + "-" + account + "-" + region
}

// deadLetters is the name of the queue for what could not be told by mail.
func (d deployment) deadLetters() string { return d.StackName + "-notify-dead" }

var (
	slug        = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$`)
	certificate = regexp.MustCompile(`^arn:[a-z-]+:acm:([a-z0-9-]+):[0-9]{12}:certificate/[A-Za-z0-9-]+$`)
	hostedZone  = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
)

// toolKeys are context values of the CDK CLI itself that have no namespace.
var toolKeys = []string{"acknowledged-issue-numbers", "cli-telemetry"}

// readContext checks all of the context, so that a slip shows at once and not as
// a broken deployment. The error names every value at fault.
func readContext(context map[string]any) (deployment, error) {
	var (
		d      deployment
		faults []error
		secret string
		adopt  string
		values = map[string]*string{
			"stackName": &d.StackName, "defaultPortal": &d.DefaultPortal, "domain": &d.Domain, "certificate": &d.Certificate,
			"hostedZone": &d.HostedZone, "mailFrom": &d.MailFrom, "mailIdentity": &d.MailIdentity, "alarmMail": &d.AlarmMail, "edgeSecret": &secret, "adopt": &adopt, "selfRegistration": &d.SelfRegistration,
			"configuration": &d.Configuration,
		}
		wrong = func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	)
	for _, key := range slices.Sorted(maps.Keys(context)) {
		value, known := values[key]
		if !known {
			// Feature flags are @aws-cdk/…, the CLI's own values aws:cdk:…
			// and what it looked up provider:….
			if !strings.HasPrefix(key, "@") && !strings.Contains(key, ":") && !slices.Contains(toolKeys, key) {
				wrong("there is no context value %q: Postern reads %s", key, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
			}
			continue
		}
		text, ok := context[key].(string)
		if !ok {
			wrong("context value %s is not text: %v", key, context[key])
			continue
		}
		*value = text
	}
	if !stackName.MatchString(d.StackName) {
		wrong("stackName is %q: it needs a letter first, then letters, digits and hyphens, at most 28 in all", d.StackName)
	}
	if !slug.MatchString(d.DefaultPortal) || slices.Contains(routes.Reserved(), d.DefaultPortal) {
		wrong("defaultPortal is %q: it needs to be a portal's slug, such as support", d.DefaultPortal)
	}
	for _, fault := range d.domainFaults() {
		wrong("%s", fault)
	}
	for _, name := range []string{"mailFrom", "alarmMail"} {
		address := *values[name]
		if a, err := mail.ParseAddress(address); address != "" && (err != nil || a.Address != address) {
			wrong("%s is %q: it needs to be an address and no name, such as help@example.com, or empty", name, address)
		}
	}
	if d.MailIdentity != "" && d.MailIdentity != existingIdentity {
		wrong("mailIdentity is %q: it needs to be %q, where SES knows the domain of the mails already, or empty", d.MailIdentity, existingIdentity)
	}
	if d.SelfRegistration != "" && d.SelfRegistration != registrationAllowed {
		wrong("selfRegistration is %q: it needs to be %q, where portals may let people register themselves, or empty", d.SelfRegistration, registrationAllowed)
	}
	var err error
	if d.EdgeSecret, err = strconv.Atoi(secret); err != nil || d.EdgeSecret < 1 || d.EdgeSecret > 1_000_000 {
		wrong("edgeSecret is %q: it needs to be 1, or one more than it was, to have another secret", secret)
	}
	if adopt != "" && adopt != "true" {
		wrong("adopt is %q: it needs to be \"true\" or empty", adopt)
	}
	d.Adopt = adopt == "true"
	for _, fault := range d.configurationFaults() {
		wrong("%s", fault)
	}
	if len(faults) > 0 {
		return deployment{}, errors.Join(faults...)
	}
	return d, nil
}

// domainFaults says what is wrong with the domain and what belongs to it.
func (d deployment) domainFaults() []string {
	var faults []string
	if d.Domain != "" && !isHost(d.Domain) {
		faults = append(faults, fmt.Sprintf("domain is %q: it needs to be a host name in lower case, such as help.example.com, or empty", d.Domain))
	}
	switch arn := certificate.FindStringSubmatch(d.Certificate); {
	case d.Domain != "" && d.Certificate == "":
		faults = append(faults, fmt.Sprintf("domain is %q and there is no certificate: ask AWS Certificate Manager for one of that name in us-east-1 (CloudFront looks nowhere else), and give its ARN as certificate", d.Domain))
	case d.Certificate == "":
	case arn == nil:
		faults = append(faults, fmt.Sprintf("certificate is %q: it needs to be the ARN of a certificate in AWS Certificate Manager", d.Certificate))
	case arn[1] != "us-east-1":
		faults = append(faults, fmt.Sprintf("certificate is one of %s: CloudFront takes them from us-east-1 alone, wherever the portal is", arn[1]))
	case d.Domain == "":
		faults = append(faults, "certificate is given and no domain: give the domain that it is for")
	}
	switch {
	case d.HostedZone != "" && !hostedZone.MatchString(d.HostedZone):
		faults = append(faults, fmt.Sprintf("hostedZone is %q: it needs to be the zone's id, such as Z0123456789ABCDEFGHIJ, or empty", d.HostedZone))
	case d.HostedZone != "" && d.Domain == "":
		faults = append(faults, "hostedZone is given and no domain: give the domain whose records go there")
	}
	return faults
}

// configurationFaults says all that is wrong with the file that the default portal is
// to be made of.
func (d deployment) configurationFaults() []string {
	if d.Configuration == "" {
		return nil
	}
	text, err := os.ReadFile(d.Configuration)
	if err != nil {
		return []string{fmt.Sprintf("configuration: %v", err)}
	}
	doc, err := file.Decode(text)
	if doc != nil {
		first := portal.First("configuration", "support", nil)
		_, err = doc.New(context.Background(), &first, err)
	}
	if err == nil {
		return nil
	}
	faults := file.Reasons(doc, err)
	if len(faults) == 0 {
		faults = []string{err.Error()}
	}
	for i := range faults {
		faults[i] = d.Configuration + ": " + faults[i]
	}
	return faults
}

// isHost tells whether s is a host name as browsers send it, with a dot in it.
func isHost(s string) bool {
	return len(s) <= 253 && hostName.MatchString(s)
}

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// checkAssets finds each function's bootstrap below dir.
func checkAssets(dir string) error {
	for _, function := range routes.Functions() {
		if _, err := os.Stat(filepath.Join(dir, function, "bootstrap")); err != nil {
			return fmt.Errorf("%s is not built (%w): run make build", function, err)
		}
	}
	return nil
}
