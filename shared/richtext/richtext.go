// Package richtext turns plain text into the HTML that messages are stored as,
// and that HTML into plain text. Cleaning HTML that comes from outside is the
// work of postern/shared/richtext/sanitize, which only what writes needs.
package richtext

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"mvdan.cc/xurls/v2"
)

// LinkAttributes follow the href of every link: what customers write is not
// ours to recommend, nor may it reach back into the portal's window.
const (
	LinkRel    = "noopener nofollow"
	LinkTarget = "_blank"
)

// links finds addresses that begin with a scheme, without the punctuation and
// the closing bracket of the sentence around them.
var links = sync.OnceValue(func() *regexp.Regexp {
	re, err := xurls.StrictMatchingScheme(`(?i:https?://|mailto:)`)
	if err != nil {
		panic(err) // the expression above is valid
	}
	return re
})

// FromText returns the paragraphs of a plain text as HTML: an empty line
// separates paragraphs, other line breaks stay, addresses become links. The
// result is in the form that sanitize.HTML returns.
func FromText(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n").Replace(strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	var out strings.Builder
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out.WriteString("<p>" + strings.Join(paragraph, "<br/>") + "</p>")
			paragraph = nil
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); !strings.ContainsFunc(line, Visible) {
			flush()
			continue
		}
		paragraph = append(paragraph, linked(line))
	}
	flush()
	return out.String()
}

// linked escapes a line and makes links of the addresses in it.
func linked(line string) string {
	var out strings.Builder
	rest := 0
	for _, at := range links().FindAllStringIndex(line, -1) {
		u, err := url.Parse(line[at[0]:at[1]])
		if err != nil || (u.Host == "" && u.Scheme != "mailto") {
			continue
		}
		out.WriteString(html.EscapeString(line[rest:at[0]]))
		fmt.Fprintf(&out, `<a href="%s" rel="%s" target="%s">%s</a>`,
			html.EscapeString(u.String()), LinkRel, LinkTarget, html.EscapeString(line[at[0]:at[1]]))
		rest = at[1]
	}
	out.WriteString(html.EscapeString(line[rest:]))
	return out.String()
}

// Text returns readable plain text: lists with dashes or numbers, quotations
// behind "> ", the address of a link in brackets after its text, the
// description of a picture in square brackets.
func Text(source string) string {
	nodes, err := parse(source)
	if err != nil {
		return ""
	}
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return strings.Join(blocks(root), "\n\n")
}

// Empty tells whether there is nothing to see in the HTML: no text and no
// picture.
func Empty(source string) bool {
	tokens := html.NewTokenizer(strings.NewReader(source))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return true
		case html.TextToken:
			if strings.ContainsFunc(string(tokens.Text()), Visible) {
				return false
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if name, _ := tokens.TagName(); string(name) == "img" {
				return false
			}
		}
	}
}

// Visible tells whether a rune leaves something to see.
func Visible(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r)
}

// parse reads HTML as the content of a div, and reports nesting that is deeper
// than the parser allows.
func parse(source string) ([]*html.Node, error) {
	return html.ParseFragment(strings.NewReader(source), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
}

// blocks returns the paragraphs, lists and quotations below n as text.
func blocks(n *html.Node) []string {
	var out []string
	var line strings.Builder
	flush := func() {
		if s := tidy(line.String()); s != "" {
			out = append(out, s)
		}
		line.Reset()
	}
	add := func(s string) {
		if s != "" {
			out = append(out, s)
		}
	}
	var walk func(*html.Node)
	walk = func(parent *html.Node) {
		for c := range parent.ChildNodes() {
			if c.Type == html.TextNode {
				line.WriteString(strings.ReplaceAll(c.Data, "\n", " "))
				continue
			}
			switch c.DataAtom {
			case atom.Br:
				line.WriteByte('\n')
			case atom.Img:
				if alt := attribute(c, "alt"); alt != "" {
					line.WriteString("[" + alt + "]")
				}
			case atom.A:
				before := line.Len()
				walk(c)
				href, text := attribute(c, "href"), ""
				if before <= line.Len() {
					text = strings.TrimSpace(line.String()[before:])
				}
				if href != "" && text != href && text != strings.TrimPrefix(strings.TrimPrefix(href, "mailto:"), "tel:") {
					line.WriteString(" (" + href + ")")
				}
			case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Div:
				flush()
				out = append(out, blocks(c)...)
			case atom.Ul, atom.Ol:
				flush()
				add(list(c))
			case atom.Blockquote:
				flush()
				add(indent(strings.Join(blocks(c), "\n\n"), "> ", "> "))
			case atom.Pre:
				flush()
				add(strings.Trim(content(c), "\n"))
			default:
				walk(c)
			}
		}
	}
	walk(n)
	flush()
	return out
}

func list(n *html.Node) string {
	var items []string
	for c := range n.ChildNodes() {
		if c.DataAtom != atom.Li {
			continue
		}
		mark := "- "
		if n.DataAtom == atom.Ol {
			mark = strconv.Itoa(len(items)+1) + ". "
		}
		items = append(items, indent(strings.Join(blocks(c), "\n"), mark, strings.Repeat(" ", len(mark))))
	}
	return strings.Join(items, "\n")
}

// indent puts first before the first line of s and other before the others.
func indent(s, first, other string) string {
	if s == "" {
		return ""
	}
	lines := strings.Split(s, "\n")
	for i := range lines {
		mark := other
		if i == 0 {
			mark = first
		}
		lines[i] = strings.TrimRight(mark+lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// tidy collapses white space as a browser does, line by line.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func content(n *html.Node) string {
	var out strings.Builder
	for c := range n.Descendants() {
		switch {
		case c.Type == html.TextNode:
			out.WriteString(c.Data)
		case c.DataAtom == atom.Br:
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
