package ui

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/a-h/templ"
)

// signIn is a card as functions make it: a form, with a way to send it by a
// button and by a key.
func signIn(f Frame, w CardWords) templ.Component {
	content := templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
		for _, c := range []templ.Component{
			CardHead(w),
			templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
				fields := templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
					if err := Field(FieldProps{Reader: f.Reader, Name: "email", Label: "Email"}).Render(ctx, out); err != nil {
						return err
					}
					return Button(ButtonProps{Label: "Send", Attributes: templ.Attributes{"formaction": "/elsewhere"}}).Render(ctx, out)
				})
				return Form(FormProps{Action: "/support/sign-in"}).Render(templ.WithChildren(ctx, fields), out)
			}),
		} {
			if err := c.Render(ctx, out); err != nil {
				return err
			}
		}
		return nil
	})
	return templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
		return Card(f).Render(templ.WithChildren(ctx, content), out)
	})
}

func TestCardTemplates(t *testing.T) {
	for template, class := range map[string]string{"": "card-page", "card": "card-page", "split": "card-page card-split", "plain": "card-page card-plain", `"><script>`: "card-page"} {
		f := frame()
		f.Template = template
		doc := render(t, signIn(f, CardWords{Title: "Hallo", Text: "Eins.\r\n\n  Zwei.\n", TextLang: "de"}))
		if got := doc.Find("body").AttrOr("class", ""); got != class {
			t.Errorf("%q has the class %q", template, got)
		}
		has(t, doc, "main.card h1:not([lang])", "Hallo")
		has(t, doc, `main.card p[lang="de"]`, "Eins.")
		if n := doc.Find(`main.card > p`).Length(); n != 2 {
			t.Errorf("%d paragraphs", n)
		}
		has(t, doc, `main form[action="/support/sign-in"] button[type="submit"]`, "Send")
		hasNot(t, doc, ".try")
	}
}

// A preview has nothing that could be sent, by whatever means.
func TestSystemPreviewSendsNothing(t *testing.T) {
	f := frame()
	f.Languages = nil
	f.SystemPreview = &SystemPreview{
		Reader: reader("en"), Reason: "Nothing is sent.", Back: "/support/inbox",
		Pages:     []NavItem{{"Sign in", "/support/sign-in?preview=sign-in", true}, {"Register", "/support/register?preview=register", false}},
		Templates: []NavItem{{"Card", "?template=card", false}, {"Split", "?template=split", true}},
		Languages: []NavItem{{"Deutsch", "?lang=de", true}},
	}
	doc := render(t, signIn(f, CardWords{Title: "Anmelden"}))
	hasNot(t, doc, `form, button[type="submit"], button:not([type])`)
	has(t, doc, `main .form button[type="button"][aria-disabled="true"]`, "Send Nothing is sent.")
	has(t, doc, `.try[lang="en"] a[href="/support/inbox"]`, "Back to the portal")
	has(t, doc, `.try a[aria-current="page"][href="/support/sign-in?preview=sign-in"]`, "Sign in")
	has(t, doc, `.try summary`, "Page: Sign in")
	if strings.Contains(doc.Find(".try").Text(), "Deutsch") {
		t.Error("one language is no choice")
	}
}

// The end of the session is the viewer's own, and not previewed.
func TestSystemPreviewKeepsTheSession(t *testing.T) {
	f := frame()
	f.Session = &Session{Portal: "p", Person: "x", SignOut: "/support/sign-out"}
	f.SystemPreview = &SystemPreview{Reader: reader("en"), Reason: "Nothing is sent.", Pages: []NavItem{{"Sign in", "?preview", true}}, Templates: []NavItem{{"Card", "?template=card", true}}}
	doc := render(t, signIn(f, CardWords{Title: "Anmelden"}))
	has(t, doc, `dialog[data-session-end="idle"] form[action="/support/sign-out"] button[type="submit"]`, "Abmelden")
}

func TestCardWordsAreText(t *testing.T) {
	evil := `<script>alert(1)</script><b onclick="x">{portal}</b>`
	doc := render(t, signIn(frame(), CardWords{Title: evil, Text: evil, TitleLang: `"><script>`, TextLang: evil}))
	hasNot(t, doc, "main script, main b, main [onclick]")
	has(t, doc, "h1", evil)
	has(t, doc, "main > p", evil)
}

func TestBannerParagraphs(t *testing.T) {
	doc := render(t, Banner(BannerProps{Text: "Eins.\nZwei.", Action: NavItem{Label: "Mehr", Href: "/x"}}))
	has(t, doc, ".banner-body p:first-child", "Eins.")
	has(t, doc, ".banner-body p:last-child", "Zwei. Mehr")
	has(t, render(t, Banner(BannerProps{Title: "Nur das"})), ".banner-title", "Nur das")
}
