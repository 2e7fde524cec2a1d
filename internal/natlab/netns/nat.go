//go:build linux

package netns

import "fmt"

// A Kind is how a host reaches the internet. The behaviours, in the words of RFC 4787, are what Assert measures.
type Kind string

// The kinds. EIM, ADM, APDM: endpoint-independent, address-dependent, address- and port-dependent mapping; EIF, ADF, APDF the same of
// filtering.
const (
	Open        Kind = "open"        // public address
	Firewall    Kind = "fw"          // public address, stateful firewall: APDF
	Cone        Kind = "cone"        // EIM, EIF
	Addr        Kind = "addr"        // EIM, ADF
	Port        Kind = "port"        // EIM, APDF, source port not preserved
	Masq        Kind = "masq"        // EIM, APDF, source port preserved: the usual Linux router
	ADM         Kind = "adm"         // ADM, APDF
	Symmetric   Kind = "symm"        // APDM, APDF, random ports
	Sequential  Kind = "symseq"      // APDM, APDF, ports with a constant step
	Blocked     Kind = "blocked"     // no UDP leaves
	NoInputDrop Kind = "noinputdrop" // bare masquerade: EIM until hit from outside, then APDM
)

// behaviours are what Assert measures of the kinds.
var behaviours = map[Kind]Behaviour{
	Open:        {"none", "none"},
	Firewall:    {"none", "APDF"},
	Cone:        {"EIM", "EIF"},
	Addr:        {"EIM", "ADF"},
	Port:        {"EIM", "APDF"},
	Masq:        {"EIM", "APDF"},
	ADM:         {"ADM", "APDF"},
	Symmetric:   {"APDM", "APDF"},
	Sequential:  {"APDM", "APDF"},
	Blocked:     {"blocked", "blocked"},
	NoInputDrop: {"EIM", "APDF"}, // until somebody unknown writes to it
}

// Behaviour is what Assert measures of a host of the kind.
func (k Kind) Behaviour() Behaviour { return behaviours[k] }

// Kinds are the kinds of the matrix, in its order.
var Kinds = []Kind{Open, Firewall, Cone, Addr, Port, Masq, ADM, Symmetric, Sequential, Blocked}

// Matrix is what becomes of each pair of Kinds, rows and columns in their order: D is direct by plain punching, B direct by
// birthday punching or prediction, R a relay alone. The lower half is the upper one mirrored.
var Matrix = [...]string{
	"DDDDDDDDDR",
	" DDDDDBBBR",
	"  DDDDDDDR",
	"   DDDDDDR",
	"    DDBBBR",
	"     DBBBR",
	"      RRRR",
	"       RRR",
	"        RR",
	"         R",
}

const (
	masquerade = `oifname "wan" masquerade`
	inputDrop  = `table ip inp {
	chain input {
		type filter hook input priority 0;
		iifname "wan" ct state established,related accept
		iifname "wan" drop
	}
}
`
	stateful = `iifname "wan" ct state established,related accept
		iifname "wan" drop`
	hostFirewall = `table inet fw {
	chain input {
		type filter hook input priority 0;
		iif lo accept
		ct state established,related accept
		meta l4proto ipv6-icmp accept
		drop
	}
}
`
)

func natTable(post, pre string) string {
	return fmt.Sprintf(`table ip nat {
	chain post {
		type nat hook postrouting priority 100;
		%s
	}
	chain pre {
		type nat hook prerouting priority -100;
		%s
	}
}
`, post, pre)
}

func forward(sets, rules string) string {
	return fmt.Sprintf(`table ip passing {
	%s
	chain forward {
		type filter hook forward priority 0;
		%s
	}
}
`, sets, rules)
}

// rules are the nftables rules of a router of the kind, with the one host behind it and the router's wan address.
func rules(k Kind, host, wan string) string {
	dmz := fmt.Sprintf(`iifname "wan" meta l4proto udp dnat to %s`, host)
	snat := func(port string) string {
		return fmt.Sprintf("oifname \"wan\" meta l4proto udp snat to %s:%s\n\t\t%s", wan, port, masquerade)
	}
	switch k {
	case NoInputDrop:
		return natTable(masquerade, "")
	case Masq:
		return natTable(masquerade, "") + inputDrop + forward("", stateful)
	case Cone:
		return natTable(masquerade, dmz) + inputDrop
	case Addr:
		return natTable(masquerade, dmz) + inputDrop + forward(`set seen {
		type ipv4_addr . ipv4_addr
		flags dynamic,timeout
		timeout 120s
	}`, `oifname "wan" meta l4proto udp update @seen { ip saddr . ip daddr }
		iifname "wan" ct state established,related accept
		iifname "wan" meta l4proto udp ip daddr . ip saddr @seen accept
		iifname "wan" drop`)
	case Port:
		return natTable(snat("jhash ip saddr . udp sport mod 20000 seed 0x1 offset 40000"), "") + inputDrop + forward("", stateful)
	case ADM:
		return natTable(snat("jhash ip saddr . udp sport . ip daddr mod 20000 seed 0x1 offset 40000"), "") + inputDrop + forward("", stateful)
	case Symmetric:
		return natTable(masquerade+" fully-random", "") + inputDrop + forward("", stateful)
	case Sequential:
		return natTable(snat("numgen inc mod 20000 offset 40000"), "") + inputDrop + forward("", stateful)
	case Blocked:
		return natTable(masquerade, "") + inputDrop + forward("", "meta l4proto udp drop\n\t\t"+stateful)
	}
	panic("netns: no rules for NAT kind " + string(k))
}
