package cli

import (
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
	"github.com/tacit-mpc/tacit/internal/doctor"
)

var update = flag.Bool("update", false, "rewrite docs/cli.md from the code")

const referenceFile = "../../docs/cli.md"

// TestReference holds docs/cli.md to the code: run with -update after a change.
func TestReference(t *testing.T) {
	want := reference()
	got, err := os.ReadFile(referenceFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if string(got) == want {
		return
	}
	if *update {
		if err := os.WriteFile(referenceFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("docs/cli.md does not say what the programs do; run: go test ./internal/cli -run TestReference -update")
}

// reference writes docs/cli.md.
func reference() string {
	var b strings.Builder
	fmt.Fprint(&b, "# The programs `pre` and `party`\n\nMade from the code by `go test ./internal/cli -run TestReference -update`; a test holds it to the code.\n\n"+
		"Every flag but `--input` has an environment variable: `--some-name` is `TACIT_SOME_NAME`; a repeated flag takes one value a line there. "+
		"A flag on the command line wins. Flags stand before arguments; `--` may stand before the program or before the inputs. "+
		"stdout is the answer, stderr is everything else.\n")
	for _, p := range []*program{newPre(Streams{Out: io.Discard}), newParty(Streams{Out: io.Discard})} {
		referenceOf(&b, p)
	}
	fmt.Fprint(&b, "\n## JSON\n\nWith `--json` stdout holds one object on one line (`pre --serve`: one for each session). Fields are only ever added.\n\n| command | fields |\n|---|---|\n")
	for _, o := range []struct {
		command string
		object  any
	}{
		{"`pre`", invitation{}}, {"`party`, `party local`", answer{}}, {"an element of `paths`", app.Path{}}, {"an element of its `tried`", app.Tried{}}, {"`seconds`", app.Seconds{}},
		{"`party eval`", evaluated{}}, {"`party check`", checked{}}, {"an element of its `inputs`", inputType{}},
		{"`party doctor`, `pre doctor`", doctor.Report{}}, {"an element of its `checks`", doctor.Result{}}, {"an element of its `candidates`", doctor.Address{}},
		{"`party compile`", compiled{}}, {"`party keygen`, `party id`", publicKey{}}, {"`version`", build{}}, {"any that failed: `error`", failure{}},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", o.command, jsonFields(reflect.TypeOf(o.object)))
	}
	fmt.Fprint(&b, "\n`result` is the text printed without `--json`, or null for a party that does not learn it; `bits` the value's bits in the order of the circuit, "+
		"without the panic record. `party local` has no session and no paths, and adds up what all parties send.\n")
	fmt.Fprint(&b, "\n## Exit codes and failure ids\n\nWith `--json` a failure is `{\"error\":{\"code\":6,\"id\":\"party-lost\",\"message\":\"...\",\"hint\":\"...\"}}` on stdout; "+
		"a program or input error adds `phase` (`scan`, `parse`, `type`, `compile`, `literal`), `line` and `column` (from 1); a program that panicked adds `panic` "+
		"(`Overflow`, `DivByZero`, `OutOfBounds`), `line` and `column`.\n\n| code | when | ids |\n|---|---|---|\n")
	for _, e := range exitTexts() {
		var ids []string
		for _, r := range app.Reasons() {
			if exitCode(r) == e.code {
				ids = append(ids, "`"+string(r)+"`")
			}
		}
		fmt.Fprintf(&b, "| %d | %s | %s |\n", e.code, e.when, strings.Join(ids, " "))
	}
	fmt.Fprint(&b, "\n## Events\n\n`--events FILE` writes one JSON object a line: `v` (1), `time`, `type`, then the fields of the type. Fields are only ever added. "+
		"No event holds an input, a result or a secret.\n\n| type | when | fields |\n|---|---|---|\n")
	for _, e := range allEvents() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.event.Type(), e.when, jsonFields(reflect.TypeOf(e.event)))
	}
	fmt.Fprintf(&b, "| `failed` | the command failed; the last event | %s |\n", jsonFields(reflect.TypeFor[failure]()))
	return b.String()
}

func referenceOf(b *strings.Builder, p *program) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n\n%s\n\n", p.root.Name, p.root.Usage, p.root.Description)
	flagTable(b, p.root.Flags)
	for _, c := range p.root.Commands {
		fmt.Fprintf(b, "\n### %s\n\n%s.\n", strings.TrimSpace(p.root.Name+" "+c.Name+" "+c.ArgsUsage), c.Usage)
		if c.Description != "" {
			fmt.Fprintf(b, "\n%s\n", c.Description)
		}
		if len(c.Flags) > 0 {
			fmt.Fprintln(b)
			flagTable(b, c.Flags)
		}
	}
}

func flagTable(b *strings.Builder, flags []cli.Flag) {
	fmt.Fprint(b, "| flag | meaning |\n|---|---|\n")
	for _, d := range docsOf(flags) {
		fmt.Fprintf(b, "| `%s` | %s |\n", d.left(), strings.ReplaceAll(d.right(), "|", `\|`))
	}
}

type eventDoc struct {
	event app.Event
	when  string
}

func allEvents() []eventDoc {
	return []eventDoc{
		{app.Listening{}, "`pre`: a session is open"},
		{app.Joining{}, "`party` looks for the coordinator"},
		{app.Warning{}, "something is less than it should be, and works"},
		{app.Seated{}, "our seat is ours"},
		{app.Waiting{}, "nothing happens until these parties come"},
		{app.PartyState{}, "a party is `empty`, `joined`, `connecting`, `running`, `done`, `failed` or `lost` (the coordinator's word), `unreached`, `quiet` or `heard` (ours)"},
		{app.CoordinatorState{}, "contact to the coordinator is `lost`, or `joined` again"},
		{app.Roster{}, "all seats are taken and everything agreed; before any input is used"},
		{app.Path{}, "how a party is reached"},
		{app.Phase{}, "`connect`, `preprocess`, `garble` or `evaluate` begins; with large circuits the last three take turns, and each begins once here"},
		{app.Progress{}, "AND gates done"},
		{app.Cost{}, "what the computation took"},
		{app.Ended{}, "`pre`: the session is over; without `reason` it ended well"},
	}
}

func jsonFields(t reflect.Type) string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, "`"+name+"`")
	}
	return strings.Join(names, " ")
}

// TestEveryReasonHasItsCode: no reason but a bug exits 1, and the ids differ.
func TestEveryReasonHasItsCode(t *testing.T) {
	seen := map[app.Reason]bool{}
	for _, r := range app.Reasons() {
		if seen[r] {
			t.Errorf("the id %s stands twice", r)
		}
		seen[r] = true
		if (exitCode(r) == exitBug) != (r == app.Bug) {
			t.Errorf("%s has exit code %d", r, exitCode(r))
		}
	}
}
