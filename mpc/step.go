package mpc

// A step is a row number of the message table (protocol 22).
type step uint8

const (
	stepAbort step = 0 // transport only: a check failed somewhere
	stepHello step = 1
	stepAck   step = 2
	stepOT    step = 3
	stepPPRF  step = 4
	stepXT1   step = 5
	stepXT2e  step = 6
	stepXT2   step = 7
	stepXT3   step = 8
	stepXT4   step = 9
	stepXT5   step = 10
	stepDC1   step = 11
	stepDC2   step = 12
	stepDC3   step = 13
	stepIN1   step = 14
	stepIN2   step = 15
	stepIN3   step = 16
	stepIN4   step = 17
	stepLA1   step = 18
	stepLA2   step = 19
	stepLA3   step = 20
	stepLA4   step = 21
	stepLA5   step = 22
	stepLA6   step = 23
	stepLA7   step = 24
	stepLA8   step = 25
	stepBK1   step = 26
	stepOP1   step = 27
	stepGB1   step = 28
	stepEV1   step = 29
	stepOU1   step = 30
	stepOU2   step = 31
	numSteps  step = 32
	stepLeave step = 255 // transport only: the sender ends the run although no check failed
)

// The phases of a run, as AbortError, LostError and Progress name them.
const (
	phaseSetup   = "setup"
	phaseShares  = "shares"
	phaseInput   = "input"
	phaseTriples = "triples"
	phaseGarble  = "garble"
	phaseEval    = "eval"
	phaseOutput  = "output"
)

// A row describes one step. What it may be sent after is in needs (send conditions of protocol 22); its length is
// plan.length.
type row struct {
	name  string
	phase string
	echo  bool // exists only for n >= 3
	pre   bool // belongs to the interactive preprocessing, absent with a dealer
	needs []need
}

// A need is one send condition: something that must have happened before a step leaves this party.
type need struct {
	step  step
	when  when
	whom  whom
	level level
}

type (
	when  uint8
	whom  uint8
	level uint8
)

const (
	same   when = iota // in the batch of the step to be sent
	first              // in batch 0
	before             // in the preceding chunk, if there is one
	every              // in all chunks
)

const (
	all     whom = iota // every party that sends us the needed step
	theirs              // the party we are about to send to
	garbler             // as all, but only if we are a garbler
	eval                // as all, but only if we are the evaluator
)

const (
	received level = iota // the complete message
	verified              // and its checks passed
	sent                  // we sent it to everybody we send it to
)

