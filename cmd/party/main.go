// Party takes part in a session: it computes a function of private inputs together with other parties and prints the result.
package main

import (
	"os"

	"github.com/tacit-mpc/tacit/internal/cli"
)

func main() { os.Exit(cli.Party(os.Args, cli.Standard())) }
