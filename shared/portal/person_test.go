package portal

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPersonName(t *testing.T) {
	for want, p := range map[string]Person{
		"Clara Customer": {First: "Clara", Last: "Customer", Email: "c@b.example"},
		"Clara":          {First: "Clara"}, "Customer": {Last: "Customer"},
		"c@b.example": {Email: "c@b.example"},
	} {
		if got := p.Name(); got != want {
			t.Errorf("%+v is called %q", p, got)
		}
	}
}

func TestValidateProfile(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Person)
		want   []string
	}{
		{"good", func(*Person) {}, nil},
		{"a last name alone", func(p *Person) { p.First = "" }, nil},
		{"no name", func(p *Person) { p.First, p.Last = " ", "\t" }, []string{"first:account.error.name"}},
		{"as long as it may be", func(p *Person) { p.First = strings.Repeat("é", MaxName) }, nil},
		{"too long", func(p *Person) { p.Last = strings.Repeat("é", MaxName+1) }, []string{"last:account.error.nameLong"}},
		{"both too long", func(p *Person) {
			p.First, p.Last = strings.Repeat("a", 999), strings.Repeat("a", 999)
		}, []string{"first:account.error.nameLong", "last:account.error.nameLong"}},
		{"a line end", func(p *Person) { p.First = "Clara\r\nBcc: x@y.example" }, []string{"first:account.error.nameCharacters"}},
		{"a NUL", func(p *Person) { p.First = "Cla\x00ra" }, []string{"first:account.error.nameCharacters"}},
		{"C1 controls", func(p *Person) { p.First = "Cla\u0085ra" }, []string{"first:account.error.nameCharacters"}},
		{"a line separator", func(p *Person) { p.First = "Cla\u2028ra" }, []string{"first:account.error.nameCharacters"}},
		{"turned direction", func(p *Person) { p.Last = "\u202eremotsuC" }, []string{"last:account.error.nameCharacters"}},
		{"not UTF-8", func(p *Person) { p.Last = "a\xff" }, []string{"last:account.error.nameCharacters"}},
		{"another script", func(p *Person) { p.First, p.Last = "נועה", "नेहा" }, nil},
		{"markup", func(p *Person) { p.First = "<script>" }, nil},
		{"German", func(p *Person) { p.Language = "de" }, nil},
		{"the browser's language", func(p *Person) { p.Language = "" }, nil},
		{"a language that is not offered", func(p *Person) { p.Language = "fr" }, []string{"language:account.error.language"}},
		{"a time zone", func(p *Person) { p.TimeZone = "America/Argentina/Buenos_Aires" }, nil},
		{"the portal's time zone", func(p *Person) { p.TimeZone = "" }, nil},
		{"no time zone", func(p *Person) { p.TimeZone = "Mars/Base" }, []string{"time_zone:account.error.timeZone"}},
		{"the server's time zone", func(p *Person) { p.TimeZone = "Local" }, []string{"time_zone:account.error.timeZone"}},
		{"a path", func(p *Person) { p.TimeZone = "../../../etc/localtime" }, []string{"time_zone:account.error.timeZone"}},
		{"a path from the root", func(p *Person) { p.TimeZone = "/etc/localtime" }, []string{"time_zone:account.error.timeZone"}},
		{"a second name of a time zone", func(p *Person) { p.TimeZone = "Europe/./Berlin" }, []string{"time_zone:account.error.timeZone"}},
		{"all at once", func(p *Person) { *p = Person{Language: "fr", TimeZone: "x"} },
			[]string{"first:account.error.name", "language:account.error.language", "time_zone:account.error.timeZone"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Person{ID: clara, First: "Clara", Last: "Customer", Language: "en", TimeZone: "Europe/Berlin", Role: Customer}
			tt.change(&p)
			got, err := ValidateProfile(p, settings())
			if !slices.Equal(fieldKeys(err), tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if got.First != strings.TrimSpace(p.First) || got.ID != p.ID || got.Role != p.Role {
				t.Errorf("became %+v", got)
			}
		})
	}
}

func TestValidatePassword(t *testing.T) {
	tests := []struct {
		name     string
		password string
		want     []string
	}{
		{"ten characters", "abcdefghij", nil},
		{"ten characters of two bytes", "äöüäöüäöüä", nil},
		{"nine characters of two bytes", "äöüäöüäöü", []string{"new:account.error.passwordShort"}},
		{"none", "", []string{"new:account.error.passwordShort"}},
		{"256 bytes", strings.Repeat("a", 256), nil},
		{"257 bytes", strings.Repeat("a", 257), []string{"new:account.error.passwordLong"}},
		{"a megabyte", strings.Repeat("a", 1<<20), []string{"new:account.error.passwordLong"}},
		{"spaces and any other character", "pass word\t\u00a0 🔑", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := ValidatePassword("new", tt.password)
			if !slices.Equal(fieldKeys(err), tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestNormalEmail(t *testing.T) {
	good := map[string]string{
		"clara@nordwind.example":                                       "clara@nordwind.example",
		"  Clara@NORDWIND.example\n":                                   "clara@nordwind.example",
		"clara+tag@nordwind.example":                                   "clara+tag@nordwind.example",
		"o'brien@nordwind.example":                                     "o'brien@nordwind.example",
		"a#b@nordwind.example":                                         "a#b@nordwind.example",
		"Jürgen@Müller.example":                                        "jürgen@müller.example",
		"clara@xn--mller-kva.example":                                  "clara@xn--mller-kva.example",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 94) + "c": strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 94) + "c",
	}
	for in, want := range good {
		if got, ok := NormalEmail(in); !ok || got != want {
			t.Errorf("%q became %q, %t", in, got, ok)
		}
	}
	for _, in := range []string{
		"", " ", "clara", "@nordwind.example", "clara@", "clara@@nordwind.example", "clara nordwind@b.example",
		"Clara <clara@nordwind.example>", "<clara@nordwind.example>", "clara@nordwind.example, colin@nordwind.example",
		"clara@nordwind.example (Clara)", `"clara"@nordwind.example`, `"a b"@nordwind.example`,
		"clara@nordwind.example\r\nBcc: x@y.example", "clara\r\n@nordwind.example", "clara\x00@nordwind.example", "clara\x7f@nordwind.example",
		"clara\u0085@nordwind.example", "clara\u200b@nordwind.example", "clara\u202e@nordwind.example", "clara\u00a0@nordwind.example",
		"clara\u2028@nordwind.example", "clara\xff@nordwind.example", "clara.@nordwind.example", ".clara@nordwind.example",
		"clara..c@nordwind.example",
		strings.Repeat("a", 250) + "@b.example", strings.Repeat("ü", 130) + "@b.example",
	} {
		if got, ok := NormalEmail(in); ok || got != "" {
			t.Errorf("%q became %q, %t", in, got, ok)
		}
	}
}

// What passes is one line of printed characters, at most 254 bytes, and is its
// own normal form.
func TestNormalEmailIsNormal(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "Z", "İ", "K", "ß", "@", ".", "b.example", " ", "\t", "\r\n", "<", ">", `"`, "\\", "#", ",", "\u200d", "\x00"})
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "") + "@b.example"
		got, ok := NormalEmail(in)
		if !ok {
			return
		}
		if again, ok := NormalEmail(got); !ok || again != got {
			t.Errorf("%q became %q, and that %q, %t", in, got, again, ok)
		}
		if len(got) > 254 || strings.ContainsAny(got, " \t\r\n\x00<>,\"") {
			t.Errorf("%q became %q", in, got)
		}
	})
}
