package password

import (
	"bufio"
	"compress/gzip"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"postern/shared/portal"
)

// Check tells whether a person may take the password: it has a good length, it
// is not one that many have or that follows from a pattern, and it is not made
// of what everybody knows about the person and the portal. There are no rules
// of composition (NIST SP 800-63B-4, 3.1.1.2). It returns an Invalid error
// about the field. It is asked of every new password, and of new ones only.
func Check(field, password string, p portal.Person, portalName string) error {
	password = normal(password)
	if err := portal.ValidatePassword(field, password); err != nil {
		return err
	}
	folded := strings.ToLower(password)
	if isOwn(folded, p, portalName) {
		return portal.FieldErrorf(field, "account.error.passwordOwn")
	}
	common, err := isCommon(folded)
	if err != nil {
		return err
	}
	if common {
		return portal.FieldErrorf(field, "account.error.passwordCommon")
	}
	return nil
}

const (
	// behind is how many digits and signs before and behind a word do not make
	// a password of it: a date, with a sign or two.
	behind = 8
	// least is how many other characters do make one.
	least = 4
)

// isOwn tells whether hardly anything is left of the password without the
// person's address and names and the portal's name, in any order.
func isOwn(folded string, p portal.Person, portalName string) bool {
	address := strings.ToLower(normal(p.Email))
	name, domain, _ := strings.Cut(address, "@")
	words := []string{address, name, domain}
	for _, said := range []string{name, domain, p.First, p.Last, portalName} {
		words = append(words, strings.FieldsFunc(strings.ToLower(normal(said)), isFiller)...)
	}
	words = slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < 3 })
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	rest := folded
	for _, w := range words {
		rest = strings.ReplaceAll(rest, w, "\n") // so that nothing joins to another word
	}
	if rest == folded {
		return false
	}
	rest = strings.ReplaceAll(rest, "\n", "")
	others := strings.Join(strings.FieldsFunc(rest, isFiller), "")
	return utf8.RuneCountInString(others) < least && utf8.RuneCountInString(rest) <= behind
}

// isFiller tells whether the character is a digit or a sign.
func isFiller(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }

// rows are what fingers and minds run along.
var rows = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "^1234567890ß´", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./",
	"qwertzuiopü+", "asdfghjklöä#", "yxcvbnm,.-", "azertyuiop", "qsdfghjklm",
}

// isCommon tells whether the password is a common one, or a short piece of
// anything again and again; also with digits and signs around it.
func isCommon(folded string) (bool, error) {
	candidates := []string{folded}
	if core := strings.TrimFunc(folded, isFiller); utf8.RuneCountInString(folded)-utf8.RuneCountInString(core) <= behind {
		candidates = append(candidates, core)
	}
	for _, c := range candidates {
		unit := period(c)
		if len(unit) < len(c) {
			candidates = append(candidates, unit, strings.TrimFunc(unit, isFiller))
		}
		length := utf8.RuneCountInString(unit)
		if length <= least && len(c) >= 2*len(unit) {
			return true, nil
		}
		if length > least && slices.ContainsFunc(rows, func(row string) bool {
			return strings.Contains(row, unit) || strings.Contains(row, reversed(unit))
		}) {
			return true, nil
		}
	}
	return listed(candidates)
}

// period is the shortest beginning that the text repeats to its end, the last
// time perhaps not whole.
func period(s string) string {
	for i := range s {
		if i > 0 && strings.HasPrefix(s, s[i:]) {
			return s[:i]
		}
	}
	return s
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// common holds one password or word a line, in lower case.
//
//go:generate go run ./compile
//go:embed common.txt.gz
var common string

// listed tells whether one of the texts is in the list. The list is read anew
// each time, in a few milliseconds: passwords change seldom, and so neither
// start nor memory pays for it.
func listed(texts []string) (bool, error) {
	z, err := gzip.NewReader(strings.NewReader(common))
	if err != nil {
		return false, fmt.Errorf("list of common passwords: %w", err)
	}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		if slices.Contains(texts, lines.Text()) {
			return true, nil
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("list of common passwords: %w", err)
	}
	return false, nil
}
