package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"postern/shared/portal"
	"postern/shared/ui/messages"
	"postern/shared/ui/theme"
)

// palette is the portal's colours as CSS values, by token, light and dark; with the
// light ones are its font and corners.
type palette struct{ light, dark map[string]string }

func colours(s *portal.Settings) palette {
	p := palette{map[string]string{}, map[string]string{}}
	design := theme.Of(s)
	for _, t := range theme.Tokens(design) {
		p.light[t.Name], p.dark[t.Name] = t.Light, t.Dark
	}
	p.light["face"] = strings.ReplaceAll(design.Face(), `"`, "") // mail programs are not all good at quotes in attributes
	p.light["radius"], p.light["radius-card"] = design.Corners()
	return p
}

// style fills {token} with the light colours: mail programs know no variables.
func (p palette) style(css string) string { return fill(css, p.light) }

func fill(css string, tokens map[string]string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(css, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString(tokens[name])
		css = after
	}
}

// sheet is the dark colours, which programs that know media queries use, and the
// width of phones.
func (p palette) sheet() string {
	rule := func(selector, css string) string { return selector + "{" + fill(css, p.dark) + "}" }
	return "@media (prefers-color-scheme:dark){" +
		rule(".bg", "background:{bg} !important;color:{text} !important") +
		rule(".card", "background:{surface} !important;border-color:{line} !important") +
		rule(".text,.text p,.text li,.text pre,.text blockquote", "color:{text} !important") +
		rule(".muted", "color:{muted} !important") +
		rule(".quote", "border-color:{control-border} !important") +
		rule(".text a", "color:{accent} !important") +
		rule(".button", "background:{primary} !important;border-color:{primary-border} !important;color:{on-primary} !important") +
		"}@media (max-width:480px){.card{padding:16px !important}}"
}

// parse reads a message's HTML, which was sanitised when it was written.
func parse(source string) *html.Node {
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(source), root)
	if err != nil {
		return root // nested deeper than anything that was sanitised
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root
}

func render(root *html.Node) string {
	var b strings.Builder
	for c := range root.ChildNodes() {
		if err := html.Render(&b, c); err != nil {
			return ""
		}
	}
	return b.String()
}

// withoutPictures is the message's HTML with a line in place of each picture:
// mails carry none, and fetch none from elsewhere.
func withoutPictures(m portal.Message, c *messages.Catalog) string {
	root := parse(m.HTML)
	var pictures []*html.Node
	for n := range root.Descendants() {
		if n.DataAtom == atom.Img {
			pictures = append(pictures, n)
		}
	}
	for _, n := range pictures {
		name := attribute(n, "alt")
		for _, a := range m.Attachments {
			if name == "" && attribute(n, "src") == "cid:"+a.ID {
				name = line(a.Name)
			}
		}
		says := c.T("mail.picture")
		if name != "" {
			says = c.T("mail.picture.named", "name", name)
		}
		n.Parent.InsertBefore(&html.Node{Type: html.TextNode, Data: says}, n)
		n.Parent.RemoveChild(n)
	}
	return render(root)
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// styles of a message's elements; whatever is not here looks as programs show it.
var styles = map[atom.Atom]string{
	atom.P:          "margin:0 0 12px",
	atom.Ul:         "margin:0 0 12px;padding-left:24px",
	atom.Ol:         "margin:0 0 12px;padding-left:24px",
	atom.H3:         "margin:0 0 8px;font-size:18px;line-height:24px",
	atom.H4:         "margin:0 0 8px;font-size:16px;line-height:24px",
	atom.Blockquote: "margin:0 0 12px;padding-left:12px;border-left:2px solid {line}",
	atom.Pre:        "margin:0 0 12px;white-space:pre-wrap;overflow-wrap:anywhere;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px",
	atom.A:          "color:{accent}",
}

// styled gives the elements of a message their style: many programs drop style
// sheets.
func styled(source string, p palette) string {
	root := parse(source)
	for n := range root.Descendants() {
		if css := styles[n.DataAtom]; n.Type == html.ElementNode && css != "" {
			n.Attr = append(n.Attr, html.Attribute{Key: "style", Val: p.style(css)})
		}
	}
	return render(root)
}
