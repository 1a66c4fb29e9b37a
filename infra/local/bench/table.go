package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table is printed as Markdown that is as easy to read in a terminal. All columns
// but the first are numbers, unless they are words.
type table struct {
	head  []string
	rows  [][]string
	words bool
}

func (t table) print(out io.Writer) {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 4)
		}
	}
	line := func(cells []string) {
		var b strings.Builder
		for i, cell := range cells {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch {
			case i == 0:
				b.WriteString("| " + cell + pad)
			case t.words:
				b.WriteString(" | " + cell + pad)
			default:
				b.WriteString(" | " + pad + cell)
			}
		}
		fmt.Fprintln(out, b.String()+" |")
	}
	line(t.head)
	rule := []string{strings.Repeat("-", widths[0])}
	for _, w := range widths[1:] {
		if t.words {
			rule = append(rule, strings.Repeat("-", w))
		} else {
			rule = append(rule, strings.Repeat("-", w-1)+":")
		}
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
}

// thousands writes a whole number with separators.
func thousands(v float64) string { return grouped(fmt.Sprintf("%.0f", v)) }

// number writes a figure as short as it is: 4, 2.5, 1,234.
func number(v float64) string {
	s := fmt.Sprintf("%.1f", v)
	return grouped(strings.TrimSuffix(s, ".0"))
}

func grouped(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}
