// Package sanitize cleans the HTML that people and other systems send, when it
// is stored. Pages then show it as it is.
//
// It is apart from package richtext because bluemonday takes 3 ms at the start
// of whatever links it.
package sanitize

import (
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"

	"postern/shared/richtext"
)

// Version is stored beside the HTML that [HTML] returned. What was cleaned by an
// older version is to be cleaned again.
const Version = 1

// policy is the gate: nothing passes but these elements and attributes. There is
// no style, class or id, so that a message cannot imitate the page around it.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "em", "u", "s", "ul", "ol", "li", "blockquote", "pre", "code", "h3", "h4")
	p.RequireParseableURLs(true)
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid")
	p.AllowAttrs("href").Matching(regexp.MustCompile(`(?i)^\s*(?:https?://[^/\s]|mailto:\S|tel:\S)`)).OnElements("a")
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^cid:[a-z0-9]{8,32}$`)).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	return p
}()

// words is the gate for what has no form: text alone.
var words = bluemonday.StrictPolicy().AddSpaceWhenStrippingTag(true)

// maxPasses bounds the search for a form that cleaning no longer changes. Two
// or three passes reach it for what editors and mail clients write.
const maxPasses = 8

// HTML returns what is safe to show of source, in a canonical form: block
// elements at the top, every element closed, headings below those of the page,
// links that open a window of their own. HTML(HTML(s)) is HTML(s).
//
// Pictures are kept where they refer to an attachment of the message (cid:).
func HTML(source string) string {
	source = strings.ToValidUTF8(source, "\uFFFD")
	clean := source
	for range maxPasses {
		before := clean
		var err error
		if clean, err = pass(before); err != nil {
			break
		}
		if clean == before {
			return clean
		}
	}
	// Nested as no person writes: the words remain.
	return richtext.FromText(html.UnescapeString(words.Sanitize(source)))
}

// pass cleans source once.
func pass(source string) (string, error) {
	root, err := parse(source)
	if err != nil {
		return "", err
	}
	simplify(root)
	arrange(root)
	formed, err := render(root)
	if err != nil {
		return "", err
	}
	// bluemonday judges tag by tag. Parsing its result closes what it left open,
	// so that a message cannot end an element of the page around it.
	if root, err = parse(policy.Sanitize(formed)); err != nil {
		return "", err
	}
	finish(root)
	return render(root)
}
