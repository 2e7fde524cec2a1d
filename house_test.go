package tacit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tacit-mpc/tacit/"

// floors says which first-party packages each package may import (tests of a package may import more). A new package
// starts here, on its floor.
var floors = map[string][]string{
	"": nil,

	// Floor 0.
	"internal/block":    nil,
	"internal/pktinfo":  nil,
	"internal/throttle": nil,
	"circuit":           nil,
	"channel":           nil,
	"identity":          nil,
	"natpunch":          nil,

	// Floor 1: the crypto tower on the left, the network tower on the right.
	"garble":                 {"circuit", "garble/internal/syntax", "garble/internal/check", "garble/internal/lower", "garble/internal/joins"},
	"garble/internal/syntax": nil,
	"garble/internal/check":  {"garble/internal/syntax"},
	"garble/internal/joins":  {"garble/internal/check"},
	"garble/internal/gadget": {"circuit"},
	"garble/internal/lower":  {"circuit", "garble/internal/syntax", "garble/internal/check", "garble/internal/gadget"},
	"garble/internal/interp": {"garble/internal/syntax", "garble/internal/check"}, // the oracle shares nothing with lower
	"ot":                     {"internal/block"},
	"coord":                  {"identity"},
	"relay":                  {"internal/pktinfo", "internal/throttle"},

	// Floor 2, and the bridge.
	"mpc":                 {"circuit", "channel", "ot", "internal/block"},
	"internal/pathconn":   nil,
	"internal/stunconn":   {"natpunch", "internal/pktinfo", "internal/throttle"},
	"channel/mesh":        {"channel", "identity", "internal/pathconn", "natpunch", "relay"},
	"channel/memory":      {"channel"},
	"channel/channeltest": {"channel"},

	// Floors 3 and 4.
	"internal/doctor":  {"channel/mesh", "coord", "identity", "natpunch", "relay"},
	"internal/app":     {"channel", "channel/memory", "channel/mesh", "circuit", "coord", "garble", "identity", "internal/doctor", "internal/stunconn", "mpc", "natpunch", "relay"},
	"internal/cli":     {"channel", "channel/mesh", "circuit", "coord", "garble", "identity", "internal/app", "internal/doctor", "mpc"},
	"cmd/party":        {"internal/cli"},
	"cmd/preprocessor": {"internal/cli"},
	"examples":         nil,

	// Test equipment.
	"internal/natlab/netns": nil,
	"internal/natlab/e2e":   nil, // tests only: the real programs between network namespaces
}

// external says which modules outside the standard library a package may import. What is not listed imports none.
var external = map[string][]string{
	"internal/block":         {"golang.org/x/sys", "golang.org/x/crypto"},
	"ot":                     {"github.com/gtank/ristretto255", "golang.org/x/crypto", "golang.org/x/sync"},
	"mpc":                    {"golang.org/x/crypto", "golang.org/x/sync"},
	"channel":                {"golang.org/x/sync"},
	"channel/channeltest":    {"golang.org/x/sync"},
	"coord":                  {"github.com/quic-go/quic-go", "golang.org/x/crypto/cryptobyte", "golang.org/x/net", "golang.org/x/sync", "golang.org/x/time"},
	"relay":                  {"github.com/pion/turn/v4", "github.com/pion/stun/v3", "github.com/pion/transport/v4", "github.com/pion/logging", "golang.org/x/sync", "golang.org/x/time"},
	"natpunch":               {"github.com/pion/stun/v3", "github.com/huin/goupnp", "github.com/jackpal/go-nat-pmp", "github.com/libp2p/go-netroute"},
	"internal/pathconn":      {"golang.org/x/net", "golang.org/x/sys"},
	"internal/pktinfo":       {"golang.org/x/net"},
	"internal/stunconn":      {"golang.org/x/net"},
	"channel/mesh":           {"github.com/quic-go/quic-go", "golang.org/x/crypto/cryptobyte", "golang.org/x/net", "golang.org/x/sync"},
	"internal/app":           {"github.com/quic-go/quic-go", "golang.org/x/sync"},
	"internal/cli":           {"github.com/urfave/cli/v2", "rsc.io/qr", "golang.org/x/term", "golang.org/x/sync"},
	"garble/internal/syntax": nil,
	"internal/natlab/netns":  {"golang.org/x/sys"},
}

// source is one package folder: its path below the module, its imports by non-test files, its package comment.
type source struct {
	path    string
	imports []string
	doc     string
	files   int
}

func sources(t *testing.T) []source {
	t.Helper()
	byDir := map[string]*source{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir == "." {
			dir = ""
		}
		s := byDir[dir]
		if s == nil {
			s = &source{path: dir}
			byDir[dir] = s
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.ImportsOnly)
		if err != nil {
			return err
		}
		s.files++
		s.doc += docOf(file)
		for _, spec := range file.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []source
	for _, s := range byDir {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b source) int { return strings.Compare(a.path, b.path) })
	return all
}

func docOf(f *ast.File) string {
	if f.Doc == nil {
		return ""
	}
	return f.Doc.Text()
}

func TestFloors(t *testing.T) {
	for _, s := range sources(t) {
		allowed, known := floors[s.path]
		if !known {
			t.Errorf("package %q has no floor: add it to the table", s.path)
			continue
		}
		for _, imp := range s.imports {
			if own, ok := strings.CutPrefix(imp, module); ok {
				if !slices.Contains(allowed, own) {
					t.Errorf("%s imports %s: not on its floor", s.path, own)
				}
				continue
			}
			host, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(host, ".") {
				continue // standard library
			}
			if !slices.ContainsFunc(external[s.path], func(m string) bool { return imp == m || strings.HasPrefix(imp, m+"/") }) {
				t.Errorf("%s imports %s: not allowed outside its floor", s.path, imp)
			}
		}
	}
}

func TestEveryPackageHasADoc(t *testing.T) {
	for _, s := range sources(t) {
		if s.files > 0 && s.doc == "" {
			t.Errorf("package %q has no package comment", s.path)
		}
	}
}

// TestNobodyPrintsBelowTheTerminal holds the rule that only internal/cli and cmd know flags, the environment and exits.
func TestNobodyPrintsBelowTheTerminal(t *testing.T) {
	banned := []string{"fmt.Print", "os.Exit(", "os.Getenv(", "os.Args", "log.Print", "log.Fatal", "os.Stdout", "os.Stderr", "flag."}
	for _, s := range sources(t) {
		if strings.HasPrefix(s.path, "cmd/") || s.path == "internal/cli" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(s.path, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(string(text), "\n") {
				line, _, _ = strings.Cut(line, "//")
				for _, b := range banned {
					if strings.Contains(" "+line, " "+b) || strings.Contains(line, "("+b) || strings.Contains(line, "\t"+b) {
						t.Errorf("%s uses %s: %s", name, b, strings.TrimSpace(line))
					}
				}
			}
		}
	}
}
