package garble

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestErrorsGolden compares the rendered errors of testdata/errors/*.gb with the .txt beside them.
func TestErrorsGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.gb")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Check(filepath.Base(file), string(src))
		if err == nil {
			_, err = c.Compile("", nil)
		}
		if err == nil {
			t.Errorf("%s compiles", file)
			continue
		}
		got := Render(string(src), err)
		golden := strings.TrimSuffix(file, ".gb") + ".txt"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: the errors changed; run with -update and review\n%s", file, got)
		}
	}
}

// TestRenderHostile: nothing of a source, its name or a constant reaches the terminal that would control it.
func TestRenderHostile(t *testing.T) {
	const esc = "\x1b[2J\u202e\u009b\r"
	scanned := "/* " + esc + " */ pub fn main(x: u8) -> u8 { x + " + esc + " }"
	_, scan := Check("a"+esc+".gb", scanned)
	compiled := "/* " + esc + " */ const N: usize = PARTY_0::N; pub fn main(x: [u8; N], y: u8) -> u8 { y }"
	c, err := Check("b"+esc+".gb", compiled)
	if err != nil {
		t.Fatal(err)
	}
	_, constant := c.Compile("", Consts{"PARTY_0": {"N": "1" + esc}})
	for src, err := range map[string]error{scanned: scan, compiled: constant} {
		got := Render(src, err)
		if strings.ContainsAny(got, "\x1b\u202e\u009b\r") || !strings.Contains(got, "error: ") || !strings.Contains(got, "^") {
			t.Errorf("%q is rendered as %q", err, got)
		}
	}
}