// rows is the message table with its send conditions. A need for a step that does not exist in the run (n = 2, dealer) or
// that nobody sends us is void.
var rows = [numSteps]row{
	stepHello: {name: "S0.HELLO", phase: phaseSetup},
	stepAck:   {name: "S1.ACK", phase: phaseSetup, needs: []need{{stepHello, same, all, verified}}},
	stepOT:    {name: "S2.OT", phase: phaseSetup, pre: true, needs: []need{{stepAck, first, all, verified}}},
	stepPPRF:  {name: "S3.PPRF", phase: phaseSetup, pre: true, needs: []need{{stepOT, first, theirs, verified}}},

	stepXT1:  {name: "XT1", phase: phaseShares, pre: true, needs: []need{{stepOT, first, theirs, verified}}},
	stepXT2e: {name: "XT2e", phase: phaseShares, pre: true, echo: true, needs: []need{{stepXT1, same, all, received}}},
	stepXT2: {name: "XT2", phase: phaseShares, pre: true, needs: []need{
		{stepPPRF, first, theirs, verified}, {stepXT1, same, theirs, received}}},
	stepXT3: {name: "XT3", phase: phaseShares, pre: true, needs: []need{
		{stepXT2, same, theirs, received}, {stepXT1, same, all, received}, {stepXT2e, same, all, verified}}},
	stepXT4: {name: "XT4", phase: phaseShares, pre: true, echo: true, needs: []need{{stepXT3, same, all, verified}}},
	stepXT5: {name: "XT5", phase: phaseShares, pre: true, echo: true, needs: []need{{stepXT4, same, all, verified}}},
	stepDC1: {name: "DC1", phase: phaseShares, pre: true, echo: true, needs: []need{{stepXT5, first, all, verified}}},
	stepDC2: {name: "DC2", phase: phaseShares, pre: true, echo: true, needs: []need{{stepDC1, first, all, received}}},
	stepDC3: {name: "DC3", phase: phaseShares, pre: true, echo: true, needs: []need{{stepDC2, first, all, verified}}},

	stepIN1: {name: "IN1", phase: phaseInput, needs: []need{
		{stepAck, first, all, verified}, {stepXT3, first, all, verified}, {stepXT5, first, all, verified}, {stepDC3, first, all, verified}}},
	stepIN2: {name: "IN2", phase: phaseInput, needs: []need{
		{stepAck, first, all, verified}, {stepIN1, first, all, verified},
		{stepXT3, first, all, verified}, {stepXT5, first, all, verified}, {stepDC3, first, all, verified}}},
	stepIN3: {name: "IN3", phase: phaseInput, echo: true, needs: []need{{stepIN2, first, all, received}}},
	stepIN4: {name: "IN4", phase: phaseInput, needs: []need{{stepIN2, first, all, verified}, {stepIN3, first, all, verified}}},

	stepLA1: {name: "LA1", phase: phaseTriples, pre: true, needs: []need{
		{stepXT3, first, all, verified}, {stepXT5, first, all, verified}, {stepDC3, first, all, verified},
		{stepXT3, same, all, verified}, {stepXT5, same, all, verified}}},
	stepLA2: {name: "LA2", phase: phaseTriples, pre: true, needs: []need{{stepLA1, same, all, received}}},
	stepLA3: {name: "LA3", phase: phaseTriples, pre: true, echo: true, needs: []need{{stepLA2, same, all, received}}},
	stepLA4: {name: "LA4", phase: phaseTriples, pre: true, needs: []need{
		{stepLA2, same, all, received}, {stepLA3, same, all, verified}}},
	stepLA5: {name: "LA5", phase: phaseTriples, pre: true, needs: []need{{stepLA4, same, all, verified}}},
	stepLA6: {name: "LA6", phase: phaseTriples, pre: true, needs: []need{{stepLA5, same, all, verified}}},
	stepLA7: {name: "LA7", phase: phaseTriples, pre: true, echo: true, needs: []need{{stepLA6, same, all, received}}},
	stepLA8: {name: "LA8", phase: phaseTriples, pre: true, needs: []need{
		{stepLA6, same, all, received}, {stepLA7, same, all, verified}}},
	stepBK1: {name: "BK1", phase: phaseTriples, pre: true, needs: []need{{stepLA8, same, all, verified}}},

	stepOP1: {name: "OP1", phase: phaseGarble, needs: []need{{stepAck, first, all, verified}, {stepBK1, same, all, verified}}},
	stepGB1: {name: "GB1", phase: phaseGarble, needs: []need{{stepOP1, same, all, verified}}},
	stepEV1: {name: "EV1", phase: phaseEval, needs: []need{
		{stepGB1, same, all, received}, {stepIN4, first, all, received}, {stepIN3, first, all, verified}, {stepEV1, before, all, sent}}},
	stepOU1: {name: "OU1", phase: phaseOutput, needs: []need{
		{stepIN2, first, all, verified}, {stepIN3, first, all, verified}, {stepEV1, every, all, verified}}},
	stepOU2: {name: "OU2", phase: phaseOutput, needs: []need{
		{stepIN2, first, all, verified}, {stepIN3, first, all, verified}, {stepEV1, every, garbler, verified}, {stepOU1, first, eval, verified}}},
}

func (st step) String() string {
	if st < numSteps && rows[st].name != "" {
		return rows[st].name
	}
	switch st {
	case stepAbort:
		return "abort"
	case stepLeave:
		return "leave"
	}
	return "unknown step"
}

func (st step) phase() string {
	if st < numSteps {
		return rows[st].phase
	}
	return ""
}
