package sanitize

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"postern/shared/richtext"
)

// parse reads HTML as the content of the div that it returns.
func parse(source string) (*html.Node, error) {
	root := element(atom.Div)
	nodes, err := html.ParseFragment(strings.NewReader(source), root)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root, nil
}

func render(root *html.Node) (string, error) {
	var out strings.Builder
	for c := range root.ChildNodes() {
		if err := html.Render(&out, c); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

func element(name atom.Atom) *html.Node {
	return &html.Node{Type: html.ElementNode, DataAtom: name, Data: name.String()}
}

// renamed are the elements that say what another one does. Headings begin below
// those of the page.
var renamed = map[atom.Atom]atom.Atom{
	atom.B: atom.Strong, atom.I: atom.Em, atom.Ins: atom.U,
	atom.Del: atom.S, atom.Strike: atom.S, atom.Kbd: atom.Code, atom.Samp: atom.Code, atom.Tt: atom.Code,
	atom.H1: atom.H3, atom.H2: atom.H3, atom.H5: atom.H4, atom.H6: atom.H4,
	atom.Listing: atom.Pre, atom.Xmp: atom.Pre, atom.Plaintext: atom.Pre, atom.Menu: atom.Ul, atom.Dir: atom.Ul,
}

// dropped are the elements whose content is no text for the reader.
var dropped = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Template: true, atom.Title: true, atom.Head: true,
	atom.Noscript: true, atom.Noframes: true, atom.Noembed: true, atom.Iframe: true, atom.Object: true, atom.Embed: true,
	atom.Svg: true, atom.Math: true, atom.Audio: true, atom.Video: true, atom.Canvas: true,
	atom.Textarea: true, atom.Select: true, atom.Button: true, atom.Input: true, atom.Datalist: true,
}

// blocks stand on lines of their own and stay.
var blocks = map[atom.Atom]bool{
	atom.P: true, atom.Ul: true, atom.Ol: true, atom.Blockquote: true, atom.Pre: true, atom.H3: true, atom.H4: true,
}

// wrappers stand on lines of their own; only what is in them stays.
var wrappers = map[atom.Atom]bool{
	atom.Div: true, atom.Li: true, atom.Section: true, atom.Article: true, atom.Aside: true, atom.Header: true, atom.Footer: true,
	atom.Main: true, atom.Nav: true, atom.Address: true, atom.Center: true, atom.Figure: true, atom.Figcaption: true,
	atom.Form: true, atom.Fieldset: true, atom.Legend: true, atom.Details: true, atom.Summary: true, atom.Hgroup: true,
	atom.Dl: true, atom.Dt: true, atom.Dd: true, atom.Hr: true,
	atom.Table: true, atom.Caption: true, atom.Colgroup: true, atom.Thead: true, atom.Tbody: true, atom.Tfoot: true,
	atom.Tr: true, atom.Td: true, atom.Th: true,
}

// simplify removes what is not for the reader and gives each element the name
// that the policy knows.
func simplify(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if (c.Type != html.TextNode && c.Type != html.ElementNode) || c.Namespace != "" || dropped[c.DataAtom] {
			n.RemoveChild(c)
		} else {
			if name, ok := renamed[c.DataAtom]; ok {
				c.DataAtom, c.Data = name, name.String()
			}
			simplify(c)
		}
		c = next
	}
}

// arrange makes blocks of all that is in a container: n is the whole text or a
// quotation.
func arrange(n *html.Node) {
	children := dissolve(n)
	var run []*html.Node
	flush := func() {
		for _, p := range paragraphs(run) {
			n.AppendChild(p)
		}
		run = nil
	}
	for _, c := range children {
		switch {
		case wrappers[c.DataAtom]: // its begin or end
			flush()
			continue
		case !blocks[c.DataAtom]:
			run = append(run, c)
			continue
		}
		flush()
		switch c.DataAtom {
		case atom.P:
			run = dissolve(c)
			flush()
			continue
		case atom.Blockquote:
			arrange(c)
		case atom.Ul, atom.Ol:
			items(c)
		default:
			flatten(c)
		}
		if !blank(c) {
			n.AppendChild(c)
		}
	}
	flush()
}

// dissolve takes the children of n, and instead of a wrapper, or of an inline
// element around blocks, that one's own. An empty wrapper in the result marks
// where one began or ended.
func dissolve(n *html.Node) []*html.Node {
	var out []*html.Node
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		n.RemoveChild(c)
		switch {
		case wrappers[c.DataAtom], c.DataAtom == atom.P && holdsBlocks(c):
			out = append(out, element(atom.Div))
			out = append(out, dissolve(c)...)
			out = append(out, element(atom.Div))
		case c.Type == html.TextNode || blocks[c.DataAtom] || !holdsBlocks(c):
			out = append(out, c)
		case c.DataAtom == atom.A: // a link stays one
			flatten(c)
			out = append(out, c)
		default:
			out = append(out, dissolve(c)...)
		}
		c = next
	}
	return out
}

