package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

// outputFlags are the flags of commands that take time.
func outputFlags() []cli.Flag {
	return []cli.Flag{
		jsonFlag(),
		&cli.StringFlag{Name: "events", Usage: "write what happens to `FILE`, one JSON object a line (- is stderr)", Category: catOutput},
		&cli.BoolFlag{Name: "quiet", Usage: "on stderr only errors, and who takes part before any input is used", Category: catOutput},
		&cli.BoolFlag{Name: "verbose", Usage: "more on stderr", Category: catOutput},
	}
}

// output is where a running command tells what happens: the events file and stderr.
type output struct {
	log    *eventLog
	screen *screen
	story  *story
	quiet  bool
}

func (c *call) openOutput() (*output, error) {
	if c.Bool("quiet") && c.Bool("verbose") {
		return nil, usagef("choose one of them")("--quiet and --verbose contradict each other")
	}
	log, err := openEventLog(c.String("events"), c.streams.Err)
	if err != nil {
		return nil, err
	}
	screen := newScreen(c.streams.Err, c.App.Name)
	story := &story{screen: screen, verbose: c.Bool("verbose"), hosts: c.App.Name == "pre"}
	return &output{log: log, screen: screen, story: story, quiet: c.Bool("quiet")}, nil
}

// event is the events function of a use case.
func (o *output) event(e app.Event) {
	o.log.write(e.Type(), e)
	if _, ok := e.(app.Roster); ok || !o.quiet {
		o.story.tell(e)
	}
}

// finish ends the output. If err is not nil it is the last event.
func (o *output) finish(err error) error {
	o.screen.Close()
	if err != nil {
		f, _ := describe(err)
		o.log.write("failed", f)
	}
	_ = o.log.Close() // nothing depends on it
	return err
}
