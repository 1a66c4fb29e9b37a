package portal

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSystemWords(t *testing.T) {
	s := settings(func(s *Settings) {
		s.Languages = []string{"de", "en"}
		s.SystemPages = map[SystemPage]PageText{
			PageSignIn:   {Title: Text{"de": "Hallo bei {portal}", "en": "  "}, Text: Text{"de": "Eins.\r\n\r\nZwei.", "en": "One. {email} {unknown} {"}},
			PageNoAccess: {Title: Text{"en": "Not for {email}"}, Text: Text{"de": "Fragen Sie {ask}.", "en": "Ask {ask}."}},
			PageOff:      {Text: Text{"fr": "Fermé"}},
		}
	})
	for _, tt := range []struct {
		page   SystemPage
		lang   string
		values []string
		want   [4]string
	}{
		{PageSignIn, "de", []string{"portal", "{email}"}, [4]string{"Hallo bei {email}", "de", "Eins.\n\nZwei.", "de"}}, // values are not looked into
		{PageSignIn, "en", []string{"portal", "Nord", "email", "a@b.example"}, [4]string{"Hallo bei Nord", "de", "One. {email} {unknown} {", "en"}},
		{PageSignIn, "de", nil, [4]string{"", "", "Eins.\n\nZwei.", "de"}},
		{PageNoAccess, "de", []string{"email", "a@b.example", "ask", "Ida"}, [4]string{"", "", "Fragen Sie Ida.", "de"}}, // English is not the portal's own
		{PageNoAccess, "en", []string{"email", "a@b.example", "ask", ""}, [4]string{"Not for a@b.example", "en", "", ""}},
		{PageNoAccess, "fr", []string{"ask", "Ida"}, [4]string{"", "", "Fragen Sie Ida.", "de"}},
		{PageOff, "de", nil, [4]string{}},
		{PageReset, "de", nil, [4]string{}},
		{"nothing", "de", nil, [4]string{}},
	} {
		var got [4]string
		got[0], got[1], got[2], got[3] = s.SystemWords(tt.page, tt.lang, tt.values...)
		if got != tt.want {
			t.Errorf("%s in %s with %q: %q, want %q", tt.page, tt.lang, tt.values, got, tt.want)
		}
	}
	none := Recommended()
	if title, _, text, _ := none.SystemWords(PageSignIn, "en", "portal", "x"); title != "" || text != "" || none.Template() != TemplateCard {
		t.Errorf("a new portal says %q %q, as %s", title, text, none.Template())
	}
}

// Whatever is stored, what is shown has no character that changes others, and
// titles are one line.
func TestSystemWordsAreInert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("{}\n\r\t\x00\u202E\u2066portalemail")))).Draw(t, "text")
		s := Settings{Languages: []string{"de"}, SystemPages: map[SystemPage]PageText{PageNoAccess: {Title: Text{"de": text}, Text: Text{"de": text}}}}
		title, _, shown, _ := s.SystemWords(PageNoAccess, "en", "portal", "P", "email", "E", "ask", "A")
		if strings.ContainsFunc(title, odd) {
			t.Fatalf("the title is %q", title)
		}
		if strings.ContainsFunc(strings.ReplaceAll(shown, "\n", ""), odd) {
			t.Fatalf("the text is %q", shown)
		}
		if err := ValidateSystemPages("", s.SystemPages, s.Languages); err == nil {
			if strings.Contains(shown, "{portal}") || strings.ContainsAny(title, "\n\r") {
				t.Fatalf("%q was taken and says %q", text, shown)
			}
		}
	})
}

func TestTemplate(t *testing.T) {
	for have, want := range map[SystemTemplate]SystemTemplate{"": TemplateCard, TemplateSplit: TemplateSplit, TemplatePlain: TemplatePlain, "<b>": TemplateCard} {
		s := Settings{SystemTemplate: have}
		if got := s.Template(); got != want {
			t.Errorf("%q is %q", have, got)
		}
	}
}

func TestValidateSystemPages(t *testing.T) {
	title := func(page SystemPage, s string) map[SystemPage]PageText {
		return map[SystemPage]PageText{page: {Title: Text{"de": s}}}
	}
	text := func(page SystemPage, s string) map[SystemPage]PageText {
		return map[SystemPage]PageText{page: {Text: Text{"de": s}}}
	}
	const inTitle, inText = "system_pages.sign-in.title.de", "system_pages.sign-in.text.de"
	for name, tt := range map[string]struct {
		template SystemTemplate
		pages    map[SystemPage]PageText
		want     map[string]string // key by field
	}{
		"nothing":       {},
		"all":           {TemplatePlain, map[SystemPage]PageText{PageNoAccess: {Title: Text{"de": "{portal}", "en": ""}, Text: Text{"de": "{email}\n\n{ask} { }", "en": "<b>"}}}, map[string]string{"system_pages.no-access.text.de": "systemPage.error.placeholder"}},
		"longest":       {TemplateSplit, map[SystemPage]PageText{PageSignIn: {Title: Text{"de": strings.Repeat("ß", MaxPageTitle)}, Text: Text{"de": strings.Repeat("ß", MaxPageText)}}}, nil},
		"right to left": {"", title(PageSignIn, "שלום"), nil},
		"template":      {"<script>", nil, map[string]string{"system_template": "systemPage.error.template"}},
		"page":          {"", title("nothing", "x"), map[string]string{"system_pages.nothing": "systemPage.error.page"}},
		"language":      {"", map[SystemPage]PageText{PageSignIn: {Title: Text{"fr": "x"}, Text: Text{"": "x"}}}, map[string]string{"system_pages.sign-in.title.fr": "systemPage.error.language", "system_pages.sign-in.text.": "systemPage.error.language"}},
		"long title":    {"", title(PageSignIn, strings.Repeat("ß", MaxPageTitle+1)), map[string]string{inTitle: "systemPage.error.long"}},
		"long text":     {"", text(PageSignIn, strings.Repeat("x", MaxPageText+1)), map[string]string{inText: "systemPage.error.long"}},
		"two lines":     {"", title(PageSignIn, "a\nb"), map[string]string{inTitle: "systemPage.error.lines"}},
		"lines":         {"", text(PageSignIn, "a\r\nb\tc"), nil},
		"override":      {"", text(PageSignIn, "a\u202Eb"), map[string]string{inText: "systemPage.error.characters"}},
		"isolate":       {"", title(PageSignIn, "a\u2067b"), map[string]string{inTitle: "systemPage.error.characters"}},
		"control":       {"", text(PageSignIn, "a\x00b"), map[string]string{inText: "systemPage.error.characters"}},
		"bytes":         {"", title(PageSignIn, "a\xffb"), map[string]string{inTitle: "systemPage.error.characters"}},
		"placeholder":   {"", text(PageSignIn, "{portal} {email}"), map[string]string{inText: "systemPage.error.placeholder"}},
		"empty one":     {"", text(PageSignIn, "{}"), map[string]string{inText: "systemPage.error.placeholder"}},
		"open brace":    {"", text(PageSignIn, "{portal"), nil},
	} {
		err := ValidateSystemPages(tt.template, tt.pages, []string{"de", "en"})
		got := map[string]string{}
		var e *Error
		if errors.As(err, &e) {
			for _, f := range e.Fields {
				got[f.Field] = f.Key
			}
		}
		if tt.want == nil {
			tt.want = map[string]string{}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	for _, page := range SystemPages() {
		if !page.Valid() || page.Placeholders()[0] != "portal" {
			t.Errorf("%s: %v", page, page.Placeholders())
		}
	}
}
