package richtext

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFromText(t *testing.T) {
	const rel = ` rel="noopener nofollow" target="_blank"`
	for _, test := range []struct{ name, in, want string }{
		{"nothing", " \r\n\t\n ", ""},
		{"paragraphs and lines", "Guten Tag,\r\n\r\n  eine Frage:\nWann?\n\n\n\nGruß", "<p>Guten Tag,</p><p>eine Frage:<br/>Wann?</p><p>Gruß</p>"},
		{"markup is text", `<b onclick="x">&amp;</b>`, "<p>&lt;b onclick=&#34;x&#34;&gt;&amp;amp;&lt;/b&gt;</p>"},
		{"link at a sentence's end", "See https://a.example/x?y=1&z=2.", `<p>See <a href="https://a.example/x?y=1&amp;z=2"` + rel + `>https://a.example/x?y=1&amp;z=2</a>.</p>`},
		{"link in brackets", "(http://a.example/b_(c)), ja", `<p>(<a href="http://a.example/b_(c)"` + rel + `>http://a.example/b_(c)</a>), ja</p>`},
		{"mail", "mailto:a@b.example", `<p><a href="mailto:a@b.example"` + rel + `>mailto:a@b.example</a></p>`},
		{"no link", "javascript:alert(1) data:text/html,x ftp://a.example a.example", "<p>javascript:alert(1) data:text/html,x ftp://a.example a.example</p>"},
		{"out of a link's attribute", `https://a.example/"onclick="x`, `<p><a href="https://a.example/"` + rel + `>https://a.example/</a>&#34;onclick=&#34;x</p>`},
		{"control characters", "a\x00b\x1bc\u2028d", "<p>abc<br/>d</p>"},
		{"not UTF-8", "a\xff", "<p>a\uFFFD</p>"},
	} {
		if got := FromText(test.in); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"paragraphs", "<p>a <strong>b</strong>\n c<br/>d</p><h3>e</h3><p>f &lt; g &amp; h</p>", "a b c\nd\n\ne\n\nf < g & h"},
		{"lists", "<ul><li>a<ul><li>b</li><li>c</li></ul></li><li><p>d</p><p>e</p></li></ul><ol><li>f</li><li>g<br/>h</li></ol>",
			"- a\n  - b\n  - c\n- d\n  e\n\n1. f\n2. g\n   h"},
		{"quotation", "<blockquote><p>a</p><blockquote><p>b</p></blockquote><p>c</p></blockquote><p>d</p>", "> a\n>\n> > b\n>\n> c\n\nd"},
		{"links", `<p><a href="https://a.example/">here</a>, <a href="https://b.example">https://b.example</a>, <a href="mailto:a@b.example">a@b.example</a></p>`,
			"here (https://a.example/), https://b.example, a@b.example"},
		{"link around a line break", `<p>x <a href="https://a.example/">a<br/>b</a></p>`, "x a\nb (https://a.example/)"},
		{"code", "<pre>a\n  b &lt;c&gt;\n</pre>", "a\n  b <c>"},
		{"pictures", `<p><img src="cid:abcdefgh" alt="A plan"/><img src="cid:abcdefgi" alt=""/></p>`, "[A plan]"},
		{"nothing", "<p> </p>", ""},
	} {
		if got := Text(test.in); got != test.want {
			t.Errorf("%s\n got %q\nwant %q", test.name, got, test.want)
		}
	}
}

// Plain text without addresses comes back as it was, but for white space that
// shows nowhere.
func TestTextOfFromText(t *testing.T) {
	word := rapid.StringMatching(`[a-zA-ZäöüßÄ0-9<>&"'.,;!?*-]{1,12}`)
	line := rapid.Map(rapid.SliceOfN(word, 1, 8), func(words []string) string { return strings.Join(words, " ") })
	paragraph := rapid.Map(rapid.SliceOfN(line, 1, 4), func(lines []string) string { return strings.Join(lines, "\n") })
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(paragraph, 1, 4).Draw(t, "paragraphs"), "\n\n")
		if got := Text(FromText(text)); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func TestEmpty(t *testing.T) {
	for in, want := range map[string]bool{
		"":                           true,
		"<p></p>":                    true,
		"<p> <br/>&nbsp;\u200b</p>":  true,
		"<ul><li></li></ul>":         true,
		"<p>.</p>":                   false,
		"<p>&lt;</p>":                false,
		`<img src="cid:abcdefgh"/>`:  false,
		`<p><img alt="x" src=a></p>`: false,
	} {
		if got := Empty(in); got != want {
			t.Errorf("%q: %t", in, got)
		}
	}
}

func BenchmarkText(b *testing.B) {
	source := strings.Repeat(`<p>A line with <strong>bold</strong> and <a href="https://a.example">a link</a>.<br/>And another.</p>`, 20)
	b.ReportAllocs()
	for b.Loop() {
		Text(source)
	}
}
