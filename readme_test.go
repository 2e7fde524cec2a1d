package tacit_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A transcript is one console block of a document: commands and what each prints on standard output, where it is shown.
type transcript []command

type command struct {
	line string
	want string // empty: not shown, not compared
}

// consoleBlocks returns the transcripts of a Markdown text.
func consoleBlocks(text string) (blocks []transcript) {
	var open bool
	for _, line := range strings.Split(text, "\n") {
		switch {
		case line == "```console":
			open, blocks = true, append(blocks, nil)
		case line == "```":
			open = false
		case open:
			b := &blocks[len(blocks)-1]
			if cmd, ok := strings.CutPrefix(line, "$ "); ok {
				*b = append(*b, command{line: cmd})
			} else if n := len(*b); n > 0 {
				(*b)[n-1].want += line + "\n"
			}
		}
	}
	return blocks
}

// readmeInputs are the inputs of the parties that a transcript does not show.
var readmeInputs = []string{"123u32", "456u32", "789u32"}

// TestREADME runs every command line of the README, with the real programs, as it stands there. What CI runs by itself
// (make) is left to it.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for name, pkg := range map[string]string{"pre": "./cmd/preprocessor", "party": "./cmd/party"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, name), pkg).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v: %s", name, err, out)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	blocks := consoleBlocks(string(text))
	if len(blocks) == 0 {
		t.Fatal("no console blocks in the README")
	}
	for i, b := range blocks {
		t.Run(fmt.Sprint("block ", i+1), func(t *testing.T) { runTranscript(ctx, t, bin, b) })
	}
}

func runTranscript(ctx context.Context, t *testing.T, bin string, b transcript) {
	var tickets []string
	for _, c := range b {
		fields := strings.Fields(c.line)
		switch {
		case fields[0] == "make":
		case fields[0] == "pre":
			tickets = startPre(ctx, t, filepath.Join(bin, "pre"), fields[1:])
		case strings.Contains(c.line, "tacit1..."):
			runParties(ctx, t, filepath.Join(bin, "party"), fields[1:], tickets, c.want)
		default:
			cmd := exec.CommandContext(ctx, filepath.Join(bin, fields[0]), fields[1:]...)
			out, err := output(cmd)
			if err != nil {
				t.Fatalf("$ %s\n%v", c.line, err)
			}
			if c.want != "" && out != c.want {
				t.Errorf("$ %s\nprinted %q, the README says %q", c.line, out, c.want)
			}
		}
	}
}

// startPre runs pre as the README does, but on a free port of this machine, and returns its tickets.
func startPre(ctx context.Context, t *testing.T, pre string, args []string) (tickets []string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, pre, append(args, "--listen=127.0.0.1:0", "--relay=false")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if s, ok := strings.CutPrefix(lines.Text(), "ticket "); ok {
			_, ticket, _ := strings.Cut(s, ": ")
			tickets = append(tickets, ticket)
		}
		if strings.HasPrefix(lines.Text(), "join: ") {
			break
		}
	}
	t.Cleanup(func() {
		if err := cmd.Wait(); err != nil {
			t.Errorf("pre: %v: %s", err, stderr.String())
		}
	})
	return tickets
}

// runParties runs the line once for every ticket, each with its own input.
func runParties(ctx context.Context, t *testing.T, party string, args, tickets []string, want string) {
	t.Helper()
	if len(tickets) != len(readmeInputs) {
		t.Fatalf("pre printed %d tickets, want %d", len(tickets), len(readmeInputs))
	}
	type result struct {
		out string
		err error
	}
	results := make(chan result)
	for i, ticket := range tickets {
		line := strings.NewReplacer("tacit1...", ticket, readmeInputs[0], readmeInputs[i]).Replace(strings.Join(args, " "))
		go func() {
			out, err := output(exec.CommandContext(ctx, party, strings.Fields(line)...))
			results <- result{out, err}
		}()
	}
	for range tickets {
		if r := <-results; r.err != nil {
			t.Error(r.err)
		} else if r.out != want {
			t.Errorf("a party printed %q, the README says %q", r.out, want)
		}
	}
}

// output runs a command and returns its standard output; the error has what it said on standard error.
func output(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, stderr.String())
	}
	return stdout.String(), nil
}
