//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// halfDeadFaults happen to pairs that a relay carries: it lives, answers and relays a part of what it should. A second one is known.
var halfDeadFaults = []fault{
	{name: "relay drops channel data", kinds: both(netns.Symmetric), aim: 3 * time.Second, want: "relay", turn: true,
		do: func(f *field) {
			f.half("udp dport 4434 @th,64,2 1 counter drop", "udp sport 4434 @th,64,2 1 counter drop")
		}},
	{name: "relay hears no peers", kinds: both(netns.Symmetric), aim: 3 * time.Second, want: "relay", turn: true,
		do: func(f *field) { f.half("udp dport >= 32768 counter drop", "") }},
	{name: "relay does not send to peers", kinds: both(netns.Symmetric), aim: 3 * time.Second, want: "relay", turn: true,
		do: func(f *field) { f.half("", "udp sport >= 32768 counter drop") }},
}

// half drops a part of what reaches and of what leaves the relay inside pre, but for what it sends to itself.
func (f *field) half(in, out string) {
	const chain = "\tchain %[1]s {\n\t\ttype filter hook %[1]s priority 0;\n\t\t%[2]s lo accept\n\t\tip %[3]s != %[4]s accept\n\t\t%[5]s\n\t}\n"
	at := netns.ServerAddrs[0]
	f.lab.Server.NFT("table inet half {\n" + fmt.Sprintf(chain, "input", "iif", "daddr", at, in) + fmt.Sprintf(chain, "output", "oif", "saddr", at, out) + "}\n")
	f.t.Cleanup(func() {
		if rules := f.lab.Server.Run("nft", "list", "table", "inet", "half"); strings.Contains(rules, "packets 0 ") {
			f.t.Errorf("nothing was dropped: %s", rules)
		}
	})
}
