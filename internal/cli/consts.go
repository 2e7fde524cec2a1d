package cli

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

func constFlag(usage string) cli.Flag {
	return &cli.StringSliceFlag{Name: "const", Usage: usage, Category: catCompute}
}

func allConstsFlag() cli.Flag {
	return constFlag("`PARTY_0::NAME=LITERAL`: a constant that a party supplies")
}

// consts reads --const. A name without a party is of our own seat, where there is one.
func (c *call) consts(ownSeat bool) ([]app.Const, error) {
	example := "--const PARTY_1::NAME=LITERAL"
	if ownSeat {
		example = "--const NAME=LITERAL"
	}
	bad := usagef("as in: %s", example)
	var list []app.Const
	for _, text := range c.StringSlice("const") {
		name, literal, ok := strings.Cut(text, "=")
		party, short, qualified := strings.Cut(name, "::")
		switch {
		case !ok || literal == "":
			return nil, bad("--const %s has no value", quote(name))
		case qualified && ownSeat:
			return nil, bad("--const %s names a party: a party supplies its own constants", quote(name))
		case !qualified && !ownSeat:
			return nil, bad("--const %s does not name a party", quote(name))
		case qualified:
			name = short
		}
		if !qualified {
			party = ""
		}
		for _, other := range list {
			if other.Party == party && other.Name == name {
				return nil, bad("--const %s stands twice", quote(name))
			}
		}
		list = append(list, app.Const{Party: party, Name: name, Literal: literal})
	}
	return list, nil
}
