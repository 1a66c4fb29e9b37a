package portal

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SystemPage is a page that people meet on the way into a portal or out of it.
// A portal may say on each what it wants to, in its languages.
type SystemPage string

const (
	PageSignIn      SystemPage = "sign-in"
	PageSignedOut   SystemPage = "signed-out"
	PageRegister    SystemPage = "register"
	PageReset       SystemPage = "reset"        // asks for a link to set a password
	PageSignInLink  SystemPage = "sign-in-link" // asks for a link to sign in
	PageCheckMail   SystemPage = "check-mail"   // a link was sent
	PageSetPassword SystemPage = "set-password" // of who came by a link
	PageConfirm     SystemPage = "confirm"      // uses a link to sign in
	PageLinkGone    SystemPage = "link-gone"    // a link is of no use any more
	PageNoAccess    SystemPage = "no-access"    // who is signed in may not use the portal
	PageOff         SystemPage = "off"          // the portal is not active
)

// systemPages are all of them, in the order in which people meet them, with what
// their texts may hold in braces besides {portal}, the portal's name.
var systemPages = []struct {
	page SystemPage
	may  []string
}{
	{PageSignIn, nil},
	{PageSignedOut, nil},
	{PageRegister, nil},
	{PageReset, nil},
	{PageSignInLink, nil},
	{PageCheckMail, []string{"minutes"}},
	{PageSetPassword, []string{"email"}},
	{PageConfirm, []string{"email"}},
	{PageLinkGone, []string{"minutes", "days"}},
	{PageNoAccess, []string{"email", "ask"}},
	{PageOff, nil},
}

// SystemPages returns all of them, in the order in which people meet them.
func SystemPages() []SystemPage {
	all := make([]SystemPage, len(systemPages))
	for i, p := range systemPages {
		all[i] = p.page
	}
	return all
}

// Valid tells whether it is one of the pages.
func (p SystemPage) Valid() bool { return slices.Contains(SystemPages(), p) }

// Placeholders are the names that the page's title and text may hold in braces.
func (p SystemPage) Placeholders() []string {
	names := []string{"portal"}
	for _, s := range systemPages {
		if s.page == p {
			names = append(names, s.may...)
		}
	}
	return names
}

// PageText is what a portal says on a system page instead of the catalog's
// words. Each is plain text; the text's lines are paragraphs.
type PageText struct{ Title, Text Text }

// SystemTemplate is how system pages are laid out.
type SystemTemplate string

const (
	TemplateCard  SystemTemplate = "card"  // a card in the middle
	TemplateSplit SystemTemplate = "split" // the brand on one side, the form on the other
	TemplatePlain SystemTemplate = "plain" // the content alone
)

// SystemTemplates returns all templates, the one that portals have first that
// chose none.
func SystemTemplates() []SystemTemplate {
	return []SystemTemplate{TemplateCard, TemplateSplit, TemplatePlain}
}

// Template is the one that holds: what is none is a card.
func (s *Settings) Template() SystemTemplate {
	if slices.Contains(SystemTemplates(), s.SystemTemplate) {
		return s.SystemTemplate
	}
	return TemplateCard
}

// Limits of a system page's words, in characters.
const (
	MaxPageTitle = 100
	MaxPageText  = 1000
)

// SystemWords is the page's title and text in the language, else in the portal's
// own: each with the language that it is in, "" and "" where the portal says
// nothing of its own or one of its placeholders has no value. Values are pairs of
// name and value.
func (s *Settings) SystemWords(page SystemPage, lang string, values ...string) (title, titleLang, text, textLang string) {
	own := s.SystemPages[page]
	may := page.Placeholders()
	filled := func(t Text) (string, string) {
		for _, l := range []string{lang, s.Language()} {
			if said, ok := fillPage(pageLine(t[l]), may, values); ok {
				return said, l
			}
		}
		return "", ""
	}
	title, titleLang = filled(own.Title)
	title = strings.ReplaceAll(title, "\n", " ")
	text, textLang = filled(own.Text)
	return title, titleLang, text, textLang
}

var pagePlaceholder = regexp.MustCompile(`\{[^{}]*\}`)

// fillPage puts values in the place of the placeholders that the text may have;
// other braces stay as they are. ok is false where there is no text, or no value.
func fillPage(text string, may, values []string) (filled string, ok bool) {
	ok = text != ""
	filled = pagePlaceholder.ReplaceAllStringFunc(text, func(brace string) string {
		name := brace[1 : len(brace)-1]
		if !slices.Contains(may, name) {
			return brace
		}
		for i := 0; i+1 < len(values); i += 2 {
			if values[i] == name && values[i+1] != "" {
				return values[i+1]
			}
		}
		ok = false
		return brace
	})
	return filled, ok
}

// pageLine is the text without what would turn around or hide its neighbours,
// and without space around it.
func pageLine(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || !odd(r):
			return r
		case r == '\r':
			return '\n'
		case r == '\t':
			return ' '
		}
		return -1
	}, text))
}

// odd tells whether the character is none that a person sees, but changes how
// others look: a control character, or one that overrides the direction of text
// (Unicode Standard Annex 9, section 2).
func odd(r rune) bool {
	return unicode.IsControl(r) || r == utf8.RuneError ||
		r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// ValidateSystemPages returns an Invalid error with a message for each title or
// text that a portal cannot have, of the languages it offers. Their fields are
// system_template and "system_pages.sign-in.title.de".
func ValidateSystemPages(template SystemTemplate, pages map[SystemPage]PageText, languages []string) error {
	var wrong fields
	if template != "" && !slices.Contains(SystemTemplates(), template) {
		wrong.add("system_template", "systemPage.error.template")
	}
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		field := "system_pages." + string(page)
		if !page.Valid() {
			wrong.add(field, "systemPage.error.page")
			continue
		}
		for _, part := range []struct {
			name string
			text Text
			most int
		}{{"title", pages[page].Title, MaxPageTitle}, {"text", pages[page].Text, MaxPageText}} {
			for _, lang := range slices.Sorted(maps.Keys(part.text)) {
				field, text := field+"."+part.name+"."+lang, part.text[lang]
				switch unknown := unknownPlaceholder(page, text); {
				case !slices.Contains(languages, lang):
					wrong.add(field, "systemPage.error.language")
				case utf8.RuneCountInString(text) > part.most:
					wrong.add(field, "systemPage.error.long", "max", part.most)
				case part.name == "title" && strings.ContainsAny(text, "\r\n"):
					wrong.add(field, "systemPage.error.lines")
				case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return odd(r) && !strings.ContainsRune("\r\n\t", r) }):
					wrong.add(field, "systemPage.error.characters")
				case unknown != "":
					wrong.add(field, "systemPage.error.placeholder", "name", unknown, "allowed", "{"+strings.Join(page.Placeholders(), "}, {")+"}")
				}
			}
		}
	}
	return wrong.err()
}

// unknownPlaceholder is the first one of the text that the page has no value
// for, braces and all, "" where there is none.
func unknownPlaceholder(page SystemPage, text string) string {
	may := page.Placeholders()
	for _, brace := range pagePlaceholder.FindAllString(text, -1) {
		if !slices.Contains(may, brace[1:len(brace)-1]) {
			return brace
		}
	}
	return ""
}
