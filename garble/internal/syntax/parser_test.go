package syntax

import "testing"

func TestParseAccepts(t *testing.T) {
	for _, src := range []string{
		"pub fn main(a: u32, b: u32, c: u32) -> u32 { a + b + c }",
		"pub fn main(x: i32) -> i32 { x-1 }",
		"pub fn main(x: (u8,)) -> () { () }",
		"struct A { a: u8 } pub fn main(x: A) -> bool { if (x == A { a: 1 }) { true } else { false } }",
		"pub fn main(x: u8) -> u8 { match x { 0 => if true { 1 } else { 2 } 1 => { 7 } _ => match x { 2 => 3, _ => 4 } } }",
		"pub fn main(x: i8) -> u8 { match x { 0 => if true { 1 } else { 2 } -1 => 3, _ => 4, } }",
		"pub fn main(x: u8) -> u8 { let mut y = 0u8; { y = 1u8; }; ;; y }",
		"pub fn main(a: [[u8; const { N + 1usize }]; 2]) -> u8 { a[1 + 1][0] }",
		"pub fn main(x: u8) -> u8 { match x { -5..=5 => 1, A { .. } => 2, A { a, b: (c, _), .. } => 3 } }",
	} {
		if _, errs := Parse(src); errs != nil {
			t.Errorf("%s\n%v", src, errs)
		}
	}
}

func TestParseRejects(t *testing.T) {
	for _, tt := range []struct{ src, at, kind string }{
		{"pub fn main(x: u8) { x }", "1:20", "Expected"},
		{"pub fn main(x: u8) -> u8 { { x } + 3u8 }", "1:34", "ExpectedExpr"},
		{"pub fn main(x: u8) -> u8 { let y = x y }", "1:38", "Expected"},
		{"pub fn main(x: u8) -> u8 { x", "1:29", "Expected"},
		{"use foo; pub fn main(x: u8) -> u8 { x }", "1:1", "InvalidTopLevelDef"},
		{"/* /* */", "1:1", "UnterminatedComment"},
		{"é /* é */ 256u8", "1:1", "UnexpectedCharacter"},
		{"\ufefffn", "1:1", "UnexpectedCharacter"},
		{"a\n// \ufffd\xe9 \x00\xff", "2:5", "UnexpectedCharacter"},
		{"é \x00 \x01 \x02", "1:3", "UnexpectedCharacter"},
	} {
		_, errs := Parse(tt.src)
		if len(errs) == 0 || errs[0].Pos.String() != tt.at || errs[0].Kind != tt.kind {
			t.Errorf("%s\ngot %v, want %s at %s", tt.src, errs, tt.kind, tt.at)
		}
	}
}

func TestParseRecovers(t *testing.T) {
	f, errs := Parse(`
const A: u8 = foo(1);
fn f(x: u8) -> u8 {
	let y = (1 + ;
	let z = match x { 0 => { 1 + } _ => 2 };
	x.0u8;
	x
}
struct S { a u8 }
pub fn main(x: u8) -> u8 { x }
`)
	var at []string
	for _, e := range errs {
		at = append(at, e.Pos.String())
	}
	want := []string{"2:15", "4:15", "5:31", "6:4", "9:14"}
	if len(at) != len(want) {
		t.Fatalf("errors %v", errs)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Errorf("error %d at %s, want %s: %v", i, at[i], want[i], errs[i])
		}
	}
	if len(f.Fns) != 2 {
		t.Errorf("%d functions survive, want 2", len(f.Fns))
	}
}
