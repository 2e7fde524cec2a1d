package cli

import "github.com/urfave/cli/v2"

// Party runs the program party. args begins with the program's name. It returns the exit code.
func Party(args []string, s Streams) int {
	return newParty(s).run(args)
}

func newParty(s Streams) *program {
	p := &program{streams: s}
	p.root = &cli.App{
		Name:  "party",
		Usage: "take part in a computation on private inputs",
		Description: "Join the session of a ticket (or of --node-id, --addrs, --token and --party), compute the program together with the other parties, " +
			"and print the result on stdout. Nobody learns anything else about anybody's input.",
		Flags:  joinFlags(),
		Action: p.action(0, 0, p.join),
	}
	p.root.Commands = []*cli.Command{
		p.localCommand(), p.evalCommand(), p.checkCommand(), p.compileCommand(), p.partyDoctorCommand(), p.keygenCommand(), p.idCommand(),
		p.completionCommand(), p.manCommand(), p.versionCommand(), p.helpCommand(),
	}
	return p
}
