package cli

import "github.com/urfave/cli/v2"

// Pre runs the program pre. args begins with the program's name. It returns the exit code.
func Pre(args []string, s Streams) int {
	return newPre(s).run(args)
}

func newPre(s Streams) *program {
	p := &program{streams: s}
	p.root = &cli.App{
		Name:  "pre",
		Usage: "host a session: the coordinator that parties meet at",
		Description: "Open a session on a machine that all parties can reach, print what each party needs, and wait until the session ends. " +
			"The coordinator sees addresses, keys and the program's hash; never inputs, results, or what parties send each other.",
		Flags:  hostFlags(),
		Action: p.action(0, 0, p.host),
	}
	p.root.Commands = []*cli.Command{p.preDoctorCommand(), p.completionCommand(), p.manCommand(), p.versionCommand(), p.helpCommand()}
	return p
}
