// Preprocessor is the program pre: it hosts a session that parties meet at.
package main

import (
	"os"

	"github.com/tacit-mpc/tacit/internal/cli"
)

func main() { os.Exit(cli.Pre(os.Args, cli.Standard())) }
