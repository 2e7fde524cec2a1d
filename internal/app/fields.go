package app

import (
	"encoding/hex"
	"strconv"

	"github.com/tacit-mpc/tacit/coord"
)

// The fields that the parties of a session compare through the coordinator, for a clear message where they differ. What
// protects them is the configuration digest of the protocol.
const (
	fieldProgram  = "program"
	fieldFunction = "function"
	fieldVersion  = "version"
	fieldCircuit  = "circuit"
	fieldGates    = "gates"
)

// protocolVersion changes with every change that parties of different builds would notice.
const protocolVersion = "ag1"

// fields are known before the roster is.
func (p *party) fields() []coord.Field {
	version := protocolVersion
	if p.cfg.version != "" {
		version = p.cfg.version
	}
	function := p.cfg.Source.Function
	if function == "" {
		function = "main"
	}
	return []coord.Field{
		{Name: fieldVersion, Value: version},
		{Name: fieldProgram, Value: p.cfg.Source.Hash()},
		{Name: fieldFunction, Value: function},
	}
}

// readyFields are known when the program is compiled with everybody's constants.
func (p *program) readyFields() []coord.Field {
	digest := p.circuit.Digest()
	return []coord.Field{
		{Name: fieldGates, Value: strconv.Itoa(p.circuit.NumGates())},
		{Name: fieldCircuit, Value: hex.EncodeToString(digest[:])},
	}
}