// holdsBlocks tells whether a block or a wrapper is anywhere below n.
func holdsBlocks(n *html.Node) bool {
	for c := range n.Descendants() {
		if blocks[c.DataAtom] || wrappers[c.DataAtom] {
			return true
		}
	}
	return false
}

// flatten replaces the blocks and wrappers below n by what is in them, a space
// apart, or a line where n keeps its line breaks.
func flatten(n *html.Node) {
	gap := " "
	if n.DataAtom == atom.Pre {
		gap = "\n"
	}
	var walk func(*html.Node)
	walk = func(parent *html.Node) {
		for c := parent.FirstChild; c != nil; {
			next := c.NextSibling
			walk(c)
			if blocks[c.DataAtom] || wrappers[c.DataAtom] {
				for c.FirstChild != nil {
					grandchild := c.FirstChild
					c.RemoveChild(grandchild)
					parent.InsertBefore(grandchild, c)
				}
				parent.InsertBefore(&html.Node{Type: html.TextNode, Data: gap}, c)
				parent.RemoveChild(c)
			}
			c = next
		}
	}
	walk(n)
}

// paragraphs makes paragraphs of a run of inline nodes: two line breaks end one.
func paragraphs(run []*html.Node) []*html.Node {
	var out []*html.Node
	var line []*html.Node
	flush := func() {
		p := element(atom.P)
		for _, c := range trim(line) {
			p.AppendChild(c)
		}
		if !blank(p) {
			out = append(out, p)
		}
		line = nil
	}
	breaks := 0
	for _, c := range run {
		switch {
		case c.DataAtom == atom.Br:
			breaks++
		case breaks > 0 && c.Type == html.TextNode && blankText(c.Data):
		default:
			if breaks > 1 {
				flush()
			}
			breaks = 0
		}
		line = append(line, c)
	}
	flush()
	return out
}

// trim takes line breaks and white space from both ends.
func trim(run []*html.Node) []*html.Node {
	space := func(n *html.Node) bool {
		return n.DataAtom == atom.Br || n.Type == html.TextNode && blankText(n.Data)
	}
	for len(run) > 0 && space(run[0]) {
		run = run[1:]
	}
	for len(run) > 0 && space(run[len(run)-1]) {
		run = run[:len(run)-1]
	}
	return run
}

// items arranges a list: items alone are in it, and a list that stands between
// them belongs to the one before.
func items(list *html.Node) {
	var out []*html.Node
	for c := list.FirstChild; c != nil; {
		next := c.NextSibling
		list.RemoveChild(c)
		switch {
		case c.DataAtom == atom.Li:
			out = append(out, c)
		case c.Type == html.TextNode && blankText(c.Data):
		case len(out) > 0 && c.DataAtom != atom.P && !wrappers[c.DataAtom]:
			out[len(out)-1].AppendChild(c)
		default:
			li := element(atom.Li)
			li.AppendChild(c)
			out = append(out, li)
		}
		c = next
	}
	for _, li := range out {
		arrange(li)
		// One paragraph, with or without a list below it, needs no element.
		if first := li.FirstChild; first != nil && first.DataAtom == atom.P && onlyLists(first.NextSibling) {
			for first.FirstChild != nil {
				c := first.FirstChild
				first.RemoveChild(c)
				li.InsertBefore(c, first)
			}
			li.RemoveChild(first)
		}
		if !blank(li) {
			list.AppendChild(li)
		}
	}
}

func onlyLists(n *html.Node) bool {
	for ; n != nil; n = n.NextSibling {
		if n.DataAtom != atom.Ul && n.DataAtom != atom.Ol {
			return false
		}
	}
	return true
}

// blank tells whether there is nothing to see below n.
func blank(n *html.Node) bool {
	for c := range n.Descendants() {
		if c.DataAtom == atom.Img || c.Type == html.TextNode && !blankText(c.Data) {
			return false
		}
	}
	return true
}

func blankText(s string) bool { return !strings.ContainsFunc(s, richtext.Visible) }

// finish completes what the policy let through.
func finish(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		switch {
		case c.DataAtom == atom.Img && !has(c, "src"):
			n.RemoveChild(c)
		case c.DataAtom == atom.A:
			c.Attr = append(c.Attr,
				html.Attribute{Key: "rel", Val: richtext.LinkRel},
				html.Attribute{Key: "target", Val: richtext.LinkTarget})
			finish(c)
		default:
			finish(c)
		}
		c = next
	}
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
