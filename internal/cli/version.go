package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

const modulePath = "github.com/tacit-mpc/tacit"

// build is what the binary knows about its own making.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildInfo() build {
	b := build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Path == modulePath && info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print the version",
		Flags: []cli.Flag{jsonFlag()},
		Action: p.action(0, 0, func(c *call) error {
			b := buildInfo()
			if c.Bool("json") {
				return unwritten(writeJSON(p.streams.Out, b))
			}
			fmt.Fprintf(p.streams.Out, "%s %s", p.root.Name, b.Version)
			if b.Revision != "" {
				fmt.Fprintf(p.streams.Out, " %s", b.Revision)
			}
			if b.Modified {
				fmt.Fprint(p.streams.Out, " modified")
			}
			fmt.Fprintf(p.streams.Out, " %s %s\n", b.Go, b.Platform)
			return nil
		}),
	}
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print one JSON object on stdout, on success and on failure", Category: catOutput}
}
