package garble

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tacit-mpc/tacit/garble/internal/syntax"
)

// A tmRule is a rule of a TextMate grammar.
type tmRule struct {
	Name, Match, Begin, End, Include string
	Patterns                         []tmRule
	Repository                       map[string]tmRule
}

// walk calls f for the rule and all below it.
func (r tmRule) walk(f func(tmRule)) {
	f(r)
	for _, p := range r.Patterns {
		p.walk(f)
	}
	for _, p := range r.Repository {
		p.walk(f)
	}
}

// TestEditorGrammar: the grammar for editors is well formed, and knows every word and operator of the scanner.
func TestEditorGrammar(t *testing.T) {
	data, err := os.ReadFile("../docs/editor/garble.tmLanguage.json")
	if err != nil {
		t.Fatal(err)
	}
	var grammar tmRule
	if err := json.Unmarshal(data, &grammar); err != nil {
		t.Fatal(err)
	}
	matches := map[string][]*regexp.Regexp{}
	grammar.walk(func(r tmRule) {
		for _, expr := range []string{r.Match, r.Begin, r.End} {
			re, err := regexp.Compile(expr)
			if err != nil {
				t.Errorf("%s: %v", expr, err)
			} else if expr == r.Match && expr != "" {
				matches[r.Name] = append(matches[r.Name], re)
			}
		}
		if name, ok := strings.CutPrefix(r.Include, "#"); ok {
			if _, ok := grammar.Repository[name]; !ok {
				t.Errorf("no rule %s", name)
			}
		}
	})
	whole := func(word string, names ...string) {
		for _, name := range names {
			for _, re := range matches[name] {
				if re.FindString(word) == word {
					return
				}
			}
		}
		t.Errorf("the grammar does not know %s", word)
	}
	for _, word := range strings.Fields("const struct enum fn let if else match mut as pub for in") {
		whole(word, "keyword.control.garble", "keyword.declaration.garble", "keyword.operator.as.garble")
	}
	for _, word := range strings.Fields("bool usize u8 u16 u32 u64 i8 i16 i32 i64") {
		whole(word, "storage.type.garble")
	}
	for _, op := range strings.Fields(".. ..= :: -> => + - * / % & && | || ^ ! = == != < > <= >= << >> += -= *= /= %= ^= &= |= <<= >>=") {
		if tokens, errs := syntax.Scan(op); len(errs) > 0 || len(tokens) != 2 {
			t.Errorf("%s is not one token", op)
		}
		whole(op, "keyword.operator.garble")
	}
	for _, n := range []string{"5", "5u8", "7usize"} {
		whole(n, "constant.numeric.garble")
	}
}
