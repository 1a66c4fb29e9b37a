package ui

import (
	"encoding/json"

	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui/messages"
	"postern/shared/ui/theme"
)

// Frame is all of a page around its content.
type Frame struct {
	Reader Reader
	Title  string // of the page, without the portal's name, which is added
	Portal Brand

	Nav     []NavItem // the main menu; none on cards
	Account *Account  // nil where nobody is signed in
	Session *Session  // nil outside of portals

	Flash   *BannerProps    // what the last step did, above the content
	Preview *BannerProps    // tells a member of the team what they are looking at
	As      *ViewingAsProps // tells them as whom they look at it; nil as themselves

	Languages      []string // codes that the portal offers; fewer than two hide the switch
	LanguageAction string   // takes a POST of the fields language and next
	Here           string   // this page, path and query: where the language switch returns to
	Imprint        string   // href, or "" for none
	Privacy        string   // href, or "" for none

	HeaderLinks, FooterLinks []NavItem // of the portal, to elsewhere

	Scripts []string // besides app.js, by plain name: "reply.js"
	Refresh bool     // without scripts, the page asks for itself again every 5 s
	Wide    bool     // the content takes the whole width (inbox)
	Theme   string   // "light" or "dark" overrides the reader's system (gallery, tests); usually ""

	Template      string         // of a Card: "card" (default), "split" or "plain"
	SystemPreview *SystemPreview // the Card is a preview, in which nothing can be sent

	Inert bool // the page is looked at and not used: a preview in a frame

	framed bool // another page may be around this one
}

// bare is the frame of a page that knows nobody, and that another page may be around.
func (f Frame) bare() Frame {
	f.Session, f.Account, f.Nav, f.As, f.Preview = nil, nil, nil, nil, nil
	f.Languages, f.framed = nil, true
	return f
}

// outside are the attributes of links that lead out of a page that is framed.
func outside(framed bool) templ.Attributes {
	if !framed {
		return nil
	}
	return templ.Attributes{"target": "_blank", "rel": "noopener"}
}

// Brand is how a portal presents itself.
type Brand struct {
	Name string
	Home string // where logo and name lead
	Logo string // address of an image for light grounds, or "" for the default mark
	// LogoDark is the one for dark grounds; where it is "", Logo has a plate there.
	LogoDark string
	Icon     string // address of the favicon, or "" for the default
	Design   theme.Design
}

// BrandOf is how the portal with the settings presents itself. Where its logo leads
// is yet to be said.
func BrandOf(s *portal.Settings) Brand {
	return Brand{
		Name: s.Name, Design: theme.Of(s),
		Logo: imageHref(s.ID, s.Logo), LogoDark: imageHref(s.ID, s.LogoDark), Icon: imageHref(s.ID, s.Favicon),
	}
}

// branded tells whether the portal has a colour of its own, which its header is then
// in.
func (b Brand) branded() bool { return theme.Valid(b.Design.Accent) }

// logos are the pictures for the light theme and for the dark one, and the class that
// gives them a plate where they are on a ground that they were not made for. In the
// header's band the ground is the same in both; a split card has it in the light one.
func (f Frame) logos(split bool) (light, dark, class string) {
	b := f.Portal
	if b.Logo == "" {
		b.Logo, b.LogoDark = b.LogoDark, ""
	}
	onBand := theme.BandIsDark(b.Design.Accent)
	lightIsDark := (b.branded() || split) && onBand
	darkIsDark := !b.branded() || split || onBand
	light, dark, class = b.Logo, b.Logo, "logo"
	switch {
	case b.LogoDark == "" && lightIsDark:
		class = "logo plate"
	case b.LogoDark == "" && darkIsDark:
		class = "logo plate-dark"
	case b.LogoDark != "":
		if lightIsDark {
			light = b.LogoDark
		}
		if darkIsDark {
			dark = b.LogoDark
		}
	}
	switch f.Theme {
	case "light":
		dark = light
	case "dark":
		light = dark
	}
	return light, dark, class
}

// Links are the portal's links to elsewhere, in the first of the languages that each
// has a label in.
func Links(links []portal.MenuLink, languages ...string) []NavItem {
	var items []NavItem
	for _, l := range links {
		items = append(items, NavItem{Label: l.Label.In(languages...), Href: l.URL})
	}
	return items
}

// NavItem is one entry of the main menu.
type NavItem struct {
	Label   string
	Href    string
	Current bool
}

// Account is the account menu.
type Account struct {
	Name    string
	Detail  string // e-mail address or company, below the name; may be empty
	Links   []NavItem
	SignOut string // takes a POST; "" hides it
}

// Session is what session.ts knows of how long the reader stays signed in.
// Where nobody is signed in it is the portal alone, which tells other tabs so.
type Session struct {
	Portal string `json:"portal"` // tells the portals of one host apart
	Person string `json:"person"`
	Idle   int    `json:"idle,omitempty"`   // seconds without use that end the session
	Left   int    `json:"left,omitempty"`   // seconds until it ends in any case
	Check  string `json:"check,omitempty"`  // GET asks how long it lasts, which is no use of it
	Use    string `json:"use,omitempty"`    // GET answers with the person's id, which is
	End    string `json:"end,omitempty"`    // takes a DELETE
	SignIn string `json:"signIn,omitempty"` // leads back to this page; has a query

	SignOut string `json:"-"` // takes a POST
}

func (s *Session) attributes() templ.Attributes {
	if s == nil {
		return nil
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic("ui: " + err.Error()) // strings and numbers
	}
	return templ.Attributes{"data-session": string(text)}
}

func (f Frame) title() string {
	switch {
	case f.Title == "":
		return f.Portal.Name
	case f.Portal.Name == "" || f.Portal.Name == f.Title:
		return f.Title
	}
	return f.Title + " · " + f.Portal.Name
}

// otherLanguages are the offered languages that the page is not in.
func (f Frame) otherLanguages() []messages.Language {
	var others []messages.Language
	if f.LanguageAction == "" || len(f.Languages) < 2 {
		return nil
	}
	for _, l := range messages.Languages {
		for _, code := range f.Languages {
			if l.Code == code && code != f.Reader.Lang() {
				others = append(others, l)
			}
		}
	}
	return others
}

func (a Account) initials() string {
	var out []rune
	start := true
	for _, r := range a.Name {
		switch {
		case r == ' ' || r == '-' || r == '.':
			start = true
		case start:
			out = append(out, r)
			start = false
		}
	}
	if len(out) > 2 {
		out = []rune{out[0], out[len(out)-1]}
	}
	return string(out)
}
