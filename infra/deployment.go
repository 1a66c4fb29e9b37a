package main

import (
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"postern/shared/routes"
)

// deployment is what the person who deploys chooses, as CDK context: in cdk.json
// or with -c name=value.
type deployment struct {
	// StackName names the stack and, with a hyphen, precedes the names of its
	// tables and functions (stackName).
	StackName string
	// Origin is where browsers reach the portal, scheme and host (origin);
	// empty where that is the API's own address.
	Origin string
	// DefaultPortal is the slug that / leads to (defaultPortal).
	DefaultPortal string
	// MailFrom is the address that mails come from, which SES has to know
	// (mailFrom); empty is no-reply at the origin's host, where there is one.
	MailFrom string
}

// sender is the address that mails come from, "" where none was chosen and none
// follows: then only portals with an address of their own send any.
func (d deployment) sender() string {
	u, err := url.Parse(d.Origin)
	if d.MailFrom != "" || err != nil || u.Hostname() == "" {
		return d.MailFrom
	}
	return "no-reply@" + u.Hostname()
}

// A function's name has at most 64 characters: the stack's name, a hyphen, and
// the folder's, of which the longest today has 17.
var stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,39}$`)

var slug = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$`)

// toolKeys are context values of the CDK CLI itself that have no namespace.
var toolKeys = []string{"acknowledged-issue-numbers", "cli-telemetry"}

// readContext checks all of the context, so that a slip shows at once and not as
// a broken deployment. The error names every value at fault.
func readContext(context map[string]any) (deployment, error) {
	var (
		faults []error
		values = map[string]string{"stackName": "", "origin": "", "defaultPortal": "", "mailFrom": ""}
	)
	for _, key := range slices.Sorted(maps.Keys(context)) {
		if _, known := values[key]; !known {
			// Feature flags are @aws-cdk/…, the CLI's own values aws:cdk:…
			// and what it looked up provider:….
			if !strings.HasPrefix(key, "@") && !strings.Contains(key, ":") && !slices.Contains(toolKeys, key) {
				faults = append(faults, fmt.Errorf("there is no context value %q: Postern reads stackName, origin, defaultPortal and mailFrom", key))
			}
			continue
		}
		text, ok := context[key].(string)
		if !ok {
			faults = append(faults, fmt.Errorf("context value %s is not text: %v", key, context[key]))
			continue
		}
		values[key] = text
	}
	d := deployment{values["stackName"], values["origin"], values["defaultPortal"], values["mailFrom"]}
	if !stackName.MatchString(d.StackName) {
		faults = append(faults, fmt.Errorf("stackName is %q: it needs a letter first, then letters, digits and hyphens, at most 40 in all", d.StackName))
	}
	if d.Origin != "" && !isOrigin(d.Origin) {
		faults = append(faults, fmt.Errorf("origin is %q: it needs to be https://, a host name in lower case and nothing behind it, or empty", d.Origin))
	}
	if !slug.MatchString(d.DefaultPortal) || slices.Contains(routes.Reserved(), d.DefaultPortal) {
		faults = append(faults, fmt.Errorf("defaultPortal is %q: it needs to be a portal's slug, such as support", d.DefaultPortal))
	}
	if a, err := mail.ParseAddress(d.MailFrom); d.MailFrom != "" && (err != nil || a.Address != d.MailFrom) {
		faults = append(faults, fmt.Errorf("mailFrom is %q: it needs to be an address and no name, such as no-reply@example.com, or empty", d.MailFrom))
	}
	if len(faults) > 0 {
		return deployment{}, errors.Join(faults...)
	}
	return d, nil
}

// isOrigin tells whether s is what a browser sends as Origin over HTTPS.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && s == "https://"+strings.ToLower(u.Host)
}

// checkAssets finds each function's bootstrap below dir.
func checkAssets(dir string) error {
	for _, function := range routes.Functions() {
		if _, err := os.Stat(filepath.Join(dir, function, "bootstrap")); err != nil {
			return fmt.Errorf("%s is not built (%w): run make build", function, err)
		}
	}
	return nil
}
